// SPDX-License-Identifier: Apache-2.0
//
// A small interpreter of solvers' rows in double: what a table does to one number, and to the mean and the covariance
// of numbers whose denoiser is affine.
#pragma once

#include <ardent/grid/grid.hpp>
#include <ardent/solver/row.hpp>

#include <cmath>
#include <cstddef>
#include <vector>

#include "support/exact_data.hpp"

namespace test {

/// @brief The nodes of a grid, the end included.
template <class Process, class Grid>
std::vector<ardent::node> nodes_of(Process const& process, Grid const& grid, int steps) {
  std::vector<double> table(static_cast<std::size_t>(process.table_size()) + 1);
  process.fill_table(table.data());
  std::vector<ardent::node> nodes(static_cast<std::size_t>(ardent::detail::most_nodes(grid, steps)));
  std::vector<int> scratch(static_cast<std::size_t>(steps) + 1);
  int const count = ardent::detail::fill_nodes(grid, process, table.data(), steps, scratch.data(), nodes.data());
  nodes.resize(static_cast<std::size_t>(count) + 1);
  return nodes;
}

/// @brief The rows of a solver on nodes.
template <class Solver>
auto rows_of(Solver const& solver, std::vector<ardent::node> const& nodes, ardent::prediction from) {
  int const steps = static_cast<int>(nodes.size()) - 1;
  int const count = ardent::detail::evaluations(solver, nodes.data(), steps);
  std::vector<ardent::row<double, Solver::slots, Solver::history>> rows;
  for (int k = 0; k < count; ++k) rows.push_back(solver.row(nodes.data(), steps, k, from));
  return rows;
}

/// @brief One number on its way: slots and outputs.
template <class Row>
struct run_state {
  double slot[Row::slots];          ///< slot 0 is x
  double model[Row::history] = {};  ///< converted outputs, newest first

  /// @brief Starts at x in every slot, as a trajectory does.
  explicit run_state(double x) {
    for (double& s : slot) s = x;
  }

  /// @brief x.
  double x() const { return slot[0]; }

  /// @brief One row, with a converted output.
  void apply_converted(Row const& row, double converted, double noise) {
    for (int j = Row::history - 1; j > 0; --j) model[j] = model[j - 1];
    model[0] = converted;
    double before[Row::slots];
    for (int i = 0; i < Row::slots; ++i) before[i] = slot[i];
    for (int i = 0; i < Row::slots; ++i) {
      slot[i] = i == 0 ? row.noise * noise : 0;
      for (int j = 0; j < Row::slots; ++j) slot[i] += row.slot[i][j] * before[j];
      for (int j = 0; j < Row::history; ++j) slot[i] += row.model[i][j] * model[j];
    }
  }

  /// @brief One row. With noise drawn only where the row adds some.
  void apply(Row const& row, double output, double noise = 0) {
    apply_converted(row, row.of_x * slot[0] + row.of_output * output, noise);
  }
};

/// @brief Where a table takes a start, by an exact denoiser.
template <class Row>
double run(std::vector<Row> const& rows, mixture const& data, double x, ardent::prediction from,
           path_shape shape = path_shape::variance_preserving) {
  run_state<Row> state(x);
  for (Row const& row : rows) {
    level const l{row.alpha, row.sigma};
    state.apply(row, output_of(from, data.at(state.x(), l), l, shape));
  }
  return state.x();
}

/// @brief Mean and variance of x.
struct moments {
  double mean;      ///< of x
  double variance;  ///< of x
};

/// @brief What a table makes of a normal x when data are one Gaussian: each row is affine in slots and outputs, so mean
/// and covariance follow exactly.
template <class Row>
moments propagate(std::vector<Row> const& rows, component const& data, moments start, ardent::prediction from,
                  path_shape shape = path_shape::variance_preserving) {
  constexpr int size = Row::slots + Row::history;
  double mean[size] = {}, covariance[size][size] = {};
  for (int i = 0; i < Row::slots; ++i) {
    mean[i] = start.mean;
    for (int j = 0; j < Row::slots; ++j) covariance[i][j] = start.variance;
  }
  for (Row const& row : rows) {
    level const l{row.alpha, row.sigma};
    mixture const one{{data}};
    // the affine map, read off at 0 and at each unit vector
    auto const next = [&](int unit, double* out) {
      run_state<Row> state(0);
      if (unit >= 0 && unit < Row::slots) state.slot[unit] = 1;
      if (unit >= Row::slots) state.model[unit - Row::slots] = 1;
      state.apply(row, output_of(from, one.at(state.x(), l), l, shape));
      for (int i = 0; i < size; ++i) out[i] = i < Row::slots ? state.slot[i] : state.model[i - Row::slots];
    };
    double at_zero[size], map[size][size], moved[size][size] = {}, after[size];
    next(-1, at_zero);
    for (int j = 0; j < size; ++j) {
      next(j, map[j]);  // column j
      for (int i = 0; i < size; ++i) map[j][i] -= at_zero[i];
    }
    for (int i = 0; i < size; ++i) {
      after[i] = at_zero[i];
      for (int j = 0; j < size; ++j) after[i] += map[j][i] * mean[j];
      for (int j = 0; j < size; ++j)
        for (int k = 0; k < size; ++k) moved[i][j] += map[k][i] * covariance[k][j];
    }
    for (int i = 0; i < size; ++i) {
      mean[i] = after[i];
      for (int j = 0; j < size; ++j) {
        covariance[i][j] = i == 0 && j == 0 ? row.noise * row.noise : 0;
        for (int k = 0; k < size; ++k) covariance[i][j] += moved[i][k] * map[k][j];
      }
    }
  }
  return {mean[0], covariance[0][0]};
}

}  // namespace test
