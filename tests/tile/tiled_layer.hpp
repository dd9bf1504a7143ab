// SPDX-License-Identifier: Apache-2.0
//
// A layer in tiles and rows to multiply it with, for tests of products on the host and on a GPU.
#pragma once

#include <ardent/tile/matrix.hpp>

#include <cstdint>
#include <vector>

#include "support/made_numbers.hpp"

namespace test {

/// @brief A packed layer and some rows, with the values that the format keeps.
template <class Format>
struct tiled_layer {
  using activation = typename Format::activation;  ///< between layers
  int inputs, outputs, rows;                       ///< sizes
  std::vector<float> weight, bias, x, scales;      ///< as kept: [outputs][inputs], [outputs], [rows][inputs], [outputs]
  std::vector<typename Format::storage> packed;    ///< the weights in tiles

  /// @brief Made-up numbers.
  tiled_layer(int in, int out, int row_count)
      : inputs(in),
        outputs(out),
        rows(row_count),
        scales(static_cast<std::size_t>(out), 1.0f),
        packed(ardent::tiled_size<Format>(in, out)) {
    made_numbers numbers(static_cast<std::uint64_t>(in * 100 + out));
    weight = numbers.normals(in * out);
    bias = numbers.normals(out);
    x = numbers.normals(row_count * in);
    ardent::pack_tiles<Format>(weight.data(), in, out, packed.data(), scales.data());
    for (int n = 0; n < out; ++n)
      for (int k = 0; k < in; ++k)
        weight[static_cast<std::size_t>(n * in + k)] =
            ardent::to_float(packed[static_cast<std::size_t>(ardent::tile_index<Format>(n, k, in))]) *
            scales[static_cast<std::size_t>(n)];
    for (float& v : x) {
      activation rounded;
      ardent::store_weight(v, rounded);
      v = ardent::to_float(rounded);
    }
  }
  /// @brief The layer as a product takes it.
  ardent::tiled_matrix<Format> view() const { return {packed.data(), bias.data(), scales.data(), inputs, outputs}; }
  /// @brief The rows as a block reads them, padded with zeros.
  std::vector<activation> activations() const {
    std::vector<activation> out(static_cast<std::size_t>(rows * ardent::padded_inputs<Format>(inputs)));
    for (int r = 0; r < rows; ++r)
      for (int k = 0; k < inputs; ++k)
        ardent::store_weight(x[static_cast<std::size_t>(r * inputs + k)],
                             out[static_cast<std::size_t>(ardent::activation_index<Format>(r, k, rows))]);
    return out;
  }
  /// @brief The output in double.
  double expected(int row, int output) const {
    double sum = static_cast<double>(bias[static_cast<std::size_t>(output)]);
    for (int k = 0; k < inputs; ++k)
      sum += static_cast<double>(weight[static_cast<std::size_t>(output * inputs + k)]) *
             static_cast<double>(x[static_cast<std::size_t>(row * inputs + k)]);
    return sum;
  }
};

}  // namespace test
