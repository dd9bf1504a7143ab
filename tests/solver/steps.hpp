// SPDX-License-Identifier: Apache-2.0
//
// Grids to fill rows for, and what a row does to a number.
#pragma once

#include <ardent/detail/math.hpp>
#include <ardent/grid/clip.hpp>
#include <ardent/grid/respaced.hpp>
#include <ardent/process/cosine.hpp>
#include <ardent/solver/row.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "support/made_numbers.hpp"

namespace test {

/// @brief The nodes of a grid over the cosine process's training steps, and the clean one.
inline std::vector<ardent::node> cosine_nodes(int steps, int clip) {
  ardent::process::cosine<> const process;
  std::vector<double> table(1000);
  process.fill_table(table.data());
  std::vector<ardent::node> nodes(static_cast<std::size_t>(steps) + 1);
  std::vector<int> scratch(nodes.size());
  ardent::grid::clip<ardent::grid::respaced, ardent::dynamic> const grid(clip);
  int const count = ardent::detail::fill_nodes(grid, process, table.data(), steps, scratch.data(), nodes.data());
  nodes.resize(static_cast<std::size_t>(count) + 1);
  return nodes;
}

/// @brief `steps` variance-preserving nodes at random signal levels, noisiest first, and the clean one.
inline std::vector<ardent::node> random_nodes(int steps, std::uint64_t seed) {
  made_numbers numbers(seed);
  std::vector<double> log_odds;
  for (int k = 0; k < steps; ++k) log_odds.push_back(-14 + 24 * numbers.uniform());
  std::sort(log_odds.begin(), log_odds.end());
  std::vector<ardent::node> nodes;
  for (int k = 0; k < steps; ++k) {
    double const abar = 1 / (1 + std::exp(-log_odds[static_cast<std::size_t>(k)]));
    nodes.push_back(ardent::variance_preserving_node(steps - k, abar));
  }
  nodes.push_back(ardent::clean_node);
  return nodes;
}

/// @brief The state after a row of one slot and one model output, without the learned variance.
inline double after(ardent::row<double> const& row, double x, double output, double noise = 0) {
  double const model = row.of_x * x + row.of_output * output;
  return row.slot[0][0] * x + row.model[0][0] * model + row.noise * noise;
}

/// @brief Coefficients of x and of the network's output in the next state, with the conversion multiplied in.
struct coefficients {
  double of_x;       ///< of the state
  double of_output;  ///< of the network's output
  double of_noise;   ///< of the noise
};

/// @brief The coefficients of a row.
inline coefficients folded(ardent::row<double> const& row) {
  return {row.slot[0][0] + row.model[0][0] * row.of_x, row.model[0][0] * row.of_output, row.noise};
}

/// @brief |a - b| <= tolerance * max(1, |b|).
inline bool close(double a, double b, double tolerance = 1e-12) {
  return std::abs(a - b) <= tolerance * std::max(1.0, std::abs(b));
}

/// @brief True if the coefficients of two rows are close.
inline bool close(coefficients const& a, coefficients const& b, double tolerance = 1e-12) {
  return close(a.of_x, b.of_x, tolerance) && close(a.of_output, b.of_output, tolerance) &&
         close(a.of_noise, b.of_noise, tolerance);
}

}  // namespace test
