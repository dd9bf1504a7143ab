// SPDX-License-Identifier: Apache-2.0
//
// Steps of equal length in time.
#include <doctest/doctest.h>

#include <ardent/grid/respaced.hpp>
#include <ardent/grid/time_uniform.hpp>
#include <ardent/process/cosine.hpp>
#include <ardent/process/piecewise_log_alpha.hpp>

#include <cmath>
#include <cstddef>
#include <initializer_list>
#include <vector>

namespace {

namespace process = ardent::process;
using mar_time = process::piecewise_log_alpha<process::cosine<>, 951>;

}  // namespace

TEST_CASE("grid::time_uniform: evenly spaced from the process's start to its end") {
  mar_time const p;
  for (int const steps : {1, 2, 3, 25, 100, 997}) {
    std::vector<double> table(static_cast<std::size_t>(p.table_size()));
    p.fill_table(table.data());
    std::vector<ardent::node> nodes(static_cast<std::size_t>(steps) + 1);
    CHECK(ardent::grid::time_uniform().nodes(steps, p, table.data(), nodes.data()) == steps);
    std::vector<double> times;
    for (ardent::node const& n : nodes) times.push_back(n.time);
    INFO("K = " << steps);
    CHECK(times.front() == 0.95);
    CHECK(times.back() == 1.0 / 951);
    for (int k = 0; k <= steps; ++k) {
      long double const expected = 0.95L + (1.0L / 951 - 0.95L) * k / steps;
      CHECK(std::abs(times[static_cast<std::size_t>(k)] - expected) < 2.3e-16L);
    }
    for (std::size_t k = 1; k < times.size(); ++k) CHECK(times[k] < times[k - 1]);
  }
}

TEST_CASE("grid::time_uniform: nodes are the process's at those times, the last one not quite clean") {
  mar_time const p;
  std::vector<double> table(static_cast<std::size_t>(p.table_size()));
  p.fill_table(table.data());
  std::vector<int> scratch(11);
  std::vector<ardent::node> nodes(11);
  int const count =
      ardent::detail::fill_nodes(ardent::grid::time_uniform(), p, table.data(), 10, scratch.data(), nodes.data());
  REQUIRE(count == 10);
  for (std::size_t k = 0; k <= 10; ++k) {
    ardent::node const expected = p.at(table.data(), nodes[k].time);
    CHECK(nodes[k].timestep == expected.timestep);
    CHECK(nodes[k].alpha == expected.alpha);
    CHECK(nodes[k].sigma == expected.sigma);
  }
  CHECK(nodes[0].timestep == 950);
  CHECK(nodes[10].sigma > 0);
  CHECK(nodes[10].sigma < 0.01);
}

TEST_CASE("grid::time_uniform: it needs a process over real time") {
  static_assert(ardent::continuous_grid<ardent::grid::time_uniform, mar_time>);
  static_assert(!ardent::continuous_grid<ardent::grid::time_uniform, process::cosine<>>);
  static_assert(!ardent::continuous_grid<ardent::grid::respaced, mar_time>);
  static_assert(!ardent::discrete_grid<ardent::grid::time_uniform>);
}
