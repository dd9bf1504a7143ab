// SPDX-License-Identifier: Apache-2.0
//
// Position tables for images of another size than the network was trained on.
#pragma once

#include <vector>

#include "config.hpp"
#include "weights.hpp"

namespace examples::harmon {

/// @brief Resizes a table of vectors on a grid, bilinearly: half-pixel centres, the edge repeated, no smoothing before
/// it is made smaller.
/// @param table  [from.tokens()][width]
/// @param from   the table's grid
/// @param to     the grid of the result
/// @param width  numbers in a vector
/// @return [to.tokens()][width]
[[nodiscard]] std::vector<float> resize_bilinear(float const* table, grid from, grid to, int width);

/// @brief The position tables for one grid: the buffer's rows as they are, the image's resized where the grid is not
/// the native one.
struct positions {
  grid of;
  std::vector<float> encoder;    ///< [buffer + tokens][encoder width]
  std::vector<float> decoder;    ///< [buffer + tokens][decoder width]
  std::vector<float> diffusion;  ///< [tokens][decoder width]

  /// @throws input_error if a side is not from 1 to config::max_side
  positions(config const& sizes, weights const& from, grid wanted);
};

}  // namespace examples::harmon
