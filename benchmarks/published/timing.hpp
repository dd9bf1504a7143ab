// SPDX-License-Identifier: Apache-2.0
//
// Seconds.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <vector>

namespace bench {

/// @brief Seconds that f() takes.
template <class F>
double seconds_of(F const& f) {
  const auto start = std::chrono::steady_clock::now();
  f();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// @brief Median of the seconds that f() takes, over at least 5 runs and `all` seconds.
template <class F>
double median_seconds(double all, F const& f) {
  f();
  std::vector<double> found;
  for (double sum = 0; sum < all || found.size() < 5; sum += found.back()) found.push_back(seconds_of(f));
  std::nth_element(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(found.size() / 2), found.end());
  return found[found.size() / 2];
}

}  // namespace bench
