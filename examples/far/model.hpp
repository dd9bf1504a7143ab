// SPDX-License-Identifier: Apache-2.0
//
// Frequency AR as ardent::generate sees it: MAR's transformer over the whole picture at each AR step, shown the picture
// before at a rising frequency level, and a head that is told the level.
#pragma once

#include <ardent/model.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "common/network/aligned_memory.hpp"
#include "head.hpp"
#include "mar/backbone.hpp"
#include "mar/backbone_memory.hpp"
#include "mar/cached_sequence.hpp"
#include "mar/caching.hpp"

namespace examples::far {

/// @brief What the backbone is shown of the picture before: all of it, or tokens in a random order, ever more of them.
enum class variant { whole, masked };

/// @brief A batch of images of a Frequency AR network. Models ardent::ar_model; goes with an ordering::next_frequency
/// of the network's side and the same levels.
///
/// At AR step 0 there is no picture before: with variant::whole all tokens are zero, with variant::masked none is
/// shown. At AR step i the picture is reduced to level_i x level_i by means and enlarged again, bicubic, so that it has
/// no more detail than that; only the masked variant is shown the first picture as it is. Tokens that are hidden are
/// then left out. Source: FAR (arXiv 2503.05305), section 3.2, and its code.
class model {
 public:
  /// @param network  MAR's transformer; outlives the model
  /// @param of       the head; outlives the model
  /// @param labels   one for each image of a batch: in [0, class_num), or negative for none
  /// @param levels   of each AR step: at least 1, the first at least 0
  /// @param shows    what of the picture before
  /// @param orders   [images][seq_len] with variant::masked, else empty: permutations of the positions; the first
  ///                 ordering::hidden_tokens(seq_len, i, n) of them are hidden at AR step i
  /// @param workers  threads of the executor
  /// @throws std::invalid_argument if network and head, or the sizes of labels and orders, do not fit one another
  /// @throws input_error if a label is out of range
  model(mar::backbone const& network, head const& of, std::vector<int> labels, std::vector<int> levels, variant shows,
        std::vector<int> orders, int workers);

  /// @brief Images of a batch.
  [[nodiscard]] int images() const { return static_cast<int>(labels_.size()); }
  /// @brief Tokens of a picture.
  [[nodiscard]] int picture_tokens() const { return network_.sizes().seq_len(); }
  /// @brief Tokens of all AR steps' pictures.
  [[nodiscard]] int sequence_length() const { return picture_tokens() * static_cast<int>(levels_.size()); }
  /// @brief The head; its conditions end with the level.
  [[nodiscard]] auto denoiser() const { return head_.denoiser(); }

  /// @brief What the backbone was shown at the last AR step, [images][seq_len][channels]; hidden tokens are zero.
  [[nodiscard]] std::vector<float> const& shown() const noexcept { return shown_; }
  /// @brief Which of these tokens, [images][seq_len], 1 where shown.
  [[nodiscard]] std::vector<std::uint8_t> const& visible() const noexcept { return visible_; }

  /// @brief Conditions of the whole picture. One image and branch a call, so that an image does not depend on its
  /// batch; the calls run in parallel.
  /// @throws std::invalid_argument if the view is of another batch or ordering
  template <class Executor>
  void condition(Executor const& executor, ardent::ar_step_view const& view, float* z) {
    check(view);
    executor.parallel_for(view.images, [&](int image, int worker) { show(view, image, worker); });
    executor.parallel_for(view.branches * view.images, [&](int i, int worker) {
      condition(view, i, z, workers_[static_cast<std::size_t>(worker)]);
    });
  }

 private:
  /// What a thread works with.
  struct scratch {
    scratch(mar::backbone const& network, int side, int channels);
    mar::backbone::scratch work;
    mar::backbone::cached_sequence sequence;
    aligned_floats decoded, z;
    std::vector<float> between, reduced;
  };

  void check(ardent::ar_step_view const& view) const;
  void show(ardent::ar_step_view const& view, int image, int worker);
  void condition(ardent::ar_step_view const& view, int sequence, float* z, scratch& own) const;

  mar::backbone const& network_;
  head const& head_;
  std::vector<int> labels_, levels_;
  variant shows_;
  std::vector<int> orders_;
  std::vector<int> positions_;  // 0, 1, 2, ...
  std::vector<float> shown_;
  std::vector<std::uint8_t> visible_;
  std::vector<scratch> workers_;
  mar::retention all_;
};

}  // namespace examples::far
