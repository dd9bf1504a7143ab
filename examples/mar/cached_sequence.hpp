// SPDX-License-Identifier: Apache-2.0
//
// One sequence of MAR's transformer over the AR steps of an image, with LazyMAR's token cache.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "backbone.hpp"
#include "common/network/aligned_memory.hpp"

namespace examples::mar {

/// @brief What an AR step asks of a sequence.
struct sequence_step {
  int label = -1;                       ///< as backbone::condition has it
  float const* tokens = nullptr;        ///< likewise
  std::uint8_t const* known = nullptr;  ///< likewise
  int const* positions = nullptr;       ///< likewise: ascending unknown positions, which are drawn in this step
  int count = 0;                        ///< of positions
  bool fresh = true;                    ///< forgets what is kept and computes everything
  int ar_step = 0;                      ///< for the share of rows that go on behind the pruning block
};

/// @brief The state of a sequence: keys and values of every block, and the decoder's input. At a fresh step it is what
/// the transformer computes anyway. At another one
///
/// - the encoder computes the buffer's rows and those of tokens that have become known since the last step; they attend
///   to each other and to the keys and values of older tokens, which stay as they were;
/// - the decoder's input changes in these rows alone. Its blocks up to the pruning one compute all rows; there, those
///   rows whose values have changed least since the step before leave, and the later blocks compute the others, which
///   attend to all keys and values, of rows that left as they were last.
///
/// So an image depends on no other: which rows stay is decided by its own values, and how many by counts that all
/// images share.
class backbone::cached_sequence {
 public:
  /// @brief Allocates all it will need, and packs the weights unless that is done.
  explicit cached_sequence(backbone const& network, matrix_format format = matrix_format::float32);
  /// @brief Bytes that one takes.
  [[nodiscard]] static std::size_t bytes(config const& sizes);

  /// @brief Rows of the decoder: 1 where the last step computed a row to the end, buffer first. [buffer + seq_len]
  [[nodiscard]] std::vector<std::uint8_t> const& kept() const noexcept { return kept_; }
  /// @brief By what the last step that was not fresh chose the rows that stay, those with the lowest: the cosine of a
  /// row's values in the pruning block, then and one step earlier, averaged over heads; 0 for the rows of tokens drawn
  /// then or a step earlier. [buffer + seq_len]
  [[nodiscard]] std::vector<float> const& scores() const noexcept { return scores_; }

 private:
  template <class Storage>
  friend class cached_conditioning;
  friend class backbone;

  packed_formats const* of_;
  matrix_format format_;
  int encoder_rows_ = 0;               // whose keys and values are kept: the buffer's, then tokens as they came
  std::vector<std::uint8_t> entered_;  // [seq_len] whether a token is among them
  std::vector<std::uint8_t> kept_;
  std::vector<float> scores_;
  std::vector<int> rows_;   // [buffer + seq_len] the decoder's rows that go on
  aligned_floats encoder_;  // [blocks][rows][2 width], key and value
  aligned_floats input_;    // [rows][decoder width]
  aligned_floats decoder_;  // [blocks][rows][2 width]
};

}  // namespace examples::mar
