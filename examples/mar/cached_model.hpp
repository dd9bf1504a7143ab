// SPDX-License-Identifier: Apache-2.0
//
// MAR as ardent::generate sees it, with LazyMAR's caches.
#pragma once

#include <cstddef>
#include <span>
#include <stdexcept>
#include <utility>
#include <vector>

#include <ardent/model.hpp>

#include "backbone_memory.hpp"
#include "cached_head.hpp"
#include "cached_sequence.hpp"
#include "caching.hpp"
#include "common/network/adaln_head.hpp"
#include "common/network/aligned_memory.hpp"
#include "model.hpp"

namespace examples::mar {

/// @brief A batch of images of a MAR network that takes over from earlier steps what its caches say. Models
/// ardent::ar_model. Like `model`, image i is the same in any batch and on any number of threads.
///
/// All memory is taken by the constructor: for each image, of a MAR of S rows (buffer and tokens) and B blocks of width
/// W, 2 S B W floats with cached tokens (twice that if both branches are computed in each step), and S W floats for
/// each sequence beside.
/// @tparam Storage as that of `model`
/// @tparam InHead whether the head is a cached_head; if not, the caches may be of tokens alone
template <class Storage, bool InHead = true>
class cached_model {
 public:
  /// @param network outlives the model
  /// @param head likewise
  /// @param labels one for each image of a batch: in [0, class_num), or no_label
  /// @param branches 1, or 2 with guidance: as the sampler's
  /// @param workers threads of the executor
  /// @param use which caches
  /// @param format how the transformer keeps its matrices
  /// @throws input_error if a label is out of range
  /// @throws std::invalid_argument if InHead is false and a cache has a part in the head
  cached_model(backbone const& network, adaln_head<Storage> const& head, std::vector<int> labels, int branches,
               int workers, caches use, matrix_format format = matrix_format::float32)
      : network_(network), head_(head), labels_(std::move(labels)), branches_(branches), use_(std::move(use)) {
    if (!InHead && use_.in_head())
      throw std::invalid_argument("mar::cached_model: caches of the head, and a plain head");
    for (int const label : labels_)
      if (label != no_label) network_.check_label(label);
    for (int i = 0; i < workers; ++i) work_.emplace_back(network, format);
    int const kept = !use_.tokens ? 0 : use_.conditions ? images() : images() * branches_;
    for (int i = 0; i < kept; ++i) sequences_.emplace_back(network, format);
    // a sequence whose state nobody asks for again
    if (kept < images() * branches_)
      for (int i = 0; i < workers; ++i) passing_.emplace_back(network, format);
    decoded_ = aligned_floats(static_cast<std::size_t>(images() * branches_) * row_floats());
    if (use_.conditions && branches_ == 2)
      residual_ = aligned_floats(static_cast<std::size_t>(images()) * row_floats());
  }

  /// @brief Images of a batch.
  [[nodiscard]] int images() const { return static_cast<int>(labels_.size()); }
  /// @brief Tokens of an image.
  [[nodiscard]] int sequence_length() const { return network_.sizes().seq_len(); }
  /// @brief The diffusion head.
  [[nodiscard]] auto denoiser() const {
    if constexpr (InHead)
      return cached_head<Storage>(head_.shape(), head_.data(), use_.conditions, use_.head, use_.head_when);
    else
      return head_.denoiser();
  }

