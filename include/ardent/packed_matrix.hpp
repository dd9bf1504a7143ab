// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief A linear layer's weights, packed once at load into panels of 16 outputs.

#include <ardent/config.hpp>
#include <ardent/detail/float_math.hpp>

#include <cstddef>
#include <cstdint>

namespace ardent {
inline namespace v0 {

/// @brief A weight in bfloat16: the upper half of a float's bits.
struct bfloat16 {
  std::uint16_t bits = 0;  ///< sign, 8 bits of exponent, 7 bits of fraction
};

/// @brief The value of a stored weight.
ARDENT_INLINE float to_float(float x) { return x; }
/// @brief The value of a stored weight.
ARDENT_INLINE float to_float(bfloat16 x) { return detail::bits_to_float(static_cast<std::uint32_t>(x.bits) << 16); }

/// @brief The nearest stored weight.
ARDENT_INLINE void store_weight(float x, float& out) { out = x; }
/// @brief The nearest stored weight, halves to even; a NaN stays one.
ARDENT_INLINE void store_weight(float x, bfloat16& out) {
  const std::uint32_t bits = detail::float_to_bits(x);
  if ((bits & 0x7fffffffu) > 0x7f800000u) {
    out.bits = static_cast<std::uint16_t>(bits >> 16 | 0x40u);
    return;
  }
  out.bits = static_cast<std::uint16_t>((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
}

/// @brief Outputs in a panel.
inline constexpr int panel_width = 16;

/// @brief A view of y = W x + b with W [outputs][inputs], as panels [inputs][16] of 16 outputs each, the last padded
/// with zeros. It does not own its memory.
/// @tparam Storage  float or bfloat16
template <class Storage>
struct packed_matrix {
  Storage const* data = nullptr;  ///< [panels][inputs][16]
  float const* bias = nullptr;    ///< [outputs]
  int inputs = 0;                 ///< inner dimension
  int outputs = 0;                ///< outputs

  /// @brief Number of panels.
  ARDENT_INLINE int panels() const { return (outputs + panel_width - 1) / panel_width; }
  /// @brief One weight.
  ARDENT_INLINE float weight(int input, int output) const {
    const std::ptrdiff_t panel = output / panel_width;
    return to_float(data[(panel * inputs + input) * panel_width + output % panel_width]);
  }
};

/// @brief Elements that a packed matrix takes.
constexpr std::size_t packed_size(int inputs, int outputs) {
  return static_cast<std::size_t>((outputs + panel_width - 1) / panel_width) * static_cast<std::size_t>(inputs) *
         panel_width;
}

/// @brief Packs a linear layer.
/// @param weights  [outputs][inputs], as PyTorch stores them
/// @param out      packed_size(inputs, outputs) elements
template <class Storage>
void pack_matrix(float const* weights, int inputs, int outputs, Storage* out) {
  for (int first = 0; first < outputs; first += panel_width)
    for (int k = 0; k < inputs; ++k)
      for (int j = 0; j < panel_width; ++j)
        store_weight(first + j < outputs ? weights[static_cast<std::ptrdiff_t>(first + j) * inputs + k] : 0.0f, *out++);
}

}  // namespace v0
}  // namespace ardent
