// SPDX-License-Identifier: Apache-2.0
//
// Grids that cannot be: training steps that repeat where nothing says that they may, times outside a path, noise that
// does not fall. And adaptors in adaptors, which need more room.
#include <doctest/doctest.h>

#include <ardent/ardent.hpp>

#include <algorithm>
#include <stdexcept>
#include <vector>

#include "support/table_run.hpp"

namespace {

namespace grid = ardent::grid;
namespace process = ardent::process;

auto of_training(auto const& g, int steps, int train_timesteps = 10) {
  return ardent::make_sampler(ardent::ordering::raster<1>{}, ardent::annealing::constant(steps),
                              process::cosine(train_timesteps), g);
}

auto of_flow(auto const& g, int steps) {
  return ardent::make_sampler(ardent::ordering::raster<1>{}, ardent::annealing::constant(steps), process::flow_linear{},
                              g, ardent::predicts<ardent::prediction::velocity>{});
}

// Visits a step twice and does not say that it may.
struct stutter {
  constexpr void timesteps(int steps, int, int* out) const {
    for (int i = 0; i < steps; ++i) out[i] = i / 2;
  }
};

}  // namespace

TEST_CASE("grids: training steps repeat only where the grid says so") {
  CHECK_THROWS_WITH_AS(
      of_training(stutter{}, 4),
      "ardent::grid: expected 4 different training steps, found 2 (grid::clip lets steps fall together)",
      std::invalid_argument);
  CHECK(of_training(grid::clip(stutter{}, 9), 4).effective_steps(0) == 2);
  CHECK(of_training(grid::leading(5), 10).effective_steps(0) == 5);
  // without_first asks for K + 1 steps of T = K
  CHECK_THROWS_AS(of_training(grid::without_first<grid::linspace>{}, 10), std::invalid_argument);
  CHECK(of_training(grid::without_first<grid::linspace>{}, 9).effective_steps(0) == 9);
}

TEST_CASE("grids: adaptors in adaptors have the room they need") {
  using twice = grid::without_first<grid::clip<grid::without_first<grid::linspace>, 95>>;
  static_assert(twice::extra_steps == 2);
  auto const made = of_training(twice{}, 20, 100);
  auto const finer = of_training(grid::linspace{}, 22, 100);
  std::vector<double> plain, found;
  for (auto const& row : finer.rows(0)) plain.push_back(row.timestep);
  for (auto const& row : made.rows(0)) found.push_back(row.timestep);
  plain.resize(20);  // the two cleanest steps, which come last, are left out
  for (double& t : plain) t = std::min(t, 95.0);
  CHECK(found == plain);
}

TEST_CASE("grids: times outside the path are refused") {
  CHECK_THROWS_AS(of_flow(grid::between(grid::time_uniform{}, 1.5, 0.0), 4), std::invalid_argument);
  CHECK_THROWS_WITH_AS(of_flow(grid::times({1, 0.5, -0.25}), 2),
                       "ardent::grid: expected alpha and sigma of at least 0 at every node, found 1.250000 and "
                       "-0.250000 at node 2: its time is outside the process's range",
                       std::invalid_argument);
}

TEST_CASE("grids: noise that does not fall is refused") {
  CHECK_THROWS_WITH_AS(of_training(grid::end_at_first<grid::leading<0>>{}, 5),
                       "ardent::grid: expected strictly less noise at every node, found no less at node 5",
                       std::invalid_argument);
}