  /// @brief Conditions of the tokens drawn now. To be called for all AR steps of a generation in turn.
  /// @throws std::invalid_argument if the sampler has another number of branches, or AR steps are left out
  template <class Executor>
  void condition(Executor const& executor, ardent::ar_step_view const& view, float* z) {
    if (view.branches != branches_) throw std::invalid_argument("mar::cached_model: another number of branches");
    if (view.ar_step != 0 && view.ar_step != ar_step_ + 1)
      throw std::invalid_argument("mar::cached_model: AR steps are not in turn");
    ar_step_ = view.ar_step;
    bool const fresh = use_.when.at(view.ar_step), guided = branches_ == 2;
    bool const both = guided && (fresh || !use_.conditions);
    executor.parallel_for(both ? 2 * view.images : view.images,
                          [&](int i, int worker) { advance(view, i, fresh, static_cast<std::size_t>(worker)); });
    executor.parallel_for(view.images, [&](int i, int worker) {
      if (guided && use_.conditions) share(i, fresh);
      for (int branch = 0; branch < branches_; ++branch) {
        int const sequence = branch * view.images + i;
        network_.finish(decoded(sequence), positions_of(view, i), view.tokens_per_image,
                        z + static_cast<std::ptrdiff_t>(sequence) * view.tokens_per_image * network_.condition_width(),
                        work_[static_cast<std::size_t>(worker)]);
      }
    });
  }

  /// @brief What the last step kept of an image's conditional sequence; null without cached tokens.
  [[nodiscard]] backbone::cached_sequence const* sequence(int image) const {
    return use_.tokens ? &sequences_[static_cast<std::size_t>(image)] : nullptr;
  }
  /// @brief Unconditional less conditional output of the decoder at the last fresh step, [buffer + seq_len][width];
  /// empty without cached conditions.
  [[nodiscard]] std::span<float const> residual(int image) const {
    if (residual_.data() == nullptr) return {};
    return {residual_.data() + static_cast<std::size_t>(image) * row_floats(), row_floats()};
  }
  /// @brief Whether an AR step is a fresh one.
  [[nodiscard]] bool fresh(int ar_step) const { return use_.when.at(ar_step); }

 private:
  std::size_t row_floats() const {
    config const& sizes = network_.sizes();
    return static_cast<std::size_t>(sizes.buffer_size + sizes.seq_len()) *
           static_cast<std::size_t>(sizes.decoder_embed_dim);
  }
  float* decoded(int sequence) { return decoded_.data() + static_cast<std::size_t>(sequence) * row_floats(); }
  static int const* positions_of(ardent::ar_step_view const& view, int image) {
    return view.positions + static_cast<std::ptrdiff_t>(image) * view.tokens_per_image;
  }

  void advance(ardent::ar_step_view const& view, int i, bool fresh, std::size_t worker) {
    int const image = i % view.images;
    std::ptrdiff_t const length = view.sequence_length;
    auto const place = static_cast<std::size_t>(i);
    bool const keeps = place < sequences_.size();
    sequence_step step;
    step.label = i < view.images ? labels_[static_cast<std::size_t>(image)] : no_label;
    step.tokens = view.tokens + image * length * view.channels;
    step.known = view.known + image * length;
    step.positions = positions_of(view, image);
    step.count = view.tokens_per_image;
    step.fresh = fresh || !keeps;
    step.ar_step = view.ar_step;
    network_.advance(step, use_.keep, decoded(i), work_[worker], keeps ? sequences_[place] : passing_[worker]);
  }

  // The unconditional branch from the conditional one, or at a fresh step their difference.
  void share(int image, bool fresh) {
    float const* const conditional = decoded(image);
    float* const unconditional = decoded(images() + image);
    float* const difference = residual_.data() + static_cast<std::size_t>(image) * row_floats();
    for (std::size_t i = 0; i < row_floats(); ++i) {
      if (fresh)
        difference[i] = unconditional[i] - conditional[i];
      else
        unconditional[i] = conditional[i] + difference[i];
    }
  }

  backbone const& network_;
  adaln_head<Storage> const& head_;
  std::vector<int> labels_;
  int branches_;
  caches use_;
  int ar_step_ = -1;
  std::vector<backbone::scratch> work_;
  std::vector<backbone::cached_sequence> sequences_;  // of the first sequences: conditional ones come first
  std::vector<backbone::cached_sequence> passing_;    // of each worker
  aligned_floats decoded_;                            // [branches][images] of the decoder's output
  aligned_floats residual_;                           // [images] likewise
};

}  // namespace examples::mar
