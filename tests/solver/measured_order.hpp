// SPDX-License-Identifier: Apache-2.0
//
// The measured order of a deterministic solver: errors against exact trajectories as the number of steps doubles.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <map>
#include <sstream>
#include <string>
#include <tuple>
#include <vector>

#include "support/table_run.hpp"

namespace test {

/// @brief Mixtures that orders are measured on.
inline std::array<mixture, 2> const& order_mixtures() {
  static std::array<mixture, 2> const all = {mixture{{{0.3, -1.2, 0.5}, {0.7, 0.9, 0.7}}},
                                             mixture{{{0.25, -1.5, 0.6}, {0.45, 0.1, 0.4}, {0.3, 1.4, 0.8}}}};
  return all;
}

/// @brief Where trajectories start.
inline std::vector<double> const& order_starts() {
  static std::vector<double> const all = {-1.3, -0.4, 0.25, 0.7, 1.6};
  return all;
}

/// @brief The exact ends between two levels, kept: many measurements share them.
inline std::vector<double> const& exact_ends(path_shape shape, std::size_t which, double from, double to) {
  static std::map<std::tuple<path_shape, std::size_t, double, double>, std::vector<double>> known;
  auto [place, is_new] = known.try_emplace({shape, which, from, to});
  if (is_new) place->second = ode_ends(shape, order_mixtures()[which], order_starts(), from, to);
  return place->second;
}

/// @brief Root mean square of the errors of a solver with K steps.
template <class Solver, class Process, class Grid>
double order_error(Solver const& solver, Process const& process, Grid const& grid, int steps) {
  auto const shape =
      Process::path == ardent::path_kind::linear_flow ? path_shape::linear : path_shape::variance_preserving;
  auto const nodes = nodes_of(process, grid, steps);
  auto const rows = rows_of(solver, nodes, ardent::prediction::epsilon);
  double const from = ardent::half_logsnr(nodes.front()), to = ardent::half_logsnr(nodes.back());
  double sum = 0;
  for (std::size_t m = 0; m < order_mixtures().size(); ++m) {
    auto const& ends = exact_ends(shape, m, from, to);
    for (std::size_t i = 0; i < ends.size(); ++i) {
      double const x = run(rows, order_mixtures()[m], order_starts()[i], ardent::prediction::epsilon);
      sum += (x - ends[i]) * (x - ends[i]) / static_cast<double>(ends.size() * order_mixtures().size());
    }
  }
  return std::sqrt(sum);
}

/// @brief Checks that the error of K = 64 ... 1024 steps, or until it is below 1e-11, falls with at least the order
/// less a margin at the last doubling. Run with --success to see the slopes.
template <class Solver, class Process, class Grid>
void check_order(std::string const& name, int order, Solver const& solver, Process const& process, Grid const& grid,
                 double margin = 0.15) {
  double before = order_error(solver, process, grid, 64), slope = 0;
  std::ostringstream slopes;
  for (int steps = 128; steps <= 1024 && before > 1e-11; steps *= 2) {
    double const error = order_error(solver, process, grid, steps);
    if (error < 1e-11) break;
    slope = std::log2(before / error);
    slopes << ' ' << slope << " (" << error << ")";
    before = error;
  }
  INFO(name << ": slopes (errors)" << slopes.str());
  CHECK(slope >= order - margin);
}

}  // namespace test
