// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief An AdaLN MLP head's packed weights in one piece of memory, which the caller owns.

#include <ardent/denoiser/adaln_shape.hpp>
#include <ardent/detail/packing_checks.hpp>
#include <ardent/packed_matrix.hpp>

#include <cstddef>
#include <cstring>
#include <type_traits>

namespace ardent {
inline namespace v0 {

/// @brief Where each layer's panels and vectors are. Every part starts at a multiple of 64 bytes from the start of the
/// memory; the residual blocks follow one another at equal distance.
///
/// The storage is that of the layers that are read at every denoising step and not small: modulations and residual
/// blocks. The others stay float: narrowing them would cost accuracy and gain nothing.
///
/// @tparam Storage  float, bfloat16 or int8_weight
/// @tparam Shape    an adaln_shape
template <class Storage, class Shape>
struct adaln_layout {
  [[no_unique_address]] Shape shape;  ///< the sizes
  packed_matrix<float> time_in;       ///< 256 to W
  packed_matrix<float> time_out;      ///< W to W
  packed_matrix<float> condition;     ///< condition_width to W
  packed_matrix<float> input;         ///< channels to W
  packed_matrix<float> output;        ///< W to outputs
  packed_matrix<Storage> modulation;  ///< W to (3 D + 2) W
  packed_matrix<Storage> first_in;    ///< the first block's first layer
  packed_matrix<Storage> first_out;   ///< the first block's second layer
  float const* first_norm = nullptr;  ///< the first block's norm weight and bias, each padded to 16
  std::ptrdiff_t block_bytes = 0;     ///< distance between blocks
  std::size_t bytes = 0;              ///< size of the memory

  /// @brief Lays the parts out.
  /// @param sizes   the head's sizes
  /// @param memory  the packed weights, aligned to 64 bytes; null to ask for the size only
  adaln_layout(Shape const& sizes, void const* memory) : shape(sizes) {
    base_ = static_cast<std::byte const*>(memory);
    const int width = shape.width();
    time_in = matrix<float>(time_sinusoids, width);
    time_out = matrix<float>(width, width);
    condition = matrix<float>(shape.condition_width(), width);
    input = matrix<float>(shape.channels(), width);
    output = matrix<float>(width, shape.outputs());
    modulation = matrix<Storage>(width, shape.modulations());
    const std::size_t start = bytes;
    first_norm = reinterpret_cast<float const*>(part(2 * padded_width() * sizeof(float)));
    first_in = matrix<Storage>(width, width);
    first_out = matrix<Storage>(width, width);
    block_bytes = static_cast<std::ptrdiff_t>(bytes - start);
    bytes = start + static_cast<std::size_t>(block_bytes) * static_cast<std::size_t>(shape.depth());
  }

  /// @brief The first linear layer of block d.
  ARDENT_INLINE packed_matrix<Storage> mlp_in(int d) const { return shifted(first_in, d); }
  /// @brief The second linear layer of block d.
  ARDENT_INLINE packed_matrix<Storage> mlp_out(int d) const { return shifted(first_out, d); }
  /// @brief The norm's weight in block d, [W].
  ARDENT_INLINE float const* norm_weight(int d) const {
    return reinterpret_cast<float const*>(reinterpret_cast<char const*>(first_norm) + d * block_bytes);
  }
  /// @brief The norm's bias in block d, [W].
  ARDENT_INLINE float const* norm_bias(int d) const { return norm_weight(d) + padded_width(); }

 private:
  ARDENT_INLINE std::size_t padded_width() const {
    return static_cast<std::size_t>((shape.width() + panel_width - 1) / panel_width) * panel_width;
  }
  std::byte const* part(std::size_t size) {
    std::byte const* const place = base_ == nullptr ? nullptr : base_ + bytes;
    bytes += (size + 63) / 64 * 64;
    return place;
  }
  template <class Element>
  packed_matrix<Element> matrix(int inputs, int outputs) {
    packed_matrix<Element> m;
    m.inputs = inputs;
    m.outputs = outputs;
    m.data = reinterpret_cast<Element const*>(part(packed_size<Element>(inputs, outputs) * sizeof(Element)));
    const std::size_t vector = static_cast<std::size_t>(outputs) * sizeof(float);
    m.bias = reinterpret_cast<float const*>(part(vector));
    if (std::is_same_v<Element, int8_weight>) m.scale = reinterpret_cast<float const*>(part(vector));
    return m;
  }
  ARDENT_INLINE packed_matrix<Storage> shifted(packed_matrix<Storage> m, int d) const {
    m.data = reinterpret_cast<Storage const*>(reinterpret_cast<char const*>(m.data) + d * block_bytes);
    m.bias = reinterpret_cast<float const*>(reinterpret_cast<char const*>(m.bias) + d * block_bytes);
    if constexpr (std::is_same_v<Storage, int8_weight>)
      m.scale = reinterpret_cast<float const*>(reinterpret_cast<char const*>(m.scale) + d * block_bytes);
    return m;
  }

  std::byte const* base_ = nullptr;
};

/// @brief Bytes that a head's packed weights take; the memory must be aligned to 64 bytes.
/// @tparam Storage  float, bfloat16 or int8_weight
template <class Storage, class Shape>
std::size_t packed_bytes(Shape const& shape) {
  return adaln_layout<Storage, Shape>(shape, nullptr).bytes;
}

/// @brief Packs a head's weights once, at load; after it the checkpoint's copy is not needed.
/// @tparam Storage  float, bfloat16 (rounded to nearest, halves to even) or int8_weight (with a scale for each output)
/// @param shape     the head's sizes
/// @param from      its weights, as PyTorch stores them
/// @param memory    packed_bytes<Storage>(shape) bytes, aligned to 64
/// @throws std::invalid_argument if the number of blocks is not the shape's depth, a weight or bias is missing, not
/// finite or too large for the storage, or the memory is null or aligned to less
template <class Storage, class Shape>
void pack_adaln(Shape const& shape, adaln_weights const& from, void* memory) {
  using stored = std::conditional_t<std::is_same_v<Storage, int8_weight>, float, Storage>;  // 8 bits have scales
  detail::check_packing<stored, float>("ardent::pack_adaln", shape, from, memory);
  detail::check_layer("ardent::pack_adaln", "time_in", from.time_in, time_sinusoids, shape.width());
  detail::check_layer("ardent::pack_adaln", "time_out", from.time_out, shape.width(), shape.width());
  const adaln_layout<Storage, Shape> to(shape, memory);
  const auto vector = [](float const* values, int count, float const* place) {
    std::memcpy(const_cast<float*>(place), values, static_cast<std::size_t>(count) * sizeof(float));
  };
  const auto matrix = [&]<class Element>(linear_weights const& w, packed_matrix<Element> const& m) {
    pack_matrix(w.weight, m.inputs, m.outputs, const_cast<Element*>(m.data), const_cast<float*>(m.scale));
    vector(w.bias, m.outputs, m.bias);
  };
  matrix(from.time_in, to.time_in);
  matrix(from.time_out, to.time_out);
  matrix(from.condition, to.condition);
  matrix(from.input, to.input);
  matrix(from.output, to.output);

  // All blocks' modulations and the last layer's are one matrix: they are one product of the same y.
  const int width = shape.width(), depth = shape.depth();
  const auto modulation_of = [&](int d) -> linear_weights const& {
    return d < depth ? from.blocks[static_cast<std::size_t>(d)].modulation : from.final_modulation;
  };
  const auto row = [&](int n) {
    const int d = n / (3 * width) < depth ? n / (3 * width) : depth;
    return modulation_of(d).weight + static_cast<std::ptrdiff_t>(n - 3 * d * width) * width;
  };
  pack_rows(row, width, to.modulation.outputs, const_cast<Storage*>(to.modulation.data),
            const_cast<float*>(to.modulation.scale));
  for (int d = 0; d <= depth; ++d)
    vector(modulation_of(d).bias, (d < depth ? 3 : 2) * width, to.modulation.bias + 3 * d * width);

  for (int d = 0; d < depth; ++d) {
    adaln_block_weights const& block = from.blocks[static_cast<std::size_t>(d)];
    vector(block.norm_weight, width, to.norm_weight(d));
    vector(block.norm_bias, width, to.norm_bias(d));
    matrix(block.mlp_in, to.mlp_in(d));
    matrix(block.mlp_out, to.mlp_out(d));
  }
}

}  // namespace v0
}  // namespace ardent
