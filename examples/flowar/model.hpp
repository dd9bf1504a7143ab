// SPDX-License-Identifier: Apache-2.0
//
// FlowAR as ardent::generate_batched sees it: a batch of labelled images, whose AR steps are the scales.
#pragma once

#include <ardent/generate_batched.hpp>
#include <ardent/network_shape.hpp>
#include <ardent/prediction.hpp>

#include <cstddef>
#include <vector>

#include "network.hpp"
#include "sequence.hpp"

namespace examples::flowar {

/// @brief A batch of images of a FlowAR network. Models ardent::batched_ar_model; goes with an ordering::next_scale of
/// the network's sides.
class model {
 public:
  static constexpr ardent::prediction predicted = ardent::prediction::velocity;  ///< of the flow from data to noise

  /// @param of        outlives the model; shared by all models of a checkpoint
  /// @param labels    one for each image of a batch, a row of the class table
  /// @param branches  1, or 2 with guidance
  /// @param workers   threads of the executor
  /// @param level     instructions to use, which the CPU must have
  /// @throws std::invalid_argument if a label is out of range or branches neither 1 nor 2
  model(flowar::network const& of, std::vector<int> const& labels, int branches, int workers,
        ardent::simd_level level = ardent::host_level());
  model(model const&) = delete;  // sequences refer to its rotations
  model& operator=(model const&) = delete;

  [[nodiscard]] int images() const noexcept { return images_; }                        ///< of a batch
  [[nodiscard]] int sequence_length() const { return of_.sizes().seq_len(); }          ///< tokens of an image
  [[nodiscard]] int condition_width() const { return of_.sizes().decoder_embed_dim; }  ///< numbers of a condition
  /// @brief Tokens in, velocities out.
  [[nodiscard]] ardent::network_shape<> network() const {
    return {of_.sizes().vae_embed_dim, of_.sizes().vae_embed_dim};
  }

  /// @brief Conditions a scale, each image and branch by itself; these run in parallel.
  /// @throws std::invalid_argument if the view is of another batch or ordering
  template <class Executor>
  void condition(Executor const& executor, ardent::ar_step_view const& view) {
    check(view);
    std::ptrdiff_t const before = view.ar_step == 0 ? 0 : of_.sizes().first(view.ar_step - 1);
    executor.parallel_for(view.branches * images_, [&](int i, int worker) {
      std::ptrdiff_t const token = static_cast<std::ptrdiff_t>(i % images_) * view.sequence_length + before;
      sequences_[static_cast<std::size_t>(i)].condition(view.ar_step, view.tokens + token * view.channels,
                                                        work_[static_cast<std::size_t>(worker)]);
    });
  }

  /// @brief Velocities of the tokens of a scale, each image and branch by itself.
  template <class Executor>
  void evaluate(Executor const& executor, ardent::ar_step_view const& view, ardent::time_point const& time,
                float const* input, float* output) {
    flow_time const now = embed(time.timestep);
    std::ptrdiff_t const numbers = static_cast<std::ptrdiff_t>(view.tokens_per_image) * view.channels;
    executor.parallel_for(view.branches * images_, [&](int i, int worker) {
      sequences_[static_cast<std::size_t>(i)].velocity(now, input + i % images_ * numbers, output + i * numbers,
                                                       work_[static_cast<std::size_t>(worker)]);
    });
  }

  /// @brief The conditions of the last scale: [tokens of the scale][condition_width] of image and branch i, which
  /// counts images of the conditional branch, then of the other.
  [[nodiscard]] float const* conditions(int i) const { return sequences_[static_cast<std::size_t>(i)].conditions(); }

 private:
  void check(ardent::ar_step_view const& view) const;
  flow_time embed(float time);

  flowar::network const& of_;
  int images_;
  rotations turns_;
  std::vector<scratch> work_;  // of each worker
  std::vector<sequence> sequences_;
  aligned_floats time_, time_scratch_, time_modulations_;
};

}  // namespace examples::flowar
