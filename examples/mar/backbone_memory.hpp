// SPDX-License-Identifier: Apache-2.0
//
// The memory that calls of backbone::condition() work in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "backbone.hpp"
#include "common/network/transformer.hpp"

namespace examples::mar {

/// @brief All temporaries of one call of condition(). One for each thread.
class backbone::scratch {
 public:
  /// @brief Allocates for the largest call the backbone can get, and packs the weights unless that is done.
  explicit scratch(backbone const& network, matrix_format format = matrix_format::float32);

  /// @brief How the matrices are kept that calls with this scratch use.
  [[nodiscard]] matrix_format format() const noexcept { return format_; }

 private:
  friend class backbone;
  template <class Storage>
  friend class conditioning;
  template <class Storage>
  friend class cached_conditioning;

  config sizes_;
  matrix_format format_;
  std::vector<int> order_;  // [seq_len] raster positions: known, unknown, queried
  std::vector<int> fresh_;  // known positions whose rows are not kept yet
  aligned_floats tokens_;   // [seq_len][channels], of these positions together
  aligned_floats encoded_;  // [rows][encoder width]
  aligned_floats decoded_;  // [rows][decoder width]
  transformer::workspace blocks_;
};

/// @brief What does not change from one AR step of an image to the next: the rows that enter the encoder, and what its
/// first block makes of each before it looks at others.
///
/// That is all there is. Attention looks both ways: once a token is added, every row behind the encoder's first
/// attention is another one, and so are all keys and values after it. (In the decoder the same is true of the tokens
/// not known yet, whose rows depend on the position alone: they are packed with the weights.)
///
/// Rows are kept with the tokens that they were made of and made anew where these differ, so no call can go wrong
/// for what an earlier one was asked.
class backbone::history {
 public:
  /// @brief Allocates.
  explicit history(backbone const& network, matrix_format format = matrix_format::float32);
  /// @brief Bytes that one takes.
  [[nodiscard]] static std::size_t bytes(config const& sizes);

 private:
  template <class Storage>
  friend class conditioning;
  friend class backbone;

  static constexpr int no_rows = -2;  // neither a class nor the unconditional branch

  packed_formats const* of_;  // the backbone's; rows of another one would be wrong
  matrix_format format_;
  int label_ = no_rows;              // of the buffer's rows
  std::vector<std::uint8_t> known_;  // [seq_len] whether a row is kept
  aligned_floats tokens_;            // [seq_len][channels] the tokens of these rows
  aligned_floats rows_;              // [buffer + seq_len][encoder width], buffer, then raster order
  aligned_floats qkv_;               // [buffer + seq_len][3 encoder width], the first block's
};

}  // namespace examples::mar
