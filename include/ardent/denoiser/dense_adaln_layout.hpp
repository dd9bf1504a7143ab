// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief An AdaLN MLP head's weights as plain row-major matrices, for a library's matrix products.

#include <ardent/denoiser/adaln_shape.hpp>
#include <ardent/dense_matrix.hpp>
#include <ardent/detail/packing_checks.hpp>
#include <ardent/network_shape.hpp>

#include <cstddef>
#include <cstring>
#include <stdexcept>
#include <string>
#include <type_traits>

namespace ardent {
inline namespace v0 {

/// @brief Where each layer's matrix is. The first and last layers are float, whatever the others are: what is rounded
/// there shows in every output, and it is little that they read. Every part starts at a multiple of 64 bytes from the
/// start of the memory.
/// @tparam Storage  float, bfloat16 or float16
/// @tparam Shape    an adaln_shape
/// @tparam Between  what the other layers' products give: float or Storage
template <network_number Storage, class Shape, class Between = float>
struct dense_adaln_layout {
  static_assert(std::is_same_v<Between, float> || std::is_same_v<Between, Storage>,
                "ardent::dense_adaln_layout: products of a library give float or the type of the weights. Name one of "
                "them as Between.");
  [[no_unique_address]] Shape shape;                ///< the sizes
  dense_matrix<float> condition;                    ///< condition_width to W
  dense_matrix<float> input;                        ///< channels to W
  dense_matrix<float> output;                       ///< W to outputs
  dense_matrix<Storage, Between> final_modulation;  ///< W to 2 W: shift, scale
  dense_matrix<Storage, Between> first_modulation;  ///< the first block's, W to 3 W: shift, scale, gate
  dense_matrix<Storage, Between> first_in;          ///< the first block's first layer
  dense_matrix<Storage, Between> first_out;         ///< the first block's second layer
  float const* first_norm = nullptr;                ///< the first block's norm weight [W], then its bias [W]
  std::ptrdiff_t block_bytes = 0;                   ///< distance between blocks
  std::size_t bytes = 0;                            ///< size of the memory

  /// @brief Lays the parts out.
  /// @param sizes   the head's sizes
  /// @param memory  the weights, aligned to 64 bytes; null to ask for the size only
  /// @throws std::invalid_argument if W is not a multiple of 8
  dense_adaln_layout(Shape const& sizes, void const* memory) : shape(sizes) {
    const int width = shape.width();
    if (width % 8 != 0)
      throw std::invalid_argument("ardent::dense_adaln_layout: expected a width that is a multiple of 8, found " +
                                  std::to_string(width));
    base_ = static_cast<std::byte const*>(memory);
    condition = matrix<float>(shape.condition_width(), width);
    input = matrix<float>(shape.channels(), width);
    output = matrix<float>(width, shape.outputs());
    final_modulation = matrix<Storage, Between>(width, 2 * width);
    const std::size_t start = bytes;
    first_modulation = matrix<Storage, Between>(width, 3 * width);
    first_in = matrix<Storage, Between>(width, width);
    first_out = matrix<Storage, Between>(width, width);
    first_norm = reinterpret_cast<float const*>(part(2 * static_cast<std::size_t>(width) * sizeof(float)));
    block_bytes = static_cast<std::ptrdiff_t>(bytes - start);
    bytes = start + static_cast<std::size_t>(block_bytes) * static_cast<std::size_t>(shape.depth());
  }

  dense_matrix<Storage, Between> modulation(int d) const { return of_block(first_modulation, d); }  ///< of block d
  dense_matrix<Storage, Between> mlp_in(int d) const { return of_block(first_in, d); }              ///< of block d
  dense_matrix<Storage, Between> mlp_out(int d) const { return of_block(first_out, d); }            ///< of block d
  /// @brief Norm weight [W], then bias [W], of block d.
  float const* norm(int d) const { return shifted(first_norm, d); }

 private:
  template <class T>
  T const* shifted(T const* p, int d) const {
    return p == nullptr ? p : reinterpret_cast<T const*>(reinterpret_cast<char const*>(p) + d * block_bytes);
  }
  dense_matrix<Storage, Between> of_block(dense_matrix<Storage, Between> m, int d) const {
    return {shifted(m.weight, d), shifted(m.bias, d), m.inputs, m.outputs};
  }
  std::byte const* part(std::size_t size) {
    std::byte const* const place = base_ == nullptr ? nullptr : base_ + bytes;
    bytes += (size + 63) / 64 * 64;
    return place;
  }
  template <class T, class Output = float>
  dense_matrix<T, Output> matrix(int inputs, int outputs) {
    const auto size = static_cast<std::size_t>(inputs) * static_cast<std::size_t>(outputs) * sizeof(T);
    dense_matrix<T, Output> m;
    m.inputs = inputs;
    m.outputs = outputs;
    m.weight = reinterpret_cast<T const*>(part(size));
    m.bias = reinterpret_cast<Output const*>(part(static_cast<std::size_t>(outputs) * sizeof(Output)));
    return m;
  }

  std::byte const* base_ = nullptr;
};

/// @brief Bytes that a head's dense weights take; the memory must be aligned to 64 bytes.
/// @throws std::invalid_argument if W is not a multiple of 8
template <network_number Storage, class Between = float, class Shape>
std::size_t dense_bytes(Shape const& shape) {
  return dense_adaln_layout<Storage, Shape, Between>(shape, nullptr).bytes;
}

/// @brief Packs a head's weights into host memory, once, at load; a GPU's copy is these bytes.
/// @tparam Between  as the layout's
/// @param shape   the head's sizes
/// @param from    its weights, as PyTorch stores them
/// @param memory  dense_bytes<Storage, Between>(shape) bytes, aligned to 64
/// @throws std::invalid_argument if the number of blocks is not the shape's depth, W is not a multiple of 8, a weight
/// or bias is missing, not finite or too large for the type, or the memory is null or aligned to less. The time
/// embedding's are not read
template <network_number Storage, class Between = float, class Shape>
void pack_dense_adaln(Shape const& shape, adaln_weights const& from, void* memory) {
  detail::check_packing<Storage, Between>("ardent::pack_dense_adaln", shape, from, memory);
  const dense_adaln_layout<Storage, Shape, Between> to(shape, memory);
  const auto vector = [](float const* values, int count, float const* place) {
    std::memcpy(const_cast<float*>(place), values, static_cast<std::size_t>(count) * sizeof(float));
  };
  const auto numbers = []<class T>(float const* values, std::ptrdiff_t count, T const* place) {
    for (std::ptrdiff_t i = 0; i < count; ++i) {
      T& number = const_cast<T*>(place)[i];
      if constexpr (std::is_same_v<T, float>)
        number = values[i];
      else
        store_weight(values[i], number);
    }
  };
  const auto matrix = [&]<class T, class Output>(linear_weights const& w, dense_matrix<T, Output> const& m) {
    numbers(w.weight, static_cast<std::ptrdiff_t>(m.inputs) * m.outputs, m.weight);
    numbers(w.bias, m.outputs, m.bias);
  };
  matrix(from.condition, to.condition);
  matrix(from.input, to.input);
  matrix(from.output, to.output);
  matrix(from.final_modulation, to.final_modulation);
  for (int d = 0; d < shape.depth(); ++d) {
    adaln_block_weights const& block = from.blocks[static_cast<std::size_t>(d)];
    matrix(block.modulation, to.modulation(d));
    matrix(block.mlp_in, to.mlp_in(d));
    matrix(block.mlp_out, to.mlp_out(d));
    vector(block.norm_weight, shape.width(), to.norm(d));
    vector(block.norm_bias, shape.width(), to.norm(d) + shape.width());
  }
}

}  // namespace v0
}  // namespace ardent
