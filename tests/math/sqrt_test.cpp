// SPDX-License-Identifier: Apache-2.0
//
// The library's sqrt is correctly rounded: in constant expressions, where it iterates, and at run time.
#include <doctest/doctest.h>

#include <ardent/detail/math.hpp>

#include <array>
#include <cmath>
#include <cstddef>
#include <limits>

#include "math/accuracy.hpp"

namespace {

constexpr int chunk = 256;

struct pair {
  double argument = 0;
  double root = 0;
};

template <class Argument>
constexpr std::array<pair, chunk> roots(Argument argument) {
  std::array<pair, chunk> out{};
  for (int i = 0; i < chunk; ++i) {
    double const x = argument(i);
    out[static_cast<std::size_t>(i)] = {x, ardent::detail::sqrt(x)};
  }
  return out;
}

// A mantissa in [1, 2) that looks random.
constexpr double mantissa(int i) {
  std::uint64_t z = static_cast<std::uint64_t>(i + 1) * 0x9E3779B97F4A7C15u;
  z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
  z ^= z >> 27;
  return 1 + static_cast<double>(z >> 12) * 0x1p-52;
}

void check(std::array<pair, chunk> const& table) {
  for (pair const& p : table) {
    INFO("sqrt of " << p.argument);
    CHECK(p.root == std::sqrt(p.argument));
  }
}

}  // namespace

TEST_CASE("math: the constant expression sqrt is correctly rounded in [0, 1]") {
  constexpr auto small = roots([](int i) { return mantissa(i) - 1; });
  constexpr auto near_one = roots([](int i) { return 1 - (mantissa(i + 1000) - 1) * 0x1p-20; });
  constexpr auto ratios = roots([](int i) { return i / 255.0; });
  check(small);
  check(near_one);
  check(ratios);
}

TEST_CASE("math: the constant expression sqrt is correctly rounded at every size") {
  // exponents from -1022 to 1023, odd and even
  constexpr auto sizes = roots([](int i) { return mantissa(i) * ardent::detail::power_of_two(-1022 + 8 * i + i % 2); });
  constexpr auto squares = roots([](int i) { return static_cast<double>(i) * i * 1000003.0 * 1000003.0; });
  check(sizes);
  check(squares);
  for (int i = 0; i < chunk; ++i) CHECK(squares[static_cast<std::size_t>(i)].root == i * 1000003.0);
}

TEST_CASE("math: the constant expression sqrt is correctly rounded in the hardest cases") {
  // arguments next to the square of a number halfway between two doubles: y^2 + y ulp
  constexpr auto halfway = roots([](int i) {
    double const y = mantissa(i + 5000);
    return y * y + y * 0x1p-52;
  });
  constexpr auto binades = roots([](int i) { return i % 2 == 0 ? 4 - (i + 1) * 0x1p-51 : 1 + (i + 1) * 0x1p-52; });
  check(halfway);
  check(binades);
}

TEST_CASE("math: sqrt at the ends of its range") {
  constexpr double least = ardent::detail::sqrt(std::numeric_limits<double>::min());
  constexpr double most = ardent::detail::sqrt(std::numeric_limits<double>::max());
  constexpr double zero = ardent::detail::sqrt(0.0);
  CHECK(least == std::sqrt(std::numeric_limits<double>::min()));
  CHECK(most == std::sqrt(std::numeric_limits<double>::max()));
  CHECK(zero == 0);
}

TEST_CASE("math: sqrt at run time is libm's") {
  auto const found = test::worst(test::join({test::between(0, 1, 500000), test::magnitudes(3e-308, 1e308, 500000)}),
                                 [](double x) { return std::abs(ardent::detail::sqrt(x) - std::sqrt(x)); });
  CHECK(found.error == 0);
}
