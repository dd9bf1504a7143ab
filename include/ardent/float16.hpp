// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief Half precision as a type of storage: what networks under fp16 autocast read and write.

#include <ardent/config.hpp>
#include <ardent/detail/float_math.hpp>

#include <cstdint>

namespace ardent {
inline namespace v0 {

/// @brief A number in IEEE half precision. Storage only: arithmetic is done in float or double.
struct float16 {
  std::uint16_t bits = 0;  ///< sign, 5 bits of exponent, 10 bits of fraction
};

/// @brief The value of a half, exactly; infinities and NaNs stay what they are.
ARDENT_INLINE float to_float(float16 x) {
#if defined(__CUDA_ARCH__)
  float out;
  asm("cvt.f32.f16 %0, %1;" : "=f"(out) : "h"(x.bits));
  return out;
#else
  const std::uint32_t magnitude = x.bits & 0x7fffu;
  const std::uint32_t sign = static_cast<std::uint32_t>(x.bits & 0x8000u) << 16;
  // below 2^-14 a half is a multiple of 2^-24; above, its exponent moves from bias 15 to bias 127
  const float tiny = static_cast<float>(magnitude) * 0x1p-24f;
  const std::uint32_t special = magnitude >= 0x7c00u ? 0x7f800000u : 0u;
  const std::uint32_t normal = ((magnitude << 13) + 0x38000000u) | special;
  return detail::bits_to_float((magnitude < 0x400u ? detail::float_to_bits(tiny) : normal) | sign);
#endif
}

/// @brief The nearest half, halves to even; from 65520 on that is infinity. A NaN stays one.
ARDENT_INLINE void store_weight(float x, float16& out) {
#if defined(__CUDA_ARCH__)
  asm("cvt.rn.f16.f32 %0, %1;" : "=h"(out.bits) : "f"(x));
#else
  const std::uint32_t bits = detail::float_to_bits(x);
  const std::uint32_t magnitude = bits & 0x7fffffffu;
  const std::uint32_t sign = bits >> 16 & 0x8000u;
  // adding 1/2, whose last bit is 2^-24, rounds as a half below 2^-14 is rounded
  const std::uint32_t tiny = detail::float_to_bits(detail::bits_to_float(magnitude) + 0.5f) - 0x3f000000u;
  const std::uint32_t normal = (magnitude - 0x38000000u + 0xfffu + (magnitude >> 13 & 1u)) >> 13;
  std::uint32_t half = magnitude < 0x38800000u ? tiny : normal;
  if (magnitude >= 0x477ff000u) half = 0x7c00u;
  if (magnitude > 0x7f800000u) half = 0x7e00u | magnitude >> 13;
  out.bits = static_cast<std::uint16_t>((half & 0x7fffu) | sign);
#endif
}

}  // namespace v0
}  // namespace ardent
