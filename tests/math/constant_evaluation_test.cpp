// SPDX-License-Identifier: Apache-2.0
//
// The mathematics gives the same bits in a constant expression and at run time, whatever the optimiser contracts.
#include <doctest/doctest.h>

#include <ardent/detail/math.hpp>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace {

namespace detail = ardent::detail;

constexpr int points = 400;

constexpr double uniform(int i) {
  std::uint64_t z = static_cast<std::uint64_t>(i + 1) * 0x9E3779B97F4A7C15u;
  z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
  z = (z ^ z >> 27) * 0x94D049BB133111EBu;
  return static_cast<double>((z ^ z >> 31) >> 12) * 0x1p-52;
}

// Half of the arguments anywhere in the range, half of them where the argument reduction is about to change.
constexpr double argument(int i, double low, double high, double boundary) {
  if (i % 2 == 0) return low + (high - low) * uniform(i);
  double const far = (i / 2 % 40 - 20 + 0.5) * boundary;
  double const x = far * (1 + (uniform(i) - 0.5) * 0x1p-48);
  return x < low ? low : x > high ? high : x;
}

using list = std::array<double, points>;

template <class Argument>
constexpr list arguments(Argument at) {
  list out{};
  for (int i = 0; i < points; ++i) out[static_cast<std::size_t>(i)] = at(i);
  return out;
}

template <class F>
constexpr list table(F f, list const& at) {
  list out{};
  for (std::size_t i = 0; i < at.size(); ++i) out[i] = f(at[i]);
  return out;
}

// The same, with arguments that the optimiser cannot see.
template <class F>
void check(list const& expected, F f, list const& at) {
  for (std::size_t i = 0; i < at.size(); ++i) {
    double volatile opaque = at[i];
    double const x = opaque;
    INFO("at " << x);
    CHECK(std::bit_cast<std::uint64_t>(f(x)) == std::bit_cast<std::uint64_t>(expected[i]));
  }
}

constexpr auto exp = [](double x) { return detail::exp(x); };
constexpr auto expm1 = [](double x) { return detail::expm1(x); };
constexpr auto log = [](double x) { return detail::log(x); };
constexpr auto sin = [](double x) { return detail::sin(x); };
constexpr auto cos = [](double x) { return detail::cos(x); };
constexpr auto sqrt = [](double x) { return detail::sqrt(x); };

constexpr list exponents = arguments([](int i) { return argument(i, -30, 30, 0.69314718055994530942); });
constexpr list angles = arguments([](int i) { return argument(i, -20, 20, 1.57079632679489661923); });
constexpr list positive =
    arguments([](int i) { return i % 2 == 0 ? uniform(i) + 0x1p-60 : 1 + (uniform(i) - 0.5) * 0x1p-10; });
constexpr list shares = arguments([](int i) { return uniform(i); });

}  // namespace

TEST_CASE("math: constant evaluation and run time agree bit for bit") {
  SUBCASE("exp") {
    constexpr auto expected = table(exp, exponents);
    check(expected, exp, exponents);
  }
  SUBCASE("expm1") {
    constexpr auto expected = table(expm1, exponents);
    check(expected, expm1, exponents);
  }
  SUBCASE("log") {
    constexpr auto expected = table(log, positive);
    check(expected, log, positive);
  }
  SUBCASE("sin") {
    constexpr auto expected = table(sin, angles);
    check(expected, sin, angles);
  }
  SUBCASE("cos") {
    constexpr auto expected = table(cos, angles);
    check(expected, cos, angles);
  }
  SUBCASE("sqrt") {
    constexpr auto expected = table(sqrt, shares);
    check(expected, sqrt, shares);
  }
}
