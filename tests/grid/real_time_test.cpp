// SPDX-License-Identifier: Apache-2.0
//
// Grids over real time against what they promise: even lambda, Karras's roots, even square roots, a user's times, inner
// nodes at equal parts of lambda, shifts, ends.
#include <doctest/doctest.h>

#include <ardent/ardent.hpp>

#include <cmath>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include "support/table_run.hpp"

namespace {

namespace grid = ardent::grid;
namespace process = ardent::process;

// Checks that value(node) is evenly spaced and that the ends are those given.
template <class Process, class Grid, class Value>
void check_even(Process const& p, Grid const& g, double start, double end, Value const& value) {
  for (int const steps : {1, 2, 3, 17, 200}) {
    auto const nodes = test::nodes_of(p, g, steps);
    REQUIRE(nodes.size() == static_cast<std::size_t>(steps) + 1);
    CHECK(nodes.front().time == start);
    CHECK(nodes.back().time == end);
    double const first = value(nodes.front()), last = value(nodes.back());
    for (int k = 0; k <= steps; ++k) {
      INFO("node " << k << " of " << steps);
      CHECK(value(nodes[static_cast<std::size_t>(k)]) ==
            doctest::Approx(first + (last - first) * k / steps).epsilon(1e-11));
    }
  }
}

double lambda(ardent::node const& n) { return ardent::half_logsnr(n); }

template <class Base>
using inside = grid::between<Base, 0.97, 0.02>;

}  // namespace

TEST_CASE("grid::logsnr_uniform: lambda is even") {
  check_even(process::linear_continuous<>{}, grid::logsnr_uniform{}, 1, 1e-3, lambda);
  check_even(process::cosine_continuous{}, grid::logsnr_uniform{}, 0.9946, 1e-3, lambda);
  check_even(process::flow_linear{}, inside<grid::logsnr_uniform>{}, 0.97, 0.02, lambda);
  check_even(process::flow_cosine{}, inside<grid::logsnr_uniform>{}, 0.97, 0.02, lambda);
  static_assert(std::is_same_v<grid::exponential, grid::logsnr_uniform>);
}

TEST_CASE("grid::karras: roots of sigma / alpha are even, and its ends are exact") {
  for (double const rho : {7.0, 1.0, 3.0}) {
    auto const root = [=](ardent::node const& n) { return std::pow(n.sigma / n.alpha, 1 / rho); };
    check_even(process::linear_continuous<>{}, grid::karras(rho), 1, 1e-3, root);
    check_even(process::cosine_continuous{}, grid::karras(rho), 0.9946, 1e-3, root);
  }
  auto const seventh = [](ardent::node const& n) { return std::pow(n.sigma / n.alpha, 1 / 7.0); };
  check_even(process::flow_linear{}, inside<grid::karras<>>{}, 0.97, 0.02, seventh);
  CHECK_THROWS_WITH_AS(grid::karras(0), "ardent::grid::karras: rho must be in (0, 1e6], found 0.000000",
                       std::invalid_argument);
}

TEST_CASE("grid::time_uniform and grid::time_quadratic: t and its root are even") {
  check_even(process::flow_linear{}, grid::time_uniform{}, 1, 0, [](ardent::node const& n) { return n.time; });
  check_even(process::flow_cosine{}, grid::time_quadratic{}, 1, 0,
             [](ardent::node const& n) { return std::sqrt(n.time); });
  check_even(process::linear_continuous<>{}, grid::time_quadratic{}, 1, 1e-3,
             [](ardent::node const& n) { return std::sqrt(n.time); });
}

