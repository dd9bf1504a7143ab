// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief What a format keeps of a head's weights: so that a reference with these differs from the library by the
/// roundings of activations only, and a wrong scale of a row shows.

#include <ardent/tile/matrix.hpp>

#include "support/made_head.hpp"

namespace test {

/// @brief A layer with the weights that tiles hold, scales multiplied in.
template <class Format>
void keep(made_linear& layer) {
  std::vector<typename Format::storage> packed(ardent::tiled_size<Format>(layer.inputs, layer.outputs));
  std::vector<float> scales(static_cast<std::size_t>(layer.outputs), 1.0f);
  ardent::pack_tiles<Format>(layer.weight.data(), layer.inputs, layer.outputs, packed.data(), scales.data());
  for (int n = 0; n < layer.outputs; ++n)
    for (int k = 0; k < layer.inputs; ++k)
      layer.weight[static_cast<std::size_t>(n * layer.inputs + k)] =
          ardent::to_float(packed[static_cast<std::size_t>(ardent::tile_index<Format>(n, k, layer.inputs))]) *
          scales[static_cast<std::size_t>(n)];
}

/// @brief A head with the weights that a format keeps. Time embedding and the first and last layers stay.
template <class Format>
made_head kept_head(made_head head) {
  keep<Format>(head.final_modulation);
  for (made_block& b : head.blocks)
    for (made_linear* layer : {&b.mlp_in, &b.mlp_out, &b.modulation}) keep<Format>(*layer);
  return head;
}

}  // namespace test
