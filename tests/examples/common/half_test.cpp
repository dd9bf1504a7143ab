// SPDX-License-Identifier: Apache-2.0
//
// The 16-bit formats against their definition in double: every pattern, every midpoint between neighbours and the
// floats right beside it.
#include "common/files/half.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <limits>

namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

// The value by the formula of IEEE 754 for e exponent bits and f fraction bits.
double by_definition(std::uint32_t bits, int e, int f) {
  std::uint32_t const exponent = (bits >> f) & ((1u << e) - 1u);
  double const fraction = std::ldexp(static_cast<double>(bits & ((1u << f) - 1u)), -f);
  int const bias = (1 << (e - 1)) - 1;
  double const sign = (bits >> (e + f)) != 0 ? -1.0 : 1.0;
  if (exponent == (1u << e) - 1u) return fraction == 0.0 ? sign * HUGE_VAL : std::nan("");
  if (exponent == 0) return sign * std::ldexp(fraction, 1 - bias);
  return sign * std::ldexp(1.0 + fraction, static_cast<int>(exponent) - bias);
}

template <class To, class From>
void check_format(int e, int f, To to, From from) {
  int wrong = 0;
  for (std::uint32_t bits = 0; bits < 0x10000u; ++bits) {
    double const value = by_definition(bits, e, f);
    float const read = from(static_cast<std::uint16_t>(bits));
    if (std::isnan(value)) {
      wrong += !std::isnan(read) || !std::isnan(from(to(read)));
      wrong += std::signbit(from(to(read))) != ((bits & 0x8000u) != 0);
    } else {
      wrong += static_cast<double>(read) != value || std::signbit(read) != std::signbit(value);
      wrong += to(read) != bits;
    }
  }
  CHECK(wrong == 0);

  // Between two neighbours: the midpoint goes to the even one, everything else to the nearer.
  std::uint32_t const largest = (((1u << e) - 1u) << f) - 1u;
  for (std::uint32_t bits = 0; bits <= largest; ++bits) {
    double const low = by_definition(bits, e, f);
    // Past the largest finite number rounding works as if the next power of two were one.
    double const high = bits == largest ? std::ldexp(1.0, 1 << (e - 1)) : by_definition(bits + 1u, e, f);
    auto const middle = static_cast<float>((low + high) / 2.0);
    if (static_cast<double>(middle) != (low + high) / 2.0) continue;  // below float's own smallest number
    std::uint32_t const even = (bits & 1u) == 0 ? bits : bits + 1u;
    wrong += to(middle) != even;
    wrong += to(-middle) != (even | 0x8000u);
    wrong += to(std::nextafter(middle, 0.0f)) != bits;
    wrong += to(std::nextafter(middle, infinity)) != bits + 1u;
  }
  CHECK(wrong == 0);

  std::uint32_t const infinite = largest + 1u;
  CHECK(to(infinity) == infinite);
  CHECK(to(-infinity) == (infinite | 0x8000u));
  CHECK(to(std::numeric_limits<float>::max()) == infinite);
  CHECK(to(std::numeric_limits<float>::denorm_min()) == 0u);
  CHECK(to(-std::numeric_limits<float>::denorm_min()) == 0x8000u);
}

}  // namespace

TEST_CASE("float16: exact both ways, to nearest even") {
  check_format(5, 10, examples::to_float16, examples::from_float16);
  CHECK(examples::to_float16(65504.0f) == 0x7bffu);
  CHECK(examples::to_float16(65519.996f) == 0x7bffu);
  CHECK(examples::to_float16(65520.0f) == 0x7c00u);
}

TEST_CASE("bfloat16: exact both ways, to nearest even") {
  check_format(8, 7, examples::to_bfloat16, examples::from_bfloat16);
  CHECK(examples::to_bfloat16(1.0f) == 0x3f80u);
  CHECK(examples::to_bfloat16(3.14159274f) == 0x4049u);
}
