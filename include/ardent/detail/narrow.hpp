// SPDX-License-Identifier: Apache-2.0
#pragma once

// Rows of activations as blocks without vectors narrow them and read them. (host_narrow.hpp: with vectors.)

#include <ardent/packed_matrix.hpp>

namespace ardent {
inline namespace v0 {
namespace detail {

/// The whole number nearest to v, halves to even; |v| below 2^22.
ARDENT_INLINE std::int32_t nearest_whole(float v) {
  return static_cast<std::int32_t>(float_to_bits(v + 12582912.0f) - 0x4b400000u);
}

/// What a row of that largest magnitude is multiplied with to become whole numbers in [-127, 127]. A row that is not
/// finite becomes zeros with a scale that is not finite either, and makes its products so: NaN.
ARDENT_INLINE float int8_factor(float largest) { return largest > 0 ? quotient(127.0f, largest) : 0.0f; }

/// bfloat16: floats that are rounded. 8 bits: the header, then 16-bit whole numbers.
template <class Storage>
ARDENT_INLINE void narrow_row(float const* x, int inputs, std::byte* to) {
  const int padded = grouped_inputs<Storage>(inputs);
  if constexpr (std::is_same_v<Storage, bfloat16>) {
    float* const out = reinterpret_cast<float*>(to);
    for (int k = 0; k < padded; ++k) {
      bfloat16 rounded;
      store_weight(k < inputs ? x[k] : 0.0f, rounded);
      out[k] = to_float(rounded);
    }
  } else {
    std::uint32_t largest = 0;  // as bits, of which a NaN has the most
    for (int k = 0; k < inputs; ++k) {
      const std::uint32_t magnitude = float_to_bits(x[k]) & 0x7fffffffu;
      largest = magnitude > largest ? magnitude : largest;
    }
    const float factor = int8_factor(bits_to_float(largest));
    const bool finite = largest < 0x7f800000u;
    std::int16_t* const out = reinterpret_cast<std::int16_t*>(to + sizeof(int8_row));
    int8_row row;
    row.scale = bits_to_float(largest) * (1.0f / 127);
    for (int k = 0; k < padded; ++k) {
      const std::int32_t q = finite && k < inputs ? nearest_whole(x[k] * factor) : 0;
      out[k] = static_cast<std::int16_t>(q);
      row.sum += q;
    }
    *reinterpret_cast<int8_row*>(to) = row;
  }
}

/// bias + sum over k of x(row, k) * matrix(k, c), by a single thread.
template <class Storage>
ARDENT_INLINE float single_product(product_rows<Storage> const& x, int r, packed_matrix<Storage> const& matrix, int c) {
  const auto row = x.data + static_cast<std::ptrdiff_t>(r) * x.stride;
  if constexpr (std::is_same_v<Storage, int8_weight>) {
    std::int16_t const* const from = reinterpret_cast<std::int16_t const*>(row + sizeof(int8_row));
    std::int32_t sum = 0;
    for (int k = 0; k < matrix.inputs; ++k) sum += from[k] * static_cast<std::int32_t>(matrix.weight(k, c));
    return static_cast<float>(sum) * (reinterpret_cast<int8_row const*>(row)->scale * matrix.scale[c]) + matrix.bias[c];
  } else {
    float const* const from = reinterpret_cast<float const*>(row);
    float sum = 0;
    for (int k = 0; k < matrix.inputs; ++k) sum += from[k] * matrix.weight(k, c);
    return sum + matrix.bias[c];
  }
}

}  // namespace detail
}  // namespace v0
}  // namespace ardent
