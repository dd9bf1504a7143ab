// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief An 8-bit weight, E4M3: it stands with a scale for each output of its matrix.

#include <ardent/detail/float_math.hpp>

#include <cstdint>

namespace ardent {
inline namespace v0 {

/// @brief A weight in 8 bits: sign, 4 bits of exponent (bias 7), 3 of fraction; no infinity, largest value 448.
/// Source: FP8 formats for deep learning (arXiv 2209.05433), E4M3.
struct float8_e4m3 {
  std::uint8_t bits = 0;                          ///< sign, exponent, fraction; 0x7f and 0xff are NaN
  static constexpr float largest_value = 448.0f;  ///< largest finite value
};

/// @brief The value of a stored weight.
ARDENT_INLINE float to_float(float8_e4m3 x) {
  if ((x.bits & 0x7fu) == 0x7fu) return detail::bits_to_float(0x7fc00000u | static_cast<std::uint32_t>(x.bits) << 24);
  // the fields in a float's place make 2^-120 of the value, subnormals included
  const std::uint32_t fields = static_cast<std::uint32_t>(x.bits & 0x7fu) << 20;
  const std::uint32_t sign = static_cast<std::uint32_t>(x.bits & 0x80u) << 24;
  return detail::bits_to_float(fields | sign) * 0x1p120f;
}

/// @brief The nearest stored weight, halves to even; beyond the largest value it is the largest; a NaN stays one.
ARDENT_INLINE void store_weight(float x, float8_e4m3& out) {
  const std::uint32_t sign = detail::float_to_bits(x) >> 24 & 0x80u;
  const float magnitude = detail::bits_to_float(detail::float_to_bits(x) & 0x7fffffffu);
  std::uint32_t code = 0x7fu;
  if (magnitude >= float8_e4m3::largest_value) {
    code = 0x7eu;
  } else if (magnitude < 0x1p-6f) {
    // subnormal: steps of 2^-9; adding 1.5 * 2^23 rounds to an integer, halves to even
    code = static_cast<std::uint32_t>(magnitude * 0x1p9f + 12582912.0f - 12582912.0f);
  } else if (magnitude < float8_e4m3::largest_value) {
    const std::uint32_t bits = detail::float_to_bits(magnitude);
    const std::uint32_t rounded = bits + 0x7ffffu + (bits >> 20 & 1u);
    code = (rounded >> 20) - (120u << 3);
  }
  out.bits = static_cast<std::uint8_t>(sign | code);
}

}  // namespace v0
}  // namespace ardent
