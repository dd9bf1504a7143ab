// SPDX-License-Identifier: Apache-2.0
//
// MAR as ardent::generate sees it: the backbone of a batch of labelled images, and the diffusion head.
#pragma once

#include "backbone_memory.hpp"
#include "common/error.hpp"
#include "common/network/adaln_head.hpp"

#include <ardent/model.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace examples::mar {

/// @brief The label of an image drawn without a class: the unconditional embedding stands in for it.
inline constexpr int no_label = -1;

/// @brief Most memory for what sequences keep from one AR step to the next (backbone::history). Those of a batch that
/// have no part in it are computed in full, with the same results: it saves the encoder a quarter of a block's work.
inline constexpr std::size_t history_budget = std::size_t{64} << 20;

/// @brief A batch of images of a MAR network. Models ardent::ar_model.
/// @tparam Storage  how the head keeps its weights, float, ardent::bfloat16 or ardent::int8_weight
template <class Storage>
class model {
 public:
  /// @param network  outlives the model; shared by all models of a checkpoint
  /// @param head     likewise
  /// @param labels   one for each image of a batch: in [0, class_num), or no_label
  /// @param workers  threads of the executor
  /// @param format   how the transformer keeps its matrices
  /// @throws input_error if a label is out of range
  model(backbone const& network, adaln_head<Storage> const& head, std::vector<int> labels, int workers,
        matrix_format format = matrix_format::float32)
      : network_(network), head_(head), labels_(std::move(labels)) {
    for (const int label : labels_)
      if (label != no_label) network_.check_label(label);
    const int sequences = 2 * images();  // at most; with and without the label
    for (int i = 0; i < workers; ++i) work_.emplace_back(network, format);
    const std::size_t room = history_budget / backbone::history::bytes(network.sizes());
    for (std::size_t i = 0; i < std::min(room, static_cast<std::size_t>(sequences)); ++i)
      kept_.emplace_back(network, format);
  }

  /// @brief Images of a batch.
  [[nodiscard]] int images() const { return static_cast<int>(labels_.size()); }
  /// @brief Tokens of an image.
  [[nodiscard]] int sequence_length() const { return network_.sizes().seq_len(); }
  /// @brief The diffusion head.
  [[nodiscard]] auto denoiser() const { return head_.denoiser(); }

  /// @brief Conditions of the tokens drawn now. One image and branch a call, so that an image does not depend on its
  /// batch; the calls run in parallel.
  template <class Executor>
  void condition(Executor const& executor, ardent::ar_step_view const& view, float* z) {
    const std::ptrdiff_t image_floats = static_cast<std::ptrdiff_t>(view.sequence_length) * view.channels;
    const std::ptrdiff_t z_floats = static_cast<std::ptrdiff_t>(view.tokens_per_image) * network_.condition_width();
    executor.parallel_for(view.branches * view.images, [&](int i, int worker) {
      const auto sequence = static_cast<std::size_t>(i);
      const int image = i % view.images;
      const bool conditional = i < view.images;
      network_.condition(conditional ? labels_[static_cast<std::size_t>(image)] : no_label,
                         view.tokens + image * image_floats,
                         view.known + static_cast<std::ptrdiff_t>(image) * view.sequence_length,
                         view.positions + static_cast<std::ptrdiff_t>(image) * view.tokens_per_image,
                         view.tokens_per_image, z + i * z_floats, work_[static_cast<std::size_t>(worker)],
                         sequence < kept_.size() ? &kept_[sequence] : nullptr);
    });
  }

 private:
  backbone const& network_;
  adaln_head<Storage> const& head_;
  std::vector<int> labels_;
  std::vector<backbone::scratch> work_;
  std::vector<backbone::history> kept_;  // of the first sequences
};

}  // namespace examples::mar
