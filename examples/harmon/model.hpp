// SPDX-License-Identifier: Apache-2.0
//
// Harmon as ardent::generate sees it: the backbone of a batch of prompted images, and the diffusion head.
#pragma once

#include <algorithm>
#include <ardent/model.hpp>
#include <cstddef>
#include <deque>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "backbone.hpp"
#include "common/error.hpp"
#include "common/network/adaln_head.hpp"

namespace examples::harmon {

/// @brief The token ids of a prompt, chat template included.
using prompt = std::vector<int>;

/// @brief Checks a prompt given by the user.
/// @param where  its place, for messages
/// @throws input_error if it is empty or a token id is not in [0, vocab_size)
inline void check_prompt(prompt const& ids, language::config const& sizes, std::string const& where) {
  if (ids.empty()) fail(where, "at least one token id", "none");
  for (int const id : ids) {
    if (id < 0 || id >= sizes.vocab_size)
      fail(where, "token ids from 0 to " + std::to_string(sizes.vocab_size - 1), std::to_string(id));
  }
}

/// @brief A batch of images of a Harmon network. Models ardent::ar_model.
/// @tparam Storage      how the backbone keeps its matrices, float or ardent::bfloat16
/// @tparam HeadStorage  how the head does, float, ardent::bfloat16 or ardent::int8_weight
template <class Storage, class HeadStorage>
class model {
 public:
  /// @brief Reads the prompts, each different one once.
  /// @param network        outlives the model, as do `places` and `head`
  /// @param places         position tables of the images' grid
  /// @param head           the diffusion head
  /// @param prompts        one for each image of a batch
  /// @param unconditional  the prompts of the unconditional branch, one for each image; or none: without guidance
  /// @param executor       reads the prompts in parallel; samplers must run on one with as many threads
  /// @throws input_error if a prompt is not as it has to be, or is longer with the image than the language model knows
  ///   positions for
  template <class Executor>
  model(backbone<Storage> const& network, positions const& places, adaln_head<HeadStorage> const& head,
        std::vector<prompt> const& prompts, std::vector<prompt> const& unconditional, Executor const& executor)
      : network_(network), places_(places), head_(head), images_(static_cast<int>(prompts.size())) {
    if (!unconditional.empty() && unconditional.size() != prompts.size())
      throw std::invalid_argument("harmon::model: expected an unconditional prompt for each image, or none");
    std::vector<prompt const*> different;
    for (auto const* some : {&prompts, &unconditional}) {
      for (prompt const& one : *some) {
        check_prompt(one, network.sizes().llm, "prompt");
        auto const same = std::ranges::find_if(different, [&](prompt const* other) { return *other == one; });
        text_of_.push_back(static_cast<std::size_t>(same - different.begin()));
        if (same == different.end()) different.push_back(&one);
      }
    }
    std::size_t longest = 1;
    for (prompt const* one : different) longest = std::max(longest, one->size());
    for (int i = 0; i < executor.threads(); ++i) work_.emplace_back(network, places.of, static_cast<int>(longest));
    texts_.resize(different.size());
    executor.parallel_for(static_cast<int>(different.size()), [&](int i, int worker) {
      prompt const& ids = *different[static_cast<std::size_t>(i)];
      texts_[static_cast<std::size_t>(i)] = network.language_model().read(
          ids, static_cast<int>(ids.size()), nullptr, work_[static_cast<std::size_t>(worker)].language());
    });
  }

  /// @brief Images of a batch.
  [[nodiscard]] int images() const { return images_; }
  /// @brief Tokens of an image.
  [[nodiscard]] int sequence_length() const { return places_.of.tokens(); }
  /// @brief The diffusion head.
  [[nodiscard]] auto denoiser() const { return head_.denoiser(); }
  /// @brief From now on each call of condition() writes what it computes on its way, [branches * images].
  /// @param traces outlives the model; null for no longer
  void watch(std::vector<trace>* traces) { traces_ = traces; }

  /// @brief Conditions of the tokens drawn now. One image and branch a call, so that an image does not depend on its
  /// batch; the calls run in parallel.
  /// @throws std::invalid_argument if the batch has another number of images than there are prompts, or two branches
  ///   where there is no unconditional prompt
  template <class Executor>
  void condition(Executor const& executor, ardent::ar_step_view const& view, float* z) {
    int const sequences = view.branches * view.images;
    if (view.images != images_ || static_cast<std::size_t>(sequences) > text_of_.size())
      throw std::invalid_argument("harmon::model: expected a prompt for each image and branch, found " +
                                  std::to_string(text_of_.size()) + " for " + std::to_string(sequences));
    if (traces_ != nullptr) traces_->resize(static_cast<std::size_t>(sequences));
    std::ptrdiff_t const length = view.sequence_length, count = view.tokens_per_image;
    executor.parallel_for(sequences, [&](int i, int worker) {
      auto const sequence = static_cast<std::size_t>(i);
      int const image = i % view.images;
      network_.condition(texts_[text_of_[sequence]], places_, view.tokens + image * length * view.channels,
                         view.known + image * length, view.positions + image * count, view.tokens_per_image,
                         z + i * count * network_.condition_width(), work_[static_cast<std::size_t>(worker)],
                         traces_ == nullptr ? nullptr : &(*traces_)[sequence]);
    });
  }

 private:
  backbone<Storage> const& network_;
  positions const& places_;
  adaln_head<HeadStorage> const& head_;
  int images_;
  std::vector<std::size_t> text_of_;                      // of each sequence, its place in texts_
  std::vector<language::text_memory> texts_;              // of different prompts
  std::deque<typename backbone<Storage>::scratch> work_;  // of each worker; a deque: they stay where they are
  std::vector<trace>* traces_ = nullptr;
};

}  // namespace examples::harmon
