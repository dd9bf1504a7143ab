// SPDX-License-Identifier: Apache-2.0
//
// An AdaLN MLP head with made-up weights, as a checkpoint would hold it, and packed for the library.
#pragma once

#include <ardent/denoiser/adaln_mlp.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "support/made_numbers.hpp"

namespace test {

/// @brief A linear layer's own weights.
struct made_linear {
  int inputs = 0;             ///< columns
  int outputs = 0;            ///< rows
  std::vector<float> weight;  ///< [outputs][inputs]
  std::vector<float> bias;    ///< [outputs]

  made_linear() = default;
  /// @param gain  standard deviation of an output for unit inputs
  made_linear(made_numbers& numbers, int in, int out, double gain = 1)
      : inputs(in),
        outputs(out),
        weight(numbers.normals(in * out, gain / std::sqrt(in))),
        bias(numbers.normals(out, 0.1)) {}
  ardent::linear_weights view() const { return {weight.data(), bias.data()}; }  ///< as the library takes it
};

/// @brief A residual block's own weights.
struct made_block {
  std::vector<float> norm_weight;  ///< [W], around 1
  std::vector<float> norm_bias;    ///< [W]
  made_linear mlp_in;              ///< W to W
  made_linear mlp_out;             ///< W to W
  made_linear modulation;          ///< W to 3 W
};

/// @brief A head's sizes and own weights.
struct made_head {
  ardent::adaln_shape<> shape;     ///< the sizes
  made_linear time_in;             ///< 256 to W
  made_linear time_out;            ///< W to W
  made_linear condition;           ///< condition_width to W
  made_linear input;               ///< channels to W
  std::vector<made_block> blocks;  ///< D
  made_linear final_modulation;    ///< W to 2 W
  made_linear output;              ///< W to outputs

  /// @brief Weights of a size that keeps activations and whole trajectories bounded.
  explicit made_head(ardent::adaln_shape<> const& sizes, std::uint64_t seed = 1) : shape(sizes) {
    made_numbers numbers(seed);
    int const width = sizes.width();
    time_in = {numbers, ardent::time_sinusoids, width};
    time_out = {numbers, width, width};
    condition = {numbers, sizes.condition_width(), width};
    input = {numbers, sizes.channels(), width};
    for (int d = 0; d < sizes.depth(); ++d) {
      made_block block;
      block.norm_weight = numbers.normals(width, 0.1, 1);
      block.norm_bias = numbers.normals(width, 0.1);
      block.mlp_in = {numbers, width, width};
      block.mlp_out = {numbers, width, width};
      block.modulation = {numbers, width, 3 * width, 0.5};
      blocks.push_back(block);
    }
    final_modulation = {numbers, width, 2 * width, 0.5};
    output = {numbers, width, sizes.outputs(), 0.5};
  }

  /// @brief A copy of a trained head's.
  made_head(ardent::adaln_shape<> const& sizes, ardent::adaln_weights const& from) : made_head(sizes) {
    auto const vector = [](std::vector<float>& to, float const* values) { std::copy_n(values, to.size(), to.data()); };
    auto const layer = [&](made_linear& to, ardent::linear_weights const& w) {
      vector(to.weight, w.weight);
      vector(to.bias, w.bias);
    };
    layer(time_in, from.time_in);
    layer(time_out, from.time_out);
    layer(condition, from.condition);
    layer(input, from.input);
    for (std::size_t d = 0; d < blocks.size(); ++d) {
      vector(blocks[d].norm_weight, from.blocks[d].norm_weight);
      vector(blocks[d].norm_bias, from.blocks[d].norm_bias);
      layer(blocks[d].mlp_in, from.blocks[d].mlp_in);
      layer(blocks[d].mlp_out, from.blocks[d].mlp_out);
      layer(blocks[d].modulation, from.blocks[d].modulation);
    }
    layer(final_modulation, from.final_modulation);
    layer(output, from.output);
  }

  /// @brief The weights as the library takes them.
  ardent::adaln_weights views() const {
    ardent::adaln_weights w;
    w.time_in = time_in.view();
    w.time_out = time_out.view();
    w.condition = condition.view();
    w.input = input.view();
    for (made_block const& b : blocks)
      w.blocks.push_back(
          {b.norm_weight.data(), b.norm_bias.data(), b.mlp_in.view(), b.mlp_out.view(), b.modulation.view()});
    w.final_modulation = final_modulation.view();
    w.output = output.view();
    return w;
  }

  /// @brief The packed weights.
  /// @tparam Storage  float or bfloat16
  /// @param as        the same sizes, perhaps static
  template <class Storage, class Shape = ardent::adaln_shape<>>
  aligned_bytes packed(Shape const& as) const {
    aligned_bytes memory(ardent::packed_bytes<Storage>(as));
    ardent::pack_adaln<Storage>(as, views(), memory.data());
    return memory;
  }
};

}  // namespace test
