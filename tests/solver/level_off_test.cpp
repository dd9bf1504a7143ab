// SPDX-License-Identifier: Apache-2.0
//
// Grids with a fixed joint or end: the error levels off where that one step's error is, however many other steps there
// are. On an even grid it does not.
#include <doctest/doctest.h>

#include <ardent/ardent.hpp>

#include <cmath>

#include "solver/measured_order.hpp"

namespace {

namespace grid = ardent::grid;

// The root mean square of the errors at t = 0, from pure noise, with K steps of Heun's or Euler's solver.
template <class Solver, class Grid>
double end_error(Solver const& solver, Grid const& g, int steps) {
  constexpr double noise = -12, token = 16;  // log(alpha / sigma): 6e-6 and 1e-7 from the ends
  auto const velocity = ardent::prediction::velocity;
  auto const rows = test::rows_of(solver, test::nodes_of(ardent::process::flow_linear{}, g, steps), velocity);
  double sum = 0;
  int count = 0;
  for (std::size_t m = 0; m < test::order_mixtures().size(); ++m) {
    auto const& ends = test::exact_ends(test::path_shape::linear, m, noise, token);
    for (std::size_t i = 0; i < ends.size(); ++i, ++count) {
      double const x =
          test::run(rows, test::order_mixtures()[m], test::order_starts()[i], velocity, test::path_shape::linear);
      sum += (x - ends[i]) * (x - ends[i]);
    }
  }
  return std::sqrt(sum / count);
}

}  // namespace

TEST_CASE("grids with a fixed part level off") {
  ardent::solver::flow_heun const heun;
  for (int const steps : {256, 1024}) {
    double const flowar = end_error(heun, grid::flowar{}, 4 * steps) / end_error(heun, grid::flowar{}, steps);
    double const xar = end_error(heun, grid::xar<>{}, 4 * steps) / end_error(heun, grid::xar<>{}, steps);
    INFO(steps << " steps, then four times as many: the error is multiplied by " << flowar << " and " << xar);
    CHECK(std::abs(flowar - 1) < 0.05);
    CHECK(std::abs(xar - 1) < 0.05);
  }
  // the one step of xAR from 0.04 to 0 is most of the error, and a shorter one has less
  CHECK(end_error(heun, grid::xar<>{}, 256) > 20 * end_error(heun, grid::xar(0.004), 256));
}

TEST_CASE("an even grid does not level off") {
  ardent::solver::flow_euler const euler;
  double const even = end_error(euler, grid::time_uniform{}, 1024) / end_error(euler, grid::time_uniform{}, 256);
  CHECK(even == doctest::Approx(0.25).epsilon(0.1));
  CHECK(end_error(euler, grid::flowar{}, 4096) > 0.5 * end_error(euler, grid::flowar{}, 1024));
}
