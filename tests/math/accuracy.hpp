// SPDX-License-Identifier: Apache-2.0
//
// Errors in units in the last place, and the arguments at which functions are tried.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <string>
#include <vector>

#include "support/made_numbers.hpp"

namespace test {

/// @brief |got - exact| in units in the last place of a double of exact's size.
inline double ulps(double got, long double exact) {
  int exponent = 0;
  static_cast<void>(std::frexp(static_cast<double>(exact), &exponent));
  long double const unit = std::ldexp(1.0L, std::max(exponent - 53, -1074));
  return static_cast<double>(std::abs(static_cast<long double>(got) - exact) / unit);
}

/// @brief Doubles between two of the same sign; 0 if equal.
inline std::uint64_t doubles_apart(double a, double b) {
  auto const place = [](double x) {
    auto const bits = std::bit_cast<std::uint64_t>(x);
    return bits >> 63 != 0 ? -(bits & ~(std::uint64_t{1} << 63)) : bits;
  };
  std::uint64_t const apart = place(a) - place(b);
  return std::min(apart, -apart);
}

/// @brief The largest error of a function and where it is.
struct worst_case {
  double error = 0;  ///< the largest error seen; infinite if a value was not a number
  double at = 0;     ///< its argument
};

/// @brief The largest of error(x) over arguments.
template <class Error>
worst_case worst(std::vector<double> const& arguments, Error error) {
  worst_case found;
  for (double const x : arguments) {
    double const here = error(x);
    if (!(here <= found.error)) found = {std::isnan(here) ? std::numeric_limits<double>::infinity() : here, x};
  }
  return found;
}

/// @brief Evenly distributed arguments.
inline std::vector<double> between(double low, double high, int count, std::uint64_t seed = 1) {
  made_numbers numbers(seed);
  std::vector<double> out(static_cast<std::size_t>(count));
  for (double& x : out) x = low + (high - low) * numbers.uniform();
  return out;
}

/// @brief Positive arguments whose logarithms are evenly distributed.
inline std::vector<double> magnitudes(double low, double high, int count, std::uint64_t seed = 1) {
  std::vector<double> out = between(std::log(low), std::log(high), count, seed);
  for (double& x : out) x = std::exp(x);
  return out;
}

/// @brief Each argument and its `reach` neighbours on either side.
inline std::vector<double> neighbours(std::vector<double> const& centres, int reach) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  std::vector<double> out;
  for (double const centre : centres) {
    double below = centre, above = centre;
    out.push_back(centre);
    for (int i = 0; i < reach; ++i) {
      out.push_back(below = std::nextafter(below, -infinity));
      out.push_back(above = std::nextafter(above, infinity));
    }
  }
  return out;
}

/// @brief Several lists of arguments as one.
inline std::vector<double> join(std::initializer_list<std::vector<double>> lists) {
  std::vector<double> out;
  for (std::vector<double> const& list : lists) out.insert(out.end(), list.begin(), list.end());
  return out;
}

/// @brief With a minus sign.
inline std::vector<double> negated(std::vector<double> list) {
  for (double& x : list) x = -x;
  return list;
}

}  // namespace test
