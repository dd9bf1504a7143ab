// SPDX-License-Identifier: Apache-2.0
//
// The two functions that a transformer needs beside multiplication, in straight-line code that vectorises and whose
// bits depend on the instruction set alone (the standard library's differ from machine to machine).
// tests/examples/common/transformer_math_test.cpp enforces the error bounds.
#pragma once

#include <bit>
#include <cstdint>

#include <ardent/config.hpp>

namespace examples::transformer {

/// @brief exp(x) for x <= 0; below -87, exp(-87). Relative error below 2e-7.
ARDENT_INLINE float exp_of_negative(float x) {
  x = x < -87.0F ? -87.0F : x;
  // Adding 1.5 * 2^23 leaves the nearest integer to x / log 2 in the low bits of the sum.
  float const shifted = x * 1.44269504F + 12582912.0F;
  float const k = shifted - 12582912.0F;
  // log 2 in two parts, the first of which has so few bits that its product with k is exact
  float const r = (x - k * 0.693359375F) + k * 2.12194440e-4F;
  float p = 1.0F / 5040;  // Taylor's series: |r| is below 0.35
  p = p * r + 1.0F / 720;
  p = p * r + 1.0F / 120;
  p = p * r + 1.0F / 24;
  p = p * r + 1.0F / 6;
  p = p * r + 0.5F;
  p = p * r + 1.0F;
  p = p * r + 1.0F;
  return std::bit_cast<float>(std::bit_cast<std::uint32_t>(p) + (std::bit_cast<std::uint32_t>(shifted) << 23));
}

/// @brief GELU, x Phi(x) with Phi the normal distribution function. Error below 3e-7 max(1, |x|).
///
/// Phi(x) - 1/2 is x P(x^2) / Q(x^2) up to 2.5e-8 where |x| <= 5.6, and beyond that Phi is 0 or 1 up to 1.1e-8. P and Q
/// were found by weighted least squares on Chebyshev nodes, the weights raised where the error was large until it was
/// even.
ARDENT_INLINE float gelu(float x) {
  float const low = x < -5.6F ? -5.6F : x;
  float const c = low > 5.6F ? 5.6F : low;
  float const u = c * c;
  float p = 1.08023333e-10F;
  p = p * u - 2.19976286e-8F;
  p = p * u + 3.36186304e-6F;
  p = p * u + 1.82489501e-4F;
  p = p * u + 4.58768755e-3F;
  p = p * u + 3.71145494e-2F;
  p = p * u + 0.398942113F;
  float q = 6.62555249e-5F;
  q = q * u + 1.90159818e-3F;
  q = q * u + 2.97871772e-2F;
  q = q * u + 0.259696513F;
  q = q * u + 1.0F;
  return x * (0.5F + c * p / q);
}

}  // namespace examples::transformer
