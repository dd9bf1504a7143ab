// SPDX-License-Identifier: Apache-2.0
#pragma once

// What every packer of a head's weights refuses alike, before it writes anything. `where` is the function that the
// message names. A weight that is not finite would be all of the head's outputs, or, with a scale for each output,
// silently another weight.

#include <ardent/denoiser/adaln_shape.hpp>
#include <ardent/detail/nonfinite.hpp>
#include <ardent/float16.hpp>
#include <ardent/packed_matrix.hpp>

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <type_traits>

namespace ardent {
inline namespace v0 {
namespace detail {

[[noreturn]] inline void refuse_packing(char const* where, std::string const& expected, std::string const& found) {
  throw std::invalid_argument(std::string(where) + ": expected " + expected + ", found " + found);
}

/// True if x is finite, and so is what is stored of it. Numbers with a scale are stored as finite ones: Stored is
/// float.
template <class Stored>
bool is_storable(float x) {
  if constexpr (std::is_same_v<Stored, bfloat16> || std::is_same_v<Stored, float16>) {
    Stored stored;
    store_weight(x, stored);
    return !is_nonfinite(to_float(stored));
  } else {
    return !is_nonfinite(x);
  }
}

/// @param name  of the numbers, as adaln_weights has it
template <class Stored>
void check_numbers(char const* where, std::string const& name, float const* values, std::ptrdiff_t count) {
  if (values == nullptr) refuse_packing(where, "numbers of " + name, "a null pointer");
  for (std::ptrdiff_t i = 0; i < count; ++i)
    if (!is_storable<Stored>(values[i]))
      refuse_packing(where, "finite weights that the type can hold",
                     std::to_string(values[i]) + " in " + name + ", element " + std::to_string(i));
}

template <class Weight = float, class Bias = float>
void check_layer(char const* where, std::string const& name, linear_weights const& layer, int inputs, int outputs) {
  check_numbers<Weight>(where, name + ".weight", layer.weight, static_cast<std::ptrdiff_t>(inputs) * outputs);
  check_numbers<Bias>(where, name + ".bias", layer.bias, outputs);
}

inline void check_packing_memory(char const* where, void const* memory) {
  if (memory == nullptr) refuse_packing(where, "memory for the packed weights", "a null pointer");
  if (reinterpret_cast<std::uintptr_t>(memory) % 64 != 0)
    refuse_packing(where, "memory aligned to 64 bytes", "memory that is not");
}

/// All of a head but its time embedding, which not every packer reads.
/// @tparam Weight  what the weights of modulations and residual blocks are stored as; float if they have scales
/// @tparam Bias    what their biases are
template <class Weight, class Bias, class Shape>
void check_packing(char const* where, Shape const& shape, adaln_weights const& from, void const* memory) {
  check_packing_memory(where, memory);
  if (static_cast<int>(from.blocks.size()) != shape.depth())
    refuse_packing(where, "the weights of " + std::to_string(shape.depth()) + " blocks",
                   std::to_string(from.blocks.size()));
  const int width = shape.width();
  check_layer(where, "condition", from.condition, shape.condition_width(), width);
  check_layer(where, "input", from.input, shape.channels(), width);
  check_layer(where, "output", from.output, width, shape.outputs());
  check_layer<Weight, Bias>(where, "final_modulation", from.final_modulation, width, 2 * width);
  for (std::size_t d = 0; d < from.blocks.size(); ++d) {
    adaln_block_weights const& block = from.blocks[d];
    const std::string name = "blocks[" + std::to_string(d) + "].";
    check_numbers<float>(where, name + "norm_weight", block.norm_weight, width);
    check_numbers<float>(where, name + "norm_bias", block.norm_bias, width);
    check_layer<Weight, Bias>(where, name + "mlp_in", block.mlp_in, width, width);
    check_layer<Weight, Bias>(where, name + "mlp_out", block.mlp_out, width, width);
    check_layer<Weight, Bias>(where, name + "modulation", block.modulation, width, 3 * width);
  }
}

}  // namespace detail
}  // namespace v0
}  // namespace ardent
