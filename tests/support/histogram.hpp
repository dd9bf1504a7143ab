// SPDX-License-Identifier: Apache-2.0
//
// Chi-square tests of samples against a distribution function, or against other samples.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace test {

/// @brief The standard normal distribution function.
inline double normal_below(double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); }

/// @brief Chi-square of numbers in [0, 1], which are uniform if they are what they should be, in equal bins.
inline double chi_square(std::vector<double> const& uniform, int bins) {
  std::vector<double> counts(static_cast<std::size_t>(bins));
  for (double const u : uniform)
    counts[static_cast<std::size_t>(std::clamp(static_cast<int>(u * bins), 0, bins - 1))] += 1;
  double const expected = static_cast<double>(uniform.size()) / bins;
  double sum = 0;
  for (double const count : counts) sum += (count - expected) * (count - expected) / expected;
  return sum;
}

/// @brief Chi-square of two lists of as many samples, in bins of as many of the first.
inline double chi_square_of_two(std::vector<double> first, std::vector<double> const& second, int bins) {
  std::sort(first.begin(), first.end());
  std::vector<double> a(static_cast<std::size_t>(bins)), b(a.size()), edges;
  for (int i = 1; i < bins; ++i) edges.push_back(first[first.size() * static_cast<std::size_t>(i) / a.size()]);
  auto const count = [&](std::vector<double> const& values, std::vector<double>& counts) {
    for (double const v : values)
      counts[static_cast<std::size_t>(std::upper_bound(edges.begin(), edges.end(), v) - edges.begin())] += 1;
  };
  count(first, a);
  count(second, b);
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += (a[i] - b[i]) * (a[i] - b[i]) / (a[i] + b[i]);
  return sum;
}

/// @brief What chi-square of this many bins stays below but once in about 10,000 seeds: mean + 4.5 standard deviations.
inline double chi_square_bound(int bins) { return (bins - 1) + 4.5 * std::sqrt(2.0 * (bins - 1)); }

}  // namespace test
