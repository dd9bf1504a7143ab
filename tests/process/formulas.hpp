// SPDX-License-Identifier: Apache-2.0
//
// Noise processes by their formulas in long double, apart from the library.
#pragma once

#include <ardent/process/process.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace test {

/// @brief pi.
inline constexpr long double pi = 3.141592653589793238462643383279502884L;

/// @brief Levels of a path.
struct formula_level {
  long double alpha;  ///< signal
  long double sigma;  ///< noise
};

/// @brief The linear betas over real time.
inline formula_level linear_continuous_at(long double t, long double b0, long double b1) {
  long double const log_alpha = -t * t * (b1 - b0) / 4 - t * b0 / 2;
  return {std::exp(log_alpha), std::sqrt(-std::expm1(2 * log_alpha))};
}

/// @brief Improved DDPM's cosine over real time.
inline formula_level cosine_continuous_at(long double t) {
  long double const angle = (t + 0.008L) / 1.008L * pi / 2, start = 0.008L / 1.008L * pi / 2;
  long double const alpha = std::cos(angle) / std::cos(start);
  return {alpha, std::sqrt(1 - alpha * alpha)};
}

/// @brief The linear path of flows.
inline formula_level flow_linear_at(long double t) { return {1 - t, t}; }

/// @brief The cosine path of flows.
inline formula_level flow_cosine_at(long double t) { return {std::cos(pi / 2 * t), std::sin(pi / 2 * t)}; }

/// @brief alphas_cumprod of T betas given by a function of the step.
template <class Beta>
std::vector<long double> cumulative(int count, Beta const& beta) {
  std::vector<long double> out;
  long double product = 1;
  for (int i = 0; i < count; ++i) out.push_back(product *= 1 - beta(i));
  return out;
}

/// @brief A discrete process's table.
template <class Process>
std::vector<double> table_of(Process const& p) {
  std::vector<double> table(static_cast<std::size_t>(p.table_size()));
  p.fill_table(table.data());
  return table;
}

/// @brief The largest relative difference of a process's table from alphas_cumprod by a formula.
template <class Process>
long double table_error(Process const& p, std::vector<long double> const& expected) {
  auto const table = table_of(p);
  if (table.size() != expected.size()) return 1;
  long double worst = 0;
  for (std::size_t i = 0; i < table.size(); ++i)
    worst = std::max(worst, std::abs(table[i] - expected[i]) / std::max(expected[i], 1e-30L));
  return worst;
}

}  // namespace test
