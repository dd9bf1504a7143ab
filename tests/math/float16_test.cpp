// SPDX-License-Identifier: Apache-2.0
//
// float16: every half's value against its definition in double, and rounding to the nearest half, halves to even.
#include <doctest/doctest.h>

#include <ardent/float16.hpp>

#include <cmath>
#include <cstdint>
#include <limits>

namespace {

// By the definition of the format.
double value_of(std::uint16_t bits) {
  int const exponent = bits >> 10 & 31, fraction = bits & 1023;
  double const magnitude = exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25);
  return bits >> 15 ? -magnitude : magnitude;
}

std::uint16_t stored(float x) {
  ardent::float16 out;
  ardent::store_weight(x, out);
  return out.bits;
}

}  // namespace

TEST_CASE("float16: every half has its value, and is the nearest to itself") {
  for (int i = 0; i < 65536; ++i) {
    auto const bits = static_cast<std::uint16_t>(i);
    float const x = ardent::to_float(ardent::float16{bits});
    INFO("bits " << i);
    REQUIRE(std::signbit(x) == (i >= 32768));
    if ((i & 0x7c00) != 0x7c00)
      REQUIRE(static_cast<double>(x) == value_of(bits));
    else if ((i & 0x3ff) == 0)
      REQUIRE(std::isinf(x));
    else
      REQUIRE(std::isnan(x));
    if ((i & 0x7fff) <= 0x7c00)
      REQUIRE(stored(x) == bits);
    else
      REQUIRE(std::isnan(ardent::to_float(ardent::float16{stored(x)})));
  }
}

TEST_CASE("float16: rounds to the nearest, halves to even") {
  for (int i = 0; i < 0x7bff; ++i) {
    auto const below = static_cast<std::uint16_t>(i), above = static_cast<std::uint16_t>(i + 1);
    // exact: a float has 13 bits more
    auto const middle = static_cast<float>((value_of(below) + value_of(above)) / 2);
    std::uint16_t const even = i % 2 == 0 ? below : above;
    INFO("above bits " << i);
    REQUIRE(stored(middle) == even);
    REQUIRE(stored(-middle) == (even | 0x8000));
    REQUIRE(stored(std::nextafter(middle, 0.0f)) == below);
    REQUIRE(stored(std::nextafter(middle, 1e30f)) == above);
  }
}

TEST_CASE("float16: from 65520 on it is infinity, and what is tiny is zero") {
  CHECK(stored(65504.0f) == 0x7bff);
  CHECK(stored(std::nextafter(65520.0f, 0.0f)) == 0x7bff);
  CHECK(stored(65520.0f) == 0x7c00);
  CHECK(stored(-65520.0f) == 0xfc00);
  CHECK(stored(std::numeric_limits<float>::max()) == 0x7c00);
  CHECK(stored(std::numeric_limits<float>::infinity()) == 0x7c00);
  CHECK(stored(-std::numeric_limits<float>::infinity()) == 0xfc00);
  CHECK(stored(0x1p-25f) == 0);
  CHECK(stored(std::nextafter(0x1p-25f, 1.0f)) == 1);
  CHECK(stored(-std::numeric_limits<float>::denorm_min()) == 0x8000);
}
