// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief A linear layer's weights, packed once at load into panels of 16 outputs; and the rows they are multiplied
/// with.

#include <ardent/config.hpp>
#include <ardent/detail/float_math.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <type_traits>

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

/// @brief A weight in 8 bits, a whole number of its output's scale.
struct int8_weight {
  std::uint8_t bits = 128;  ///< the number in [-127, 127], plus 128
};

/// @brief The whole number that is stored.
ARDENT_INLINE float to_float(int8_weight x) { return static_cast<float>(static_cast<int>(x.bits) - 128); }
/// @brief The nearest whole number in [-127, 127], halves to even; a NaN becomes 0.
/// @param x    the weight divided by its output's scale
/// @param out  the number that is stored
inline void store_weight(float x, int8_weight& out) {
  const float bounded = x > 127 ? 127.0f : x < -127 ? -127.0f : x == x ? x : 0.0f;
  out.bits = static_cast<std::uint8_t>(static_cast<int>(std::nearbyint(bounded)) + 128);
}

/// @brief Outputs in a panel.
inline constexpr int panel_width = 16;

/// @brief Inner elements of an output that lie together in a panel: what fills 32 bits.
template <class Storage>
inline constexpr int weight_group = 4 / static_cast<int>(sizeof(Storage));

/// @brief Inner elements of a packed matrix, with the zeros that fill the last group.
template <class Storage>
ARDENT_HD constexpr int grouped_inputs(int inputs) {
  return (inputs + weight_group<Storage> - 1) / weight_group<Storage> * weight_group<Storage>;
}

/// @brief A view of y = W x + b with W [outputs][inputs], as panels [inputs / g][16][g] of 16 outputs each with
/// g = weight_group<Storage>, the last padded with zeros. It does not own its memory.
/// @tparam Storage  float, bfloat16 or int8_weight
template <class Storage>
struct packed_matrix {
  Storage const* data = nullptr;  ///< [panels][inputs / g][16][g]
  float const* bias = nullptr;    ///< [outputs]
  int inputs = 0;                 ///< inner dimension
  int outputs = 0;                ///< outputs
  float const* scale = nullptr;   ///< [outputs] of int8_weight; else null

  /// @brief Number of panels.
  ARDENT_INLINE int panels() const { return (outputs + panel_width - 1) / panel_width; }
  /// @brief One weight; of int8_weight, without its scale.
  ARDENT_INLINE float weight(int input, int output) const {
    constexpr int g = weight_group<Storage>;
    const std::ptrdiff_t group =
        static_cast<std::ptrdiff_t>(output / panel_width) * (grouped_inputs<Storage>(inputs) / g) + input / g;
    return to_float(data[(group * panel_width + output % panel_width) * g + input % g]);
  }
};

/// @brief Elements that a packed matrix takes.
template <class Storage = float>
constexpr std::size_t packed_size(int inputs, int outputs) {
  return static_cast<std::size_t>((outputs + panel_width - 1) / panel_width) *
         static_cast<std::size_t>(grouped_inputs<Storage>(inputs)) * panel_width;
}

/// @brief Packs a linear layer.
/// @param row      row(n): the weights of output n, [inputs]
/// @param inputs   numbers that the layer reads
/// @param outputs  numbers that it writes
/// @param out      packed_size<Storage>(inputs, outputs) elements
/// @param scales   [outputs], written for int8_weight: the largest magnitude becomes 127; else null
/// @throws std::invalid_argument if a weight is not finite that the storage could not show: int8_weight's
template <class Storage, class Row>
void pack_rows(Row const& row, int inputs, int outputs, Storage* out, float* scales = nullptr) {
  constexpr int g = weight_group<Storage>;
  const int groups = grouped_inputs<Storage>(inputs) / g;
  for (int first = 0; first < outputs; first += panel_width, out += groups * panel_width * g)
    for (int j = 0; j < panel_width; ++j) {
      const int n = first + j;
      float const* const from = n < outputs ? row(n) : nullptr;
      float factor = 1;
      if constexpr (std::is_same_v<Storage, int8_weight>) {
        float largest = 0;
        for (int k = 0; from != nullptr && k < inputs; ++k) {
          if (!std::isfinite(from[k]))
            throw std::invalid_argument("ardent::pack_rows: expected finite weights, found " + std::to_string(from[k]) +
                                        " at output " + std::to_string(n) + ", input " + std::to_string(k));
          largest = std::fmax(largest, std::fabs(from[k]));
        }
        if (n < outputs) scales[n] = largest > 0 ? largest / 127 : 1.0f;
        factor = largest > 0 ? 127 / largest : 1.0f;
      }
      for (int k = 0; k < groups * g; ++k)
        store_weight(from != nullptr && k < inputs ? from[k] * factor : 0.0f,
                     out[(k / g * panel_width + j) * g + k % g]);
    }
}

/// @brief Packs a linear layer.
/// @param weights  [outputs][inputs], as PyTorch stores them
/// @param inputs   numbers that the layer reads
/// @param outputs  numbers that it writes
/// @param out,scales  see pack_rows
/// @throws what pack_rows throws
template <class Storage>
void pack_matrix(float const* weights, int inputs, int outputs, Storage* out, float* scales = nullptr) {
  pack_rows([=](int n) { return weights + static_cast<std::ptrdiff_t>(n) * inputs; }, inputs, outputs, out, scales);
}

/// @brief Rows of activations as products with weights of a storage read them. Floats are read as they are; other
/// storages have them narrowed before (block_group's `narrow`).
template <class Storage>
struct product_rows {
  std::byte* data = nullptr;  ///< row r begins at data + r * stride
  int stride = 0;             ///< bytes, narrowed_bytes<Storage>(inputs)
};

/// @brief Rows of floats.
template <>
struct product_rows<float> {
  float const* data = nullptr;  ///< row r begins at data + r * stride
  int stride = 0;               ///< floats
};

/// @brief What stands before a row narrowed to 8 bits.
struct int8_row {
  float scale = 0;       ///< of the row: its largest magnitude is 127 scales
  std::int32_t sum = 0;  ///< of the row's whole numbers
};

/// @brief Bytes of a narrowed row, an odd multiple of 64 (rows then do not all want the same lines of a first-level
/// cache): in the widest of the forms that some block gives it, with room for the zeros that fill a vector of 16.
/// 0 for float.
template <class Storage>
ARDENT_HD constexpr int narrowed_bytes(int inputs) {
  if (std::is_same_v<Storage, float>) return 0;
  const int padded = (inputs + 15) / 16 * 16;
  const int bytes = std::is_same_v<Storage, bfloat16> ? 4 * padded : static_cast<int>(sizeof(int8_row)) + 2 * padded;
  return ((bytes + 63) / 64 | 1) * 64;
}

}  // namespace v0
}  // namespace ardent
