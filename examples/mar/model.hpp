// SPDX-License-Identifier: Apache-2.0
//
// MAR as ardent::generate sees it: the backbone of a batch of labelled images, and the diffusion head.
#pragma once

#include "backbone.hpp"
#include "common/adaln_head.hpp"
#include "common/error.hpp"

#include <ardent/model.hpp>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace examples::mar {

/// @brief The label of an image drawn without a class: the unconditional embedding stands in for it.
inline constexpr int no_label = -1;

/// @brief A batch of images of a MAR network. Models ardent::ar_model.
/// @tparam Storage  how the head keeps its weights, float or ardent::bfloat16
template <class Storage>
class model {
 public:
  /// @param network  outlives the model; shared by all models of a checkpoint
  /// @param head     likewise
  /// @param labels   one for each image of a batch: in [0, class_num), or no_label
  /// @param workers  threads of the executor
  /// @throws input_error if a label is out of range
  model(backbone const& network, adaln_head<Storage> const& head, std::vector<int> labels, int workers)
      : network_(network), head_(head), labels_(std::move(labels)) {
    for (const int label : labels_)
      if (label != no_label) network_.check_label(label);
    for (int i = 0; i < workers; ++i) work_.emplace_back(network);
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
      const int image = i % view.images;
      const bool conditional = i < view.images;
      network_.condition(conditional ? labels_[static_cast<std::size_t>(image)] : no_label,
                         view.tokens + image * image_floats,
                         view.known + static_cast<std::ptrdiff_t>(image) * view.sequence_length,
                         view.positions + static_cast<std::ptrdiff_t>(image) * view.tokens_per_image,
                         view.tokens_per_image, z + i * z_floats, work_[static_cast<std::size_t>(worker)]);
    });
  }

 private:
  backbone const& network_;
  adaln_head<Storage> const& head_;
  std::vector<int> labels_;
  std::vector<backbone::scratch> work_;
};

}  // namespace examples::mar
