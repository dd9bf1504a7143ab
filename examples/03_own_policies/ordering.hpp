// SPDX-License-Identifier: Apache-2.0
//
// An ordering of one's own: which tokens come at which AR step.
#pragma once

#include <ardent/ordering/ordering.hpp>

namespace own {

/// @brief The black squares of a chess board row by row, a row at each AR step, and then the white ones: a token of the
/// second half has all its four neighbours.
/// @tparam Side  rows and columns of the map of tokens, even
template <int Side>
struct chess_board {
  static_assert(Side >= 2 && Side % 2 == 0, "chess_board: the side is not even. Use an even number of rows.");
  static constexpr bool permuted = false;  // not in an order that is drawn for each image

  constexpr int sequence_length() const { return Side * Side; }
  constexpr int ar_steps() const { return 2 * Side; }
  constexpr void fill(ardent::ar_counts* out) const {
    for (int i = 0; i < ar_steps(); ++i) out[i] = {Side / 2, (ar_steps() - 1 - i) * (Side / 2)};
  }
  /// @brief Where in raster order the token is that comes after i others. Leave `position` out for raster order.
  constexpr int position(int i) const {
    int const colour = i / (Side * Side / 2), row = i / (Side / 2) % Side, within = i % (Side / 2);
    return row * Side + 2 * within + (row + colour) % 2;
  }
};

static_assert(ardent::placed_ordering<chess_board<8>>);

}  // namespace own
