// SPDX-License-Identifier: Apache-2.0
//
// The library's exp, expm1, log, sin and cos against long double libm, within the bounds that their header states.
#include <doctest/doctest.h>

#include <ardent/detail/math.hpp>

#include <cmath>
#include <vector>

#include "math/accuracy.hpp"

namespace {

namespace detail = ardent::detail;
using test::between;
using test::join;
using test::magnitudes;
using test::negated;
using test::neighbours;
using test::ulps;

constexpr int count = 200000;

// Where the argument reduction changes from one multiple of ln 2 to the next.
std::vector<double> between_powers() {
  std::vector<double> out;
  for (int n = -1008; n <= 1008; ++n) out.push_back((n + 0.5) * 0.69314718055994530942);
  return neighbours(out, 3);
}

// Multiples of pi / 2, where one of sine and cosine vanishes, and of pi / 4, where the reduction changes.
std::vector<double> turning_points(double low, double high) {
  std::vector<double> out;
  for (int n = -1280; n <= 1280; ++n) {
    double const x = n * 0.78539816339744830962;
    if (x >= low && x <= high) out.push_back(x);
  }
  return neighbours(out, 3);
}

// pi / 2 * k / n for all small n, as the cosine schedules ask for.
std::vector<double> quarter_fractions() {
  std::vector<double> out;
  for (int n = 1; n <= 256; ++n) {
    for (int k = 0; k <= n; ++k) out.push_back(1.57079632679489661923 * k / n);
  }
  return out;
}

// 1 ulp where the value is not tiny; next to a zero the absolute bound, as a fraction of it.
double near_zero_error(double got, long double exact) {
  if (std::abs(exact) > 1e-6L) return ulps(got, exact);
  return static_cast<double>(std::abs(static_cast<long double>(got) - exact) / 1e-17L);
}

}  // namespace

TEST_CASE("math: exp is within 1 ulp") {
  auto const points = join({between(-700, 700, count),
                            between(-40, 5, count),
                            between(-1, 1, count),
                            between_powers(),
                            magnitudes(1e-300, 1e-10, 1000),
                            {0, -0.0, 1, -1, 700, -700}});
  auto const found = test::worst(points, [](double x) {
    REQUIRE(std::abs(x) <= 700);
    return ulps(detail::exp(x), std::exp(static_cast<long double>(x)));
  });
  INFO("at " << found.at);
  CHECK(found.error < 1);
  CHECK(detail::exp(0) == 1);
}

TEST_CASE("math: expm1 is within 2 ulp and does not cancel") {
  auto const points =
      join({between(-700, 700, count), between(-2, 2, count), between(0.35, 0.42, count), between_powers(),
            magnitudes(1e-300, 0.35, count), negated(magnitudes(1e-300, 0.35, count)), neighbours({0.35, -0.35}, 20)});
  auto const found = test::worst(points, [](double x) {
    if (x == 0) return 0.0;
    return ulps(detail::expm1(x), std::expm1(static_cast<long double>(x)));
  });
  INFO("at " << found.at);
  CHECK(found.error < 2);
  CHECK(detail::expm1(0) == 0);
}

TEST_CASE("math: log is within 1 ulp") {
  std::vector<double> near_one;
  for (double const distance : magnitudes(1e-15, 0.1, count)) {
    near_one.push_back(1 + distance);
    near_one.push_back(1 - distance);
  }
  std::vector<double> splits;  // where the mantissa's halving changes, and powers of two
  for (int k = -1000; k <= 1000; ++k) {
    splits.push_back(std::ldexp(1.41421356237309504880, k));
    splits.push_back(std::ldexp(1.0, k));
  }
  auto const points = join({between(1e-12, 1, count), between(0.5, 2, count), magnitudes(3e-308, 1e308, count),
                            near_one, neighbours(splits, 3)});
  auto const found =
      test::worst(points, [](double x) { return ulps(detail::log(x), std::log(static_cast<long double>(x))); });
  INFO("at " << found.at);
  CHECK(found.error < 1);
  CHECK(detail::log(1) == 0);
}

TEST_CASE("math: log1p is within 2 ulp from 0 to 1e300") {
  auto const points = join({between(0, 4, count), magnitudes(1e-300, 1e300, count)});
  auto const found =
      test::worst(points, [](double x) { return ulps(detail::log1p(x), std::log1p(static_cast<long double>(x))); });
  INFO("at " << found.at);
  CHECK(found.error < 2);
  CHECK(detail::log1p(0) == 0);
}

TEST_CASE("math: cos is within 1 ulp up to pi, and exact to 1e-17 next to its zeros") {
  constexpr double pi = 3.14159265358979323846;
  auto const points = join({between(-pi, pi, count), between(0, pi / 2, count), turning_points(-pi, pi),
                            magnitudes(1e-300, 1e-3, 1000), quarter_fractions()});
  auto const found = test::worst(
      points, [](double x) { return near_zero_error(detail::cos(x), std::cos(static_cast<long double>(x))); });
  INFO("at " << found.at);
  CHECK(found.error < 1);
  CHECK(detail::cos(0) == 1);
}

TEST_CASE("math: sin is within 1 ulp up to pi, and exact to 1e-17 next to its zeros") {
  constexpr double pi = 3.14159265358979323846;
  auto const points =
      join({between(-pi, pi, count), between(0, pi / 4, count), turning_points(-pi, pi), quarter_fractions()});
  auto const found = test::worst(
      points, [](double x) { return near_zero_error(detail::sin(x), std::sin(static_cast<long double>(x))); });
  INFO("at " << found.at);
  CHECK(found.error < 1);
  // the tiniest arguments are themselves
  for (double const x : magnitudes(1e-300, 1e-6, 1000))
    CHECK(ulps(detail::sin(x), std::sin(static_cast<long double>(x))) < 1);
  CHECK(detail::sin(0) == 0);
}

TEST_CASE("math: sin and cos keep 1e-16 up to 1000") {
  auto const points = join({between(-1000, 1000, count), turning_points(-1000, 1000)});
  auto const cosine = test::worst(points, [](double x) {
    return static_cast<double>(std::abs(detail::cos(x) - std::cos(static_cast<long double>(x))));
  });
  auto const sine = test::worst(points, [](double x) {
    return static_cast<double>(std::abs(detail::sin(x) - std::sin(static_cast<long double>(x))));
  });
  CHECK(cosine.error < 1.12e-16);
  CHECK(sine.error < 1.12e-16);
}
