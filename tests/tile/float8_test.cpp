// SPDX-License-Identifier: Apache-2.0
//
// E4M3: every code's value by the format's definition, rounding to the nearest of them, and the exact way to bfloat16.
#include <doctest/doctest.h>
#include <ardent/tile/format.hpp>

#include <cmath>
#include <cstdint>
#include <limits>

namespace {

using ardent::float8_e4m3;
using ardent::to_float;

double by_definition(int code) {
  int const exponent = code >> 3 & 15, fraction = code & 7;
  double const sign = code < 128 ? 1 : -1;
  if (exponent == 0) return sign * std::ldexp(fraction / 8.0, -6);
  if (exponent == 15 && fraction == 7) return std::numeric_limits<double>::quiet_NaN();
  return sign * std::ldexp(1 + fraction / 8.0, exponent - 7);
}

float8_e4m3 rounded(float x) {
  float8_e4m3 out;
  ardent::store_weight(x, out);
  return out;
}

TEST_CASE("float8_e4m3: the value of every code, and its way back") {
  for (int code = 0; code < 256; ++code) {
    CAPTURE(code);
    float8_e4m3 const x{static_cast<std::uint8_t>(code)};
    double const expected = by_definition(code);
    if (std::isnan(expected)) {
      CHECK(std::isnan(to_float(x)));
      CHECK(std::isnan(to_float(rounded(to_float(x)))));
    } else {
      CHECK(static_cast<double>(to_float(x)) == expected);
      CHECK(rounded(to_float(x)).bits == code);
    }
  }
}

TEST_CASE("float8_e4m3: the nearest value, halves to even, saturating") {
  for (int code = 0; code < 126; ++code) {
    CAPTURE(code);
    double const here = by_definition(code), next = by_definition(code + 1);
    auto const middle = static_cast<float>((here + next) / 2);
    CHECK(rounded(middle).bits == (code % 2 == 0 ? code : code + 1));
    CHECK(rounded(std::nextafter(middle, 0.0f)).bits == code);
    CHECK(rounded(std::nextafter(middle, 1e9f)).bits == code + 1);
    CHECK(rounded(-middle).bits == 128 + (code % 2 == 0 ? code : code + 1));
  }
  CHECK(to_float(rounded(449)) == 448);
  CHECK(to_float(rounded(-1e30f)) == -448);
  CHECK(to_float(rounded(std::numeric_limits<float>::infinity())) == 448);
  CHECK(std::isnan(to_float(rounded(std::nanf("")))));
}

TEST_CASE("four E4M3 numbers become bfloat16 exactly") {
  for (int code = 0; code < 256; ++code) {
    if (std::isnan(by_definition(code))) continue;
    CAPTURE(code);
    for (int place = 0; place < 4; ++place) {
      std::uint32_t const four = 0x38383838u ^ (0x38u ^ static_cast<std::uint32_t>(code)) << 8 * place;
      std::uint32_t const pair = ardent::detail::widen_e4m3(four, place / 2);
      auto const half = [&](int i) {
        return static_cast<double>(to_float(ardent::bfloat16{static_cast<std::uint16_t>(pair >> 16 * i)}));
      };
      CHECK(half(place % 2) == by_definition(code));
      CHECK(half(1 - place % 2) == 1.0);  // 0x38 is 1
    }
  }
}

}  // namespace