TEST_CASE("grid::times: a user's times as given; others are refused") {
  std::vector<double> const times = {0.95, 0.5, 0.45, 0.01};
  auto const nodes = test::nodes_of(process::flow_linear{}, grid::times(times), 3);
  for (std::size_t k = 0; k < 4; ++k) CHECK(nodes[k].time == times[k]);
  CHECK_THROWS_WITH_AS(grid::times({0.5, 0.6}),
                       "ardent::grid::times: expected strictly descending times, found 0.600000 after 0.500000",
                       std::invalid_argument);
  CHECK_THROWS_AS(grid::times({0.5, 0.5}), std::invalid_argument);
  CHECK_THROWS_AS(grid::times({0.5, std::nan("")}), std::invalid_argument);
  CHECK_THROWS_WITH_AS(grid::times({0.5}), "ardent::grid::times: expected at least 2 times, found 1",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(test::nodes_of(process::flow_linear{}, grid::times(times), 4),
                       "ardent::grid::times: expected to be asked for 3 steps, found 4", std::invalid_argument);
}

TEST_CASE("grid::subdivided: inner nodes cut each step of lambda into equal parts") {
  auto const check = [](auto const& p, auto const& outer_grid, auto const& g, int parts) {
    for (int const steps : {1, 2, 3, 6, 7, 30}) {
      int const outer = std::max(1, steps / parts);
      auto const coarse = test::nodes_of(p, outer_grid, outer), fine = test::nodes_of(p, g, steps);
      REQUIRE(fine.size() == static_cast<std::size_t>(outer * parts) + 1);
      for (std::size_t k = 0; k + 1 < fine.size(); ++k) {
        std::size_t const step = k / static_cast<std::size_t>(parts);
        double const from = lambda(coarse[step]), to = lambda(coarse[step + 1]);
        double const share = static_cast<double>(k % static_cast<std::size_t>(parts)) / parts;
        CHECK(lambda(fine[k]) == doctest::Approx(from + share * (to - from)).epsilon(1e-11));
      }
      CHECK(fine.back().time == coarse.back().time);
    }
  };
  using even = inside<grid::time_uniform>;
  check(process::flow_linear{}, even{}, grid::subdivided<even, 2>{}, 2);
  check(process::flow_linear{}, even{}, grid::subdivided<even, 3>{}, 3);
  check(process::cosine_continuous{}, grid::karras<>{}, grid::subdivided<grid::karras<>, 3>{}, 3);
}

TEST_CASE("grid::flow_shift: the formula, and nothing at shift 1") {
  auto const plain = test::nodes_of(process::flow_linear{}, grid::time_uniform{}, 20);
  auto const same = test::nodes_of(process::flow_linear{}, grid::flow_shift<grid::time_uniform, 1>{}, 20);
  auto const shifted = test::nodes_of(process::flow_linear{}, grid::flow_shift<grid::time_uniform, 3>{}, 20);
  for (std::size_t k = 0; k < plain.size(); ++k) {
    double const t = plain[k].time;
    CHECK(same[k].time == t);
    CHECK(shifted[k].time == doctest::Approx(3 * t / (1 + 2 * t)).epsilon(1e-15));
  }
  CHECK_THROWS_AS((grid::flow_shift<grid::time_uniform, ardent::dynamic>(0)), std::invalid_argument);
}

TEST_CASE("grid::to_clean: the grid with a step less, then the noiseless node") {
  auto const base = test::nodes_of(process::cosine_continuous{}, grid::karras<>{}, 9);
  auto const ended = test::nodes_of(process::cosine_continuous{}, grid::to_clean<grid::karras<>>{}, 10);
  REQUIRE(ended.size() == 11);
  for (std::size_t k = 0; k < 10; ++k) CHECK(ended[k].time == base[k].time);
  CHECK((ended[10].alpha == 1 && ended[10].sigma == 0));
  auto const one = test::nodes_of(process::cosine_continuous{}, grid::to_clean<grid::karras<>>{}, 1);
  REQUIRE(one.size() == 2);
  CHECK((one[0].time == 0.9946 && one[1].sigma == 0));
}

TEST_CASE("grid::between: an end that is not below the start is refused") {
  using bounded = grid::between<grid::time_uniform, ardent::dynamic, ardent::dynamic>;
  check_even(process::flow_linear{}, bounded(0.7, 0.2), 0.7, 0.2, [](ardent::node const& n) { return n.time; });
  CHECK_THROWS_AS(bounded(0.2, 0.2), std::invalid_argument);
  CHECK_THROWS_AS(bounded(0.2, 0.7), std::invalid_argument);
}
