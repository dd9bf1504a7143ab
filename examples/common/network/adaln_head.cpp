// SPDX-License-Identifier: Apache-2.0
//
// Reading a diffusion head's tensors; see adaln_head.hpp.
#include "adaln_head.hpp"

#include "common/error.hpp"

#include <cstdint>

namespace examples {
namespace {

/// Depth is how many blocks have a first tensor.
int count_blocks(safetensors const& file, std::string const& prefix) {
  int depth = 0;
  while (file.contains(prefix + "res_blocks." + std::to_string(depth) + ".in_ln.weight")) ++depth;
  return depth;
}

/// A matrix's sizes, [outputs, inputs].
std::vector<std::int64_t> matrix_shape(safetensors const& file, std::string const& name) {
  const std::vector<std::int64_t> shape = file.shape(name);
  if (shape.size() != 2 || shape[0] < 1 || shape[1] < 1 || shape[0] > 1 << 20 || shape[1] > 1 << 20)
    throw input_error(file.path().string() + ": expected tensor " + name + " to be a matrix, found " +
                      std::to_string(shape.size()) + " dimensions");
  return shape;
}

ardent::adaln_shape<> read_shape(safetensors const& file, std::string const& prefix) {
  const auto input = matrix_shape(file, prefix + "input_proj.weight");
  const auto condition = matrix_shape(file, prefix + "cond_embed.weight");
  const auto output = matrix_shape(file, prefix + "final_layer.linear.weight");
  const int depth = count_blocks(file, prefix);
  if (depth == 0)
    throw input_error(file.path().string() + ": expected at least one block " + prefix + "res_blocks.0, found none");
  if (output[0] < input[1])
    throw input_error(file.path().string() + ": expected " + prefix + "final_layer.linear.weight to have at least " +
                      std::to_string(input[1]) + " outputs, found " + std::to_string(output[0]));
  return {static_cast<int>(input[1]), static_cast<int>(output[0]), static_cast<int>(input[0]), depth,
          static_cast<int>(condition[1])};
}

}  // namespace

adaln_tensors::adaln_tensors(safetensors const& file, std::string const& prefix) : shape_(read_shape(file, prefix)) {
  const auto tensor = [&](std::string const& name, std::vector<std::int64_t> const& shape) {
    tensors_.push_back(file.tensor(prefix + name, shape));
    values_.push_back(tensors_.back().values());
    return values_.back().data();
  };
  const auto vector = [&](std::string const& name, int size) { return tensor(name, {size}); };
  const auto linear = [&](std::string const& name, int inputs, int outputs) {
    float const* const weight = tensor(name + ".weight", {outputs, inputs});
    return ardent::linear_weights{weight, vector(name + ".bias", outputs)};
  };
  const int width = shape_.width();
  views_.time_in = linear("time_embed.mlp.0", ardent::time_sinusoids, width);
  views_.time_out = linear("time_embed.mlp.2", width, width);
  views_.condition = linear("cond_embed", shape_.condition_width(), width);
  views_.input = linear("input_proj", shape_.channels(), width);
  for (int d = 0; d < shape_.depth(); ++d) {
    const std::string block = "res_blocks." + std::to_string(d) + ".";
    ardent::adaln_block_weights w;
    w.norm_weight = vector(block + "in_ln.weight", width);
    w.norm_bias = vector(block + "in_ln.bias", width);
    w.mlp_in = linear(block + "mlp.0", width, width);
    w.mlp_out = linear(block + "mlp.2", width, width);
    w.modulation = linear(block + "adaLN_modulation.1", width, 3 * width);
    views_.blocks.push_back(w);
  }
  views_.final_modulation = linear("final_layer.adaLN_modulation.1", width, 2 * width);
  views_.output = linear("final_layer.linear", width, shape_.outputs());
}

void adaln_tensors::release() const {
  for (float_tensor const& t : tensors_) t.release();
}

}  // namespace examples
