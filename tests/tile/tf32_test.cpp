// SPDX-License-Identifier: Apache-2.0
//
// Rounding to TF32: the nearest of its numbers, and infinities and every kind of NaN as they are. A GPU's own NaN has
// all bits set.
#include <doctest/doctest.h>
#include <ardent/tile/format.hpp>

#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <limits>

namespace {

using ardent::detail::bits_to_float;

float rounded(float x) { return bits_to_float(ardent::detail::to_tf32(x)); }

TEST_CASE("to_tf32: 11 significant bits, the nearest, halves away from zero") {
  constexpr double ulp = 0x1p-10;
  for (float const sign : {1.0f, -1.0f})
    for (int i = 0; i < 1024; ++i) {
      CAPTURE(i);
      double const here = 1 + i * ulp;
      auto const check = [&](double x, double expected) {
        CHECK(static_cast<double>(rounded(sign * static_cast<float>(x))) == static_cast<double>(sign) * expected);
      };
      check(here, here);
      check(here + ulp / 2, here + ulp);
      check(here + ulp / 2 - 0x1p-23, here);
    }
}

TEST_CASE("to_tf32: infinities and NaNs stay what they are") {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  CHECK(rounded(infinity) == infinity);
  CHECK(rounded(-infinity) == -infinity);
  for (std::uint32_t const bits : {0x7fffffffu, 0xffffffffu, 0x7ffff000u, 0x7fc00000u, 0xffc00000u, 0x7f800001u}) {
    CAPTURE(bits);
    CHECK(std::isnan(rounded(bits_to_float(bits))));
  }
}

}  // namespace
