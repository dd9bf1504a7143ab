// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief An AdaLN MLP head's weights in tiles for tensor cores, in one piece of memory, which the caller owns.

#include <ardent/denoiser/adaln_shape.hpp>
#include <ardent/dense_matrix.hpp>
#include <ardent/detail/packing_checks.hpp>
#include <ardent/tile/matrix.hpp>

#include <cstddef>
#include <cstring>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

namespace ardent {
inline namespace v0 {

/// @brief Where each layer's weights are: in tiles, but for the first and last layers, which are float whatever the
/// others are: what is rounded there shows in every output, and it is little that they read. Every part starts at a
/// multiple of 64 bytes from the start of the memory. The time embedding is not among them: it is computed once for all
/// times, on the host.
/// @tparam Format  a format, see tile/format.hpp
/// @tparam Shape   an adaln_shape
template <class Format, class Shape>
struct tiled_adaln_layout {
  using storage = typename Format::storage;  ///< weights

  [[no_unique_address]] Shape shape;  ///< the sizes
  dense_matrix<float> condition;      ///< condition_width to W
  dense_matrix<float> input;          ///< channels to W
  dense_matrix<float> output;         ///< W to outputs
  tiled_matrix<Format> modulation;    ///< W to (3 D + 2) W
  tiled_matrix<Format> first_in;      ///< the first block's first layer
  tiled_matrix<Format> first_out;     ///< the first block's second layer
  float const* first_norm = nullptr;  ///< the first block's norm weight [W], then its bias [W]
  std::ptrdiff_t block_bytes = 0;     ///< distance between blocks
  std::size_t bytes = 0;              ///< size of the memory

  /// @brief Lays the parts out.
  /// @param sizes   the head's sizes
  /// @param memory  the tiled weights, aligned to 64 bytes; null to ask for the size only
  /// @throws std::invalid_argument if W is not a multiple of 4
  tiled_adaln_layout(Shape const& sizes, void const* memory) : shape(sizes) {
    if (shape.width() % 4 != 0)
      throw std::invalid_argument("ardent::tiled_adaln_layout: expected a width that is a multiple of 4, found " +
                                  std::to_string(shape.width()));
    base_ = static_cast<std::byte const*>(memory);
    const int width = shape.width();
    condition = dense(shape.condition_width(), width);
    input = dense(shape.channels(), width);
    output = dense(width, shape.outputs());
    modulation = matrix(width, shape.modulations());
    const std::size_t start = bytes;
    first_norm = reinterpret_cast<float const*>(part(2 * static_cast<std::size_t>(width) * sizeof(float)));
    first_in = matrix(width, width);
    first_out = matrix(width, width);
    block_bytes = static_cast<std::ptrdiff_t>(bytes - start);
    bytes = start + static_cast<std::size_t>(block_bytes) * static_cast<std::size_t>(shape.depth());
  }

  /// @brief Layer j of the residual blocks: 2 d is the first of block d, 2 d + 1 its second.
  ARDENT_INLINE tiled_matrix<Format> mlp(int j) const {
    tiled_matrix<Format> m = j % 2 == 0 ? first_in : first_out;
    const std::ptrdiff_t offset = j / 2 * block_bytes;
    m.data = shifted(m.data, offset);
    m.bias = shifted(m.bias, offset);
    if constexpr (Format::scaled) m.scale = shifted(m.scale, offset);
    return m;
  }
  /// @brief The norm's weight in block d, [W].
  ARDENT_INLINE float const* norm_weight(int d) const { return shifted(first_norm, d * block_bytes); }
  /// @brief The norm's bias in block d, [W].
  ARDENT_INLINE float const* norm_bias(int d) const { return norm_weight(d) + shape.width(); }

 private:
  template <class T>
  ARDENT_INLINE static T const* shifted(T const* p, std::ptrdiff_t offset) {
    return reinterpret_cast<T const*>(reinterpret_cast<char const*>(p) + offset);
  }
  std::byte const* part(std::size_t size) {
    std::byte const* const place = base_ == nullptr ? nullptr : base_ + bytes;
    bytes += (size + 63) / 64 * 64;
    return place;
  }
  dense_matrix<float> dense(int inputs, int outputs) {
    dense_matrix<float> m;
    m.inputs = inputs;
    m.outputs = outputs;
    m.weight = reinterpret_cast<float const*>(
        part(static_cast<std::size_t>(inputs) * static_cast<std::size_t>(outputs) * sizeof(float)));
    m.bias = reinterpret_cast<float const*>(part(static_cast<std::size_t>(outputs) * sizeof(float)));
    return m;
  }
  tiled_matrix<Format> matrix(int inputs, int outputs) {
    tiled_matrix<Format> m;
    m.inputs = inputs;
    m.outputs = outputs;
    m.data = reinterpret_cast<storage const*>(part(tiled_size<Format>(inputs, outputs) * sizeof(storage)));
    m.bias = reinterpret_cast<float const*>(part(static_cast<std::size_t>(outputs) * sizeof(float)));
    if constexpr (Format::scaled)
      m.scale = reinterpret_cast<float const*>(part(static_cast<std::size_t>(outputs) * sizeof(float)));
    return m;
  }

  std::byte const* base_ = nullptr;
};

/// @brief Bytes that a head's tiled weights take; the memory must be aligned to 64 bytes.
/// @throws std::invalid_argument if W is not a multiple of 4
template <class Format, class Shape>
std::size_t tiled_bytes(Shape const& shape) {
  return tiled_adaln_layout<Format, Shape>(shape, nullptr).bytes;
}

/// @brief Packs a head's weights into host memory, once, at load; a GPU's copy is these bytes.
/// @param shape   the head's sizes
/// @param from    its weights, as PyTorch stores them
/// @param memory  tiled_bytes<Format>(shape) bytes, aligned to 64
/// @throws std::invalid_argument if the number of blocks is not the shape's depth, W is not a multiple of 4, a weight
/// or bias is missing, not finite or too large for the format, or the memory is null or aligned to less. The time
/// embedding's are not read
template <class Format, class Shape>
void pack_tiled_adaln(Shape const& shape, adaln_weights const& from, void* memory) {
  using stored = std::conditional_t<Format::scaled, float, typename Format::storage>;
  detail::check_packing<stored, float>("ardent::pack_tiled_adaln", shape, from, memory);
  const tiled_adaln_layout<Format, Shape> to(shape, memory);
  const auto vector = [](float const* values, int count, float const* place) {
    std::memcpy(const_cast<float*>(place), values, static_cast<std::size_t>(count) * sizeof(float));
  };
  const auto matrix = [&](linear_weights const& w, tiled_matrix<Format> const& m) {
    pack_tiles<Format>(w.weight, m.inputs, m.outputs, const_cast<typename Format::storage*>(m.data),
                       const_cast<float*>(m.scale));
    vector(w.bias, m.outputs, m.bias);
  };
  const auto dense = [&](linear_weights const& w, dense_matrix<float> const& m) {
    vector(w.weight, m.inputs * m.outputs, m.weight);
    vector(w.bias, m.outputs, m.bias);
  };
  dense(from.condition, to.condition);
  dense(from.input, to.input);
  dense(from.output, to.output);

  // All blocks' modulations and the last layer's are one matrix: they are one product of the same y.
  const auto width = static_cast<std::size_t>(shape.width());
  std::vector<float> weight, bias;
  const auto append = [&](linear_weights const& w, std::size_t parts) {
    weight.insert(weight.end(), w.weight, w.weight + parts * width * width);
    bias.insert(bias.end(), w.bias, w.bias + parts * width);
  };
  for (adaln_block_weights const& block : from.blocks) append(block.modulation, 3);
  append(from.final_modulation, 2);
  matrix({weight.data(), bias.data()}, to.modulation);

  for (int d = 0; d < shape.depth(); ++d) {
    adaln_block_weights const& block = from.blocks[static_cast<std::size_t>(d)];
    vector(block.norm_weight, shape.width(), to.norm_weight(d));
    vector(block.norm_bias, shape.width(), to.norm_bias(d));
    matrix(block.mlp_in, to.mlp(2 * d));
    matrix(block.mlp_out, to.mlp(2 * d + 1));
  }
}

}  // namespace v0
}  // namespace ardent
