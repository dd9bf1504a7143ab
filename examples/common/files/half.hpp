// SPDX-License-Identifier: Apache-2.0
//
// The two 16-bit floating-point formats of weight files, converted to and from float exactly as IEEE 754 says: to
// nearest, ties to even, with subnormals, infinities and NaN, whatever the machine's own modes are.
#pragma once

#include <bit>
#include <cstdint>

namespace examples {

/// @brief Rounds to bfloat16 (8 exponent bits, 7 fraction bits).
/// @param value any float; beyond the largest finite bfloat16 by half a unit or more it becomes infinity
/// @return the bits of the nearest bfloat16, ties to even; NaN stays a (quiet) NaN
[[nodiscard]] constexpr std::uint16_t to_bfloat16(float value) noexcept {
  auto const bits = std::bit_cast<std::uint32_t>(value);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return static_cast<std::uint16_t>((bits >> 16) | 0x40u);
  // Just under half a unit, plus one if the kept part is odd: carries exactly when to-nearest-even rounds up.
  return static_cast<std::uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

/// @brief The value of a bfloat16; exact.
[[nodiscard]] constexpr float from_bfloat16(std::uint16_t bits) noexcept {
  return std::bit_cast<float>(std::uint32_t{bits} << 16);
}

/// @brief Rounds to IEEE binary16 (5 exponent bits, 10 fraction bits).
/// @param value any float; from 65520 on in magnitude it becomes infinity, up to 2^-25 zero
/// @return the bits of the nearest binary16, ties to even; NaN stays a (quiet) NaN
[[nodiscard]] constexpr std::uint16_t to_float16(float value) noexcept {
  auto const bits = std::bit_cast<std::uint32_t>(value);
  std::uint32_t const sign = (bits >> 16) & 0x8000u;
  std::uint32_t const magnitude = bits & 0x7fffffffu;
  if (magnitude > 0x7f800000u) return static_cast<std::uint16_t>(sign | 0x7e00u | ((magnitude >> 13) & 0x3ffu));
  if (magnitude >= 0x477ff000u) return static_cast<std::uint16_t>(sign | 0x7c00u);  // 65520: rounds past 65504

  std::uint32_t fraction = 0;  // the result's bits are fraction >> shift, rounded
  std::uint32_t shift = 0;
  if (magnitude >= 0x38800000u) {  // 2^-14, the smallest normal binary16: move the exponent's bias from 127 to 15
    fraction = magnitude - (112u << 23);
    shift = 13;
  } else {  // subnormal: count units of 2^-24
    std::uint32_t const exponent = magnitude >> 23;
    if (exponent < 102u) return static_cast<std::uint16_t>(sign);  // below 2^-25, half of the smallest
    fraction = (magnitude & 0x7fffffu) | 0x800000u;
    shift = 126u - exponent;  // 14 to 24
  }
  std::uint32_t const half = 1u << (shift - 1u);
  std::uint32_t const rounded = (fraction + (half - 1u) + ((fraction >> shift) & 1u)) >> shift;
  return static_cast<std::uint16_t>(sign | rounded);
}

/// @brief The value of an IEEE binary16; exact.
[[nodiscard]] constexpr float from_float16(std::uint16_t bits) noexcept {
  std::uint32_t const sign = (std::uint32_t{bits} & 0x8000u) << 16;
  std::uint32_t const exponent = (std::uint32_t{bits} >> 10) & 0x1fu;
  std::uint32_t const fraction = std::uint32_t{bits} & 0x3ffu;
  if (exponent == 0) {
    float const magnitude = static_cast<float>(fraction) * 0x1p-24f;
    return sign != 0 ? -magnitude : magnitude;
  }
  std::uint32_t const wide = exponent == 31u ? 255u : exponent + 112u;
  return std::bit_cast<float>(sign | (wide << 23) | (fraction << 13));
}

}  // namespace examples
