// SPDX-License-Identifier: Apache-2.0
//
// A Qwen2-style language model as a part of a larger network: it reads a prompt and keeps its keys and values, and then
// takes rows of any origin behind the prompt, whose own keys are forgotten. One sequence a call, as in transformer.hpp:
// a row comes out as its sequence says, whatever is computed beside it and on whatever thread.
#pragma once

#include <ardent/group/host_fast.hpp>
#include <cstddef>
#include <span>
#include <vector>

#include "aligned_memory.hpp"
#include "language_weights.hpp"
#include "modulated_block.hpp"

namespace examples::language {

/// @brief Keys and values of a prompt in every layer.
class text_memory {
 public:
  text_memory() = default;

  /// @brief Tokens of the prompt that are kept.
  [[nodiscard]] int length() const noexcept { return length_; }

 private:
  template <class Storage>
  friend class model;

  int length_ = 0;
  std::vector<aligned_floats> keys_, values_;  // of each layer, [length][key_width]
};

/// @brief The temporaries of a call, for one thread.
class scratch {
 public:
  /// @param sizes     of the model
  /// @param sequence  most rows of a prompt and of what comes behind it, together
  /// @param work      the workspace of the calls, which may serve other networks in between: of at least `sequence`
  ///   rows, hidden_size and intermediate_size. Outlives this object
  /// @throws input_error if that is longer than the model can be told positions for
  scratch(config const& sizes, int sequence, transformer::workspace& work);

  /// @brief A workspace as this class needs one.
  [[nodiscard]] static transformer::workspace workspace_for(config const& sizes, int sequence,
                                                            ardent::simd_level level) {
    return {sequence, sizes.hidden_size, sizes.intermediate_size, level};
  }

 private:
  template <class Storage>
  friend class model;

  int sequence_;
  transformer::workspace* work_;
  transformer::rotary_table turns_;
  transformer::key_values room_;
  std::vector<int> visible_;
};

/// @brief The model with its weights packed. Immutable: any number of threads may use it at once.
/// @tparam Storage  of the matrices, float or ardent::bfloat16; sums are float in both
template <class Storage>
class model {
 public:
  /// @brief Packs; the file's pages are given back on the way, but for the embedding's, which stays in its file.
  /// @throws std::bad_alloc
  model(config const& sizes, weights const& from);

  /// @brief The sizes it was built with.
  [[nodiscard]] config const& sizes() const noexcept { return sizes_; }
  /// @brief Bytes of the packed weights.
  [[nodiscard]] std::size_t bytes() const noexcept { return memory_.size(); }

  /// @brief Reads a prompt: a causal pass at positions 0, 1, ...
  ///
  /// What stands behind the valid tokens of a padded prompt has no part in their rows, which come out the same, bit for
  /// bit, with and without it.
  /// @param ids     tokens of the prompt, each in [0, vocab_size), at least one
  /// @param keep    how many of them, the first ones, are kept: 1 to ids.size(), the number of valid tokens
  /// @param hidden  [ids.size()][hidden_size], written: the model's last hidden states; null if nobody wants them
  /// @param work    of a sequence of at least ids.size()
  /// @throws std::invalid_argument if a number is out of range
  [[nodiscard]] text_memory read(std::span<int const> ids, int keep, float* hidden, scratch& work) const;

  /// @brief The model's last hidden states of rows behind a prompt, at the positions behind its last kept token. A row
  /// sees the prompt, the rows before it and itself.
  /// @param prompt  from read() of this model
  /// @param x       [rows][hidden_size]: embeddings, overwritten by the states
  /// @param rows    at least 0
  /// @param work    of a sequence of at least prompt.length() + rows
  /// @throws std::invalid_argument if the sequence is longer than that
  /// @note Allocates nothing.
  void go_on(text_memory const& prompt, float* x, int rows, scratch& work) const;

 private:
  void check_room(int length, scratch const& work) const;
  void finish(float* x, int rows, scratch& work) const;

  config sizes_;
  float_tensor embedding_;
  std::vector<packed_layer<Storage>> layers_;
  float const* norm_ = nullptr;
  aligned_memory memory_;
};

extern template class model<float>;
extern template class model<ardent::bfloat16>;

}  // namespace examples::language
