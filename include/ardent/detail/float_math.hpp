// SPDX-License-Identifier: Apache-2.0
#pragma once

// Elementary functions in float for kernel bodies: straight-line code without calls or branches, so that host loops
// vectorise and device code has no CALL. tests/math/float_math_test.cpp enforces the error bounds stated here.

#include <ardent/config.hpp>

#include <cstdint>

namespace ardent {
inline namespace v0 {
namespace detail {

ARDENT_INLINE float bits_to_float(std::uint32_t bits) {
  float x;
  __builtin_memcpy(&x, &bits, sizeof x);
  return x;
}

ARDENT_INLINE std::uint32_t float_to_bits(float x) {
  std::uint32_t bits;
  __builtin_memcpy(&bits, &x, sizeof bits);
  return bits;
}

/// exp(x) with x clamped to [-87, 88]. Relative error below 3e-7.
ARDENT_INLINE float exp_float(float x) {
  x = x < -87.0f ? -87.0f : x;
  x = x > 88.0f ? 88.0f : x;
  // adding 1.5 * 2^23 leaves the nearest integer in the low bits of the sum
  const float shifted = x * 1.44269504f + 12582912.0f;
  const float k = shifted - 12582912.0f;
  const float r = (x - k * 0.693359375f) + k * 2.12194440e-4f;
  float p = 1.0f / 5040;
  p = p * r + 1.0f / 720;
  p = p * r + 1.0f / 120;
  p = p * r + 1.0f / 24;
  p = p * r + 1.0f / 6;
  p = p * r + 0.5f;
  p = p * r + 1.0f;
  p = p * r + 1.0f;
  return bits_to_float(float_to_bits(p) + (float_to_bits(shifted) << 23));
}

/// a / b; on a device within 2 ulp, and 0 for |b| above 2^126. A plain division calls a subroutine there.
ARDENT_INLINE float quotient(float a, float b) {
#if defined(__CUDA_ARCH__)
  return __fdividef(a, b);
#else
  return a / b;
#endif
}

/// x / (1 + exp(-x)). Relative error below 6e-7 for |x| < 80; on a device below (6 + 1.2 |x|) 2^-23, from the bounds of
/// its exponential and division (CUDA C++ Programming Guide 13.0, "Intrinsic Functions").
ARDENT_INLINE float silu(float x) {
#if defined(__CUDA_ARCH__)
  return __fdividef(x, 1.0f + __expf(-x));
#else
  return x / (1.0f + exp_float(-x));
#endif
}

/// 1 / sqrt(x), x > 0.
ARDENT_INLINE float reciprocal_sqrt(float x) {
#if defined(__CUDA_ARCH__)
  return rsqrtf(x);
#else
  return 1.0f / __builtin_sqrtf(x);
#endif
}

/// log(x), x a positive normal float. Error below 2e-7 * max(1, |log x|).
ARDENT_INLINE float log_float(float x) {
  const std::uint32_t bits = float_to_bits(x);
  // subtracting sqrt(1/2)'s bits moves the split between exponents from 1 to sqrt(1/2)
  const std::int32_t k = static_cast<std::int32_t>(bits - 0x3f3504f3u) >> 23;
  const float m = bits_to_float(bits - (static_cast<std::uint32_t>(k) << 23));
  const float f = m - 1.0f;
  const float s = quotient(f, 2.0f + f);
  const float z = s * s;
  float p = 2.0f / 9;
  p = p * z + 2.0f / 7;
  p = p * z + 2.0f / 5;
  p = p * z + 2.0f / 3;
  const float series = s * z * p + 2.0f * s;
  return static_cast<float>(k) * 0.693147181f + series;
}

struct sine_cosine {
  float sine, cosine;
};

/// Sine and cosine of 2 pi u, u in [0, 1]. Absolute error below 2e-7.
ARDENT_INLINE sine_cosine sine_cosine_of_turns(float u) {
  const float quarters = u * 4.0f;
  const int n = static_cast<int>(quarters + 0.5f);
  const float r = (quarters - static_cast<float>(n)) * 1.57079633f;
  const float z = r * r;
  float s = 1.0f / 362880;
  s = s * z - 1.0f / 5040;
  s = s * z + 1.0f / 120;
  s = s * z - 1.0f / 6;
  s = s * z * r + r;
  float c = -1.0f / 3628800;
  c = c * z + 1.0f / 40320;
  c = c * z - 1.0f / 720;
  c = c * z + 1.0f / 24;
  c = c * z - 0.5f;
  c = c * z + 1.0f;
  const float sine = (n & 1) == 0 ? s : c;
  const float cosine = (n & 1) == 0 ? c : s;
  // of the quadrants 0 to 3, the sine is negative in 2 and 3 and the cosine in 1 and 2; n = 4 is quadrant 0
  return {(n & 2) != 0 ? -sine : sine, ((n + 1) & 2) != 0 ? -cosine : cosine};
}

}  // namespace detail
}  // namespace v0
}  // namespace ardent
