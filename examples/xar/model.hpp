// SPDX-License-Identifier: Apache-2.0
//
// xAR as ardent::generate_batched sees it: a batch of labelled images, whose cells are drawn one after the other.
#pragma once

#include <ardent/model.hpp>
#include <ardent/network_shape.hpp>
#include <ardent/ordering/next_cell.hpp>
#include <ardent/prediction.hpp>

#include <algorithm>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "network.hpp"
#include "network_memory.hpp"

namespace examples::xar {

/// @brief A batch of images of an xAR network. Models ardent::batched_ar_model, with ordering().
///
/// The published code gives a cell's first call the clean cell before it as well, under a mask by which clean tokens do
/// not see noisy ones. So the clean cell goes alone, in condition(), and its keys and values are kept; every call for
/// the noisy cell is then alike.
class model {
 public:
  static constexpr ardent::prediction predicted = ardent::prediction::velocity;  ///< what evaluate() writes

  /// @param network  outlives the model; shared by all models of a checkpoint
  /// @param labels   one for each image of a batch: a row of the class table
  /// @param workers  threads of the executor
  /// @throws input_error if a label is out of range
  model(xar::network const& network, std::vector<int> labels, int workers)
      : network_(network), labels_(std::move(labels)) {
    for (int const label : labels_) network_.check_label(label);
    for (int i = 0; i < workers; ++i) work_.emplace_back(network);
    for (int i = 0; i < 2 * images(); ++i) kept_.emplace_back(network);
    clean_.resize(static_cast<std::size_t>(workers) * static_cast<std::size_t>(cell_floats()));
  }

  /// @brief Images of a batch.
  [[nodiscard]] int images() const { return static_cast<int>(labels_.size()); }
  /// @brief Tokens of an image.
  [[nodiscard]] int sequence_length() const { return sizes().seq_len(); }
  /// @brief What evaluate() reads, once for both branches, and writes.
  [[nodiscard]] ardent::network_shape<> network() const {
    return {sizes().token_channels(), sizes().token_channels(), 1};
  }
  /// @brief The order in which the network draws tokens; samplers must have it.
  [[nodiscard]] ardent::ordering::next_cell<ardent::dynamic, ardent::dynamic, ardent::dynamic, ardent::dynamic>
  ordering() const {
    return {sizes().side(), sizes().side(), sizes().cell_height, sizes().cell_width};
  }

  /// @brief Lets the network see the cell that was drawn last. One image and branch a call, so that an image does not
  /// depend on its batch; the calls run in parallel.
  /// @throws std::invalid_argument if the positions drawn now are not those of the next cell, or the batch has another
  ///   number of images than there are labels
  template <class Executor>
  void condition(Executor const& executor, ardent::ar_step_view const& view) {
    check(view);
    auto const cells = ordering();
    int const tokens = sizes().cell_tokens(), channels = view.channels, before = view.ar_step - 1;
    executor.parallel_for(view.branches * view.images, [&](int i, int worker) {
      xar::network::cache& kept = kept_[static_cast<std::size_t>(i)];
      if (view.ar_step == 0) return kept.clear();
      float* const clean = clean_.data() + static_cast<std::ptrdiff_t>(worker) * cell_floats();
      float const* const image =
          view.tokens + static_cast<std::ptrdiff_t>(i % view.images) * view.sequence_length * channels;
      for (int j = 0; j < tokens; ++j)
        std::copy_n(image + static_cast<std::ptrdiff_t>(cells.position(before * tokens + j)) * channels, channels,
                    clean + static_cast<std::ptrdiff_t>(j) * channels);
      network_.enter(label(view, i), clean, kept, work_[static_cast<std::size_t>(worker)]);
    });
  }

  /// @brief The velocities of the cell drawn now.
  /// @param time    the flow's t in time.timestep; the network is told its thousandths, rounded down in float as
  ///                published
  /// @param input   [images][tokens_per_image][channels]
  /// @param output  [branches][images][tokens_per_image][channels], written
  template <class Executor>
  void evaluate(Executor const& executor, ardent::ar_step_view const& view, ardent::time_point const& time,
                float const* input, float* output) {
    int const timestep = static_cast<int>(time.timestep * 1000.0F);
    executor.parallel_for(view.branches * view.images, [&](int i, int worker) {
      network_.velocity(label(view, i), timestep, input + static_cast<std::ptrdiff_t>(i % view.images) * cell_floats(),
                        kept_[static_cast<std::size_t>(i)], output + static_cast<std::ptrdiff_t>(i) * cell_floats(),
                        work_[static_cast<std::size_t>(worker)]);
    });
  }

 private:
  [[nodiscard]] config const& sizes() const { return network_.sizes(); }
  [[nodiscard]] int cell_floats() const { return sizes().cell_tokens() * sizes().token_channels(); }
  [[nodiscard]] int label(ardent::ar_step_view const& view, int sequence) const {
    return sequence < view.images ? labels_[static_cast<std::size_t>(sequence)] : sizes().uncond_label;
  }

  void check(ardent::ar_step_view const& view) const {
    auto const refuse = [](std::string const& expected, std::string const& found) {
      throw std::invalid_argument("examples::xar::model: expected " + expected + ", found " + found);
    };
    if (view.images != images())
      refuse("a batch of " + std::to_string(images()) + " images, as there are labels", std::to_string(view.images));
    auto const cells = ordering();
    int const tokens = sizes().cell_tokens();
    bool fits = view.tokens_per_image == tokens && view.tokens_known == view.ar_step * tokens;
    for (int j = 0; fits && j < tokens; ++j) fits = view.positions[j] == cells.position(view.ar_step * tokens + j);
    if (!fits) refuse("an ordering::next_cell as model::ordering() is", "another ordering");
  }

  xar::network const& network_;
  std::vector<int> labels_;
  std::vector<xar::network::scratch> work_;  // of each worker
  std::vector<xar::network::cache> kept_;    // of each sequence
  std::vector<float> clean_;                 // of each worker, a cell's tokens
};

}  // namespace examples::xar
