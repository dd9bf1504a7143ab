// SPDX-License-Identifier: Apache-2.0
//
// Rounding to integers and the small helpers of the constant-expression mathematics.
#include <doctest/doctest.h>

#include <ardent/detail/math.hpp>

#include <cfenv>
#include <cmath>
#include <vector>

#include "math/accuracy.hpp"

namespace {

namespace detail = ardent::detail;

std::vector<double> points() {
  std::vector<double> halves;
  for (int n = -2000; n <= 2000; ++n) halves.push_back(n / 2.0);
  for (double const x : {1e6, 1e9, 2147483646.0}) {
    halves.push_back(x);
    halves.push_back(x - 0.5);
    halves.push_back(-x + 0.5);
  }
  return test::join({test::neighbours(halves, 2), test::between(-1000, 1000, 100000)});
}

}  // namespace

TEST_CASE("math: nearest_even rounds halves to even") {
  REQUIRE(std::fegetround() == FE_TONEAREST);
  for (double const x : points()) {
    INFO(x);
    REQUIRE(detail::nearest_even(x) == static_cast<int>(std::nearbyint(x)));
  }
  static_assert(detail::nearest_even(0.5) == 0 && detail::nearest_even(1.5) == 2 && detail::nearest_even(2.5) == 2);
  static_assert(detail::nearest_even(-0.5) == 0 && detail::nearest_even(-1.5) == -2 &&
                detail::nearest_even(-2.5) == -2);
}

TEST_CASE("math: floor_to_int is the floor") {
  for (double const x : points()) {
    INFO(x);
    REQUIRE(detail::floor_to_int(x) == static_cast<int>(std::floor(x)));
  }
  static_assert(detail::floor_to_int(-0.5) == -1 && detail::floor_to_int(-1) == -1 && detail::floor_to_int(0.999) == 0);
}

TEST_CASE("math: nearest is within a half") {
  for (double const x : points()) {
    INFO(x);
    REQUIRE(std::abs(detail::nearest(x) - x) <= 0.5);
  }
  static_assert(detail::nearest(2.5) == 3 && detail::nearest(-2.5) == -3 && detail::nearest(0.4) == 0);
}

TEST_CASE("math: powers of two") {
  for (int n = -1022; n <= 1023; ++n) CHECK(detail::power_of_two(n) == std::ldexp(1.0, n));
}

TEST_CASE("math: the smaller, the larger, the absolute value") {
  static_assert(detail::smaller(1, 2) == 1 && detail::smaller(2, 1) == 1 && detail::smaller(-1, -2) == -2);
  static_assert(detail::larger(1, 2) == 2 && detail::larger(2, 1) == 2 && detail::larger(-1, -2) == -1);
  static_assert(detail::absolute(-3) == 3 && detail::absolute(3) == 3 && detail::absolute(0) == 0);
}

TEST_CASE("math: a product of reals is rounded before it is added to") {
  // (1 + u)^2 - 1 - 2 u = u^2 if the product is fused with the subtraction, and 0 if it is rounded: u^2 is below an ulp
  double volatile opaque = 1 + 0x1p-30;
  detail::real const x = opaque;
  CHECK((x * x - detail::real(1 + 0x1p-29)).value == 0);
  static_assert((detail::real(1 + 0x1p-30) * detail::real(1 + 0x1p-30) - detail::real(1 + 0x1p-29)).value == 0);
}
