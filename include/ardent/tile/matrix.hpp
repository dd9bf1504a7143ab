// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief Weights and activations in the order in which warps read them: 16 bytes a lane, lanes side by side.

#include <ardent/tile/format.hpp>

#include <cmath>
#include <cstddef>
#include <stdexcept>
#include <string>

namespace ardent {
inline namespace v0 {

/// @brief Outputs in a panel of a tiled matrix.
inline constexpr int tile_outputs = 8;

/// @brief Inner elements of a chunk of activations: 64 bytes.
template <class Format>
inline constexpr int activation_chunk = 64 / static_cast<int>(sizeof(typename Format::activation));

/// @brief The inner dimension, rounded up to whole chunks of weights.
template <class Format>
ARDENT_HD constexpr int padded_inputs(int inputs) {
  return (inputs + Format::chunk - 1) / Format::chunk * Format::chunk;
}

/// @brief Where element k of a row is among `rows` rows of activations, laid out [chunk][row][64 bytes].
template <class Format>
ARDENT_HD constexpr std::ptrdiff_t activation_index(int row, int k, int rows) {
  constexpr int chunk = activation_chunk<Format>;
  return (static_cast<std::ptrdiff_t>(k / chunk) * rows + row) * chunk + k % chunk;
}

/// @brief Where weight (output, k) is, laid out [panel of 8 outputs][chunk][lane][16 bytes].
///
/// A lane's bytes hold the k of its reads of an activation row, one after the other.
template <class Format>
ARDENT_HD constexpr std::ptrdiff_t tile_index(int output, int k, int inputs) {
  constexpr int chunk = Format::chunk, read = activation_chunk<Format>, of_lane = read / 4;
  const int chunks = padded_inputs<Format>(inputs) / chunk, inner = k % chunk;
  const int lane = output % tile_outputs * 4 + inner % read / of_lane;
  const int element = inner / read * of_lane + inner % of_lane;
  return ((static_cast<std::ptrdiff_t>(output / tile_outputs) * chunks + k / chunk) * warp_size + lane) * (chunk / 4) +
         element;
}

/// @brief A view of y = W x + b with W [outputs][inputs] in tiles. It does not own its memory.
/// @tparam Format  a format, see tile/format.hpp
template <class Format>
struct tiled_matrix {
  typename Format::storage const* data = nullptr;  ///< in the order of tile_index, padded with zeros; aligned to 16
  float const* bias = nullptr;                     ///< [outputs]
  float const* scale = nullptr;                    ///< [outputs], if the format is scaled
  int inputs = 0;                                  ///< inner dimension
  int outputs = 0;                                 ///< outputs

  /// @brief Number of panels.
  ARDENT_HD int panels() const { return (outputs + tile_outputs - 1) / tile_outputs; }
  /// @brief Chunks of a panel.
  ARDENT_HD int chunks() const { return padded_inputs<Format>(inputs) / Format::chunk; }
  /// @brief Weights of a panel.
  ARDENT_HD std::ptrdiff_t panel_size() const {
    return static_cast<std::ptrdiff_t>(padded_inputs<Format>(inputs)) * tile_outputs;
  }
};

/// @brief Elements that a tiled matrix takes.
template <class Format>
constexpr std::size_t tiled_size(int inputs, int outputs) {
  return static_cast<std::size_t>((outputs + tile_outputs - 1) / tile_outputs) * tile_outputs *
         static_cast<std::size_t>(padded_inputs<Format>(inputs));
}

/// @brief Packs a linear layer.
/// @param weights  [outputs][inputs], as PyTorch stores them
/// @param inputs   numbers that the layer reads
/// @param outputs  numbers that it writes
/// @param out      tiled_size<Format>(inputs, outputs) elements
/// @param scales   [outputs], written if the format is scaled: the row's largest magnitude becomes the largest value
/// @throws std::invalid_argument if a weight is not finite, or too large for the format
template <class Format>
void pack_tiles(float const* weights, int inputs, int outputs, typename Format::storage* out, float* scales) {
  using storage = typename Format::storage;
  const std::size_t size = tiled_size<Format>(inputs, outputs);
  for (std::size_t i = 0; i < size; ++i) out[i] = storage{};
  for (int n = 0; n < outputs; ++n) {
    float const* const row = weights + static_cast<std::ptrdiff_t>(n) * inputs;
    float scale = 1;
    if constexpr (Format::scaled) {
      float largest = 0;
      for (int k = 0; k < inputs; ++k) largest = std::fmax(largest, std::fabs(row[k]));
      scale = largest > 0 ? largest / storage::largest_value : 1.0f;
      scales[n] = scale;
    }
    for (int k = 0; k < inputs; ++k) {
      storage& place = out[tile_index<Format>(n, k, inputs)];
      store_weight(row[k] / scale, place);
      if (!std::isfinite(row[k]) || !std::isfinite(to_float(place)))
        throw std::invalid_argument("ardent::pack_tiles: expected finite weights that the format can hold, found " +
                                    std::to_string(row[k]) + " at output " + std::to_string(n) + ", input " +
                                    std::to_string(k));
    }
  }
}

}  // namespace v0
}  // namespace ardent
