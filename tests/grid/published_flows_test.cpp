// SPDX-License-Identifier: Apache-2.0
//
// The grids of FlowAR and xAR: the recorded ones, and nodes that do not get less noisy are refused.
#include <doctest/doctest.h>

#include <ardent/ardent.hpp>

#include <cmath>
#include <stdexcept>
#include <vector>

#include "process/schedules.hpp"
#include "support/table_run.hpp"

namespace {

namespace grid = ardent::grid;
using flow = ardent::process::flow_linear;

template <class Grid>
void check_recorded(Grid const& g, test::schedule const& recorded, char const* steps_name) {
  int const asked = recorded.count("num_steps");
  auto const nodes = test::nodes_of(flow{}, g, asked);
  auto const& times = recorded.list("t_steps");
  INFO("n = " << asked);
  REQUIRE(nodes.size() == times.size());
  for (std::size_t k = 0; k < times.size(); ++k) CHECK(std::abs(nodes[k].time - times[k]) < 3e-16);
  auto const made =
      ardent::make_sampler(ardent::ordering::raster<1>{}, ardent::annealing::constant(asked), flow{}, g,
                           ardent::solver::flow_euler{}, ardent::predicts<ardent::prediction::velocity>{});
  CHECK(made.effective_steps(0) == recorded.count(steps_name));
  // what the network is told in published code: the time in float, times 1000 in float, truncated
  auto const& told = recorded.list("long_t1000_float32");
  for (std::size_t k = 0; k < made.rows(0).size(); ++k)
    CHECK(static_cast<int>(made.rows(0)[k].timestep * 1000.0f) == static_cast<int>(told[k]));
}

// A user's path that turns back: more noise at 0.5 than before.
struct turning {
  static constexpr bool discrete_time = false;
  static constexpr auto path = ardent::path_kind::linear_flow;
  double start_time() const { return 1; }
  double end_time() const { return 0; }
  int table_size() const { return 0; }
  void fill_table(double*) const {}
  ardent::node at(double const*, double t) const { return flow{}.at(nullptr, t == 0.5 ? 0.9 : t); }
  double time_of(double const*, double lambda) const { return flow{}.time_of(nullptr, lambda); }
};

}  // namespace

TEST_CASE("grid::flowar: the recorded grids") {
  for (test::schedule const& recorded : test::schedules("flowar_grid"))
    check_recorded(grid::flowar{}, recorded, "euler_steps");
}

TEST_CASE("grid::xar: the recorded grids") {
  for (test::schedule const& recorded : test::schedules("xar_grid"))
    check_recorded(grid::xar<>{}, recorded, "model_calls");
}

TEST_CASE("grid::flowar: an odd number makes one step less, two is the least") {
  CHECK(test::nodes_of(flow{}, grid::flowar{}, 2).size() == 3);
  CHECK(test::nodes_of(flow{}, grid::flowar{}, 3).size() == 3);
  CHECK(test::nodes_of(flow{}, grid::flowar{}, 17).size() == 17);
  CHECK_THROWS_WITH_AS(test::nodes_of(flow{}, grid::flowar{}, 1),
                       "ardent::grid::flowar: expected at least 2 steps, found 1", std::invalid_argument);
}

TEST_CASE("grid::xar: one step goes from noise to 0, and a last time outside (0, 1) is refused") {
  auto const one = test::nodes_of(flow{}, grid::xar<>{}, 1);
  REQUIRE(one.size() == 2);
  CHECK((one[0].time == 1 && one[1].time == 0));
  auto const given = test::nodes_of(flow{}, grid::xar(0.1), 4);
  CHECK(given[3].time == 0.1);
  CHECK(given[1].time == doctest::Approx(0.7));
  CHECK_THROWS_AS(grid::xar(0), std::invalid_argument);
  CHECK_THROWS_AS(grid::xar(1), std::invalid_argument);
}

TEST_CASE("grids: nodes that do not get strictly less noisy are refused") {
  CHECK_THROWS_WITH_AS(test::nodes_of(turning{}, grid::times({1, 0.8, 0.5, 0.1}), 3),
                       "ardent::grid: expected strictly less noise at every node, found no less at node 2",
                       std::invalid_argument);
  CHECK_NOTHROW(test::nodes_of(turning{}, grid::times({1, 0.8, 0.6, 0.1}), 3));
  // betas so small that alphas_cumprod does not change
  CHECK_THROWS_AS(test::nodes_of(ardent::process::betas({1e-18, 1e-18, 0.1}), grid::respaced{}, 3),
                  std::invalid_argument);
}
