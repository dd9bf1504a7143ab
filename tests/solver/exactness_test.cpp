// SPDX-License-Identifier: Apache-2.0
//
// Solvers that are one another under another name, on random grids with noisy and noiseless ends, and with x0 clipped.
#include <doctest/doctest.h>

#include <ardent/ardent.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "solver/steps.hpp"
#include "support/table_run.hpp"

namespace {

using ardent::prediction;
namespace solver = ardent::solver;
using node_list = std::vector<ardent::node>;

constexpr prediction variance_preserving[] = {prediction::epsilon, prediction::x0, prediction::v};

// What the next x is, as multiples of x and of the network's output, or of x and the clipped x0.
test::coefficients clipped(ardent::row<double> const& row) {
  return {row.slot[0][0] + row.model[0][0] * row.m_of_x, row.model[0][0] * row.m_of_x0, row.noise};
}

template <class A, class B>
void check_equal(A const& a, B const& b, node_list const& nodes, std::uint64_t seed) {
  int const steps = static_cast<int>(nodes.size()) - 1;
  for (int k = 0; k < steps; ++k) {
    for (prediction const from : variance_preserving) {
      auto const left = a.row(nodes.data(), steps, k, from), right = b.row(nodes.data(), steps, k, from);
      INFO("seed " << seed << ", step " << k << " of " << steps << ", network " << static_cast<int>(from));
      CHECK(left.timestep == right.timestep);
      CHECK(test::close(test::folded(left), test::folded(right)));
      CHECK(test::close(clipped(left), clipped(right)));
      CHECK(test::close(left.x0_of_x, right.x0_of_x));
      CHECK(test::close(left.x0_of_output, right.x0_of_output));
    }
  }
}

// 1 to 40 steps at random levels; to the noiseless node, or to one with noise.
node_list random_grid(std::uint64_t seed, bool noiseless) {
  node_list nodes = test::random_nodes(1 + static_cast<int>(seed * 7 % 40), seed);
  if (noiseless) return nodes;
  double const before = nodes[nodes.size() - 2].alphas_cumprod;
  nodes.back() = ardent::variance_preserving_node(0, 1 - (1 - before) * 0.3);
  return nodes;
}

}  // namespace

TEST_CASE("exactness: DDIM with eta 0 is DPM-Solver-1 and DPM-Solver++-1, whether the end has noise or not") {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    for (bool const noiseless : {true, false}) {
      auto const nodes = random_grid(seed, noiseless);
      check_equal(solver::ddim<0>{}, solver::dpm_solver<1>{}, nodes, seed);
      check_equal(solver::ddim<0>{}, solver::dpm_solver_pp<1>{}, nodes, seed);
    }
  }
}

TEST_CASE("exactness: DDIM with eta 1 is DDPM with the small variance, x0 clipped or not, wherever it ends") {
  for (std::uint64_t seed = 100; seed < 160; ++seed) {
    for (bool const noiseless : {true, false})
      check_equal(solver::ddim<1>{}, solver::ddpm<ardent::variance::fixed_small>{}, random_grid(seed, noiseless), seed);
  }
}

TEST_CASE("exactness: DDIM with eta 1 is SDE-DPM-Solver++-1, whether the end has noise or not") {
  for (std::uint64_t seed = 200; seed < 230; ++seed) {
    for (bool const noiseless : {true, false})
      check_equal(solver::ddim<1>{}, solver::sde_dpm_solver_pp<1>{}, random_grid(seed, noiseless), seed);
  }
}

TEST_CASE("exactness: the same next to the clean end of real time, where 1 - abar has no digits left") {
  for (double const t : {1e-6, 1e-7, 1e-9, 1e-11}) {
    auto const nodes = test::nodes_of(ardent::process::cosine_continuous{}, ardent::grid::times({0.9, 4 * t, t}), 2);
    check_equal(solver::ddim<1>{}, solver::sde_dpm_solver_pp<1>{}, nodes, 0);
    check_equal(solver::ddim<1>{}, solver::ddpm<ardent::variance::fixed_small>{}, nodes, 0);
    check_equal(solver::ddim<0>{}, solver::dpm_solver_pp<1>{}, nodes, 0);
  }
}

TEST_CASE("exactness: Euler's flow step is DDIM's on the linear path, and is not on the cosine path") {
  test::made_numbers numbers(5);
  for (int round = 0; round < 60; ++round) {
    std::vector<double> times;
    for (int k = 0; k < 2 + round % 9; ++k) times.push_back(numbers.uniform());
    std::sort(times.begin(), times.end(), [](double a, double b) { return a > b; });
    if (round % 2 == 0) times.back() = 0;
    int const steps = static_cast<int>(times.size()) - 1;
    auto const linear = test::nodes_of(ardent::process::flow_linear{}, ardent::grid::times(times), steps);
    auto const cosine = test::nodes_of(ardent::process::flow_cosine{}, ardent::grid::times(times), steps);
    for (int k = 0; k < steps; ++k) {
      for (prediction const from : {prediction::epsilon, prediction::x0, prediction::v, prediction::velocity}) {
        INFO("round " << round << ", step " << k << " of " << steps << ", network " << static_cast<int>(from));
        auto const step = [&](auto const& s, node_list const& nodes) {
          return test::folded(s.row(nodes.data(), steps, k, from));
        };
        CHECK(test::close(step(solver::flow_euler{}, linear), step(solver::ddim<>{}, linear)));
        auto const i = static_cast<std::size_t>(k);
        double const h = times[i] - times[i + 1];
        auto const euler = step(solver::flow_euler{}, cosine), ddim = step(solver::ddim<>{}, cosine);
        // what Euler neglects is (pi h / 2)^2 / 2 of a vector of length 1
        if (h > 0.05)
          CHECK(std::abs(euler.of_x - ddim.of_x) + std::abs(euler.of_output - ddim.of_output) > 0.2 * h * h);
      }
    }
  }
}

TEST_CASE("exactness: a whole clipped trajectory of DDIM with eta 1 and of DDPM, by the samplers' own rows") {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    int const steps = 1 + static_cast<int>(seed * 13 % 60);
    auto const rows = [&](auto const& s) {
      auto const made = ardent::make_sampler(ardent::ordering::raster<1>{}, ardent::annealing::constant(steps),
                                             ardent::state<double>{}, ardent::clipping::x0(-0.8, 0.9), s);
      return std::vector(made.rows(0).begin(), made.rows(0).end());
    };
    auto const ddim = rows(solver::ddim<1>{});
    auto const ddpm = rows(solver::ddpm<ardent::variance::fixed_small>{});
    REQUIRE(ddim.size() == ddpm.size());
    test::made_numbers numbers(seed);
    double const start = numbers.normal();
    double a = start, b = start;
    int clips = 0;
    for (std::size_t k = 0; k < ddim.size(); ++k) {
      double const output = numbers.normal(), noise = numbers.normal();
      auto const next = [&](auto const& row, double x) {
        double const x0 = row.x0_of_x * x + row.x0_of_output * output, inside = std::clamp(x0, -0.8, 0.9);
        if (x0 != inside) ++clips;
        test::run_state<std::remove_cvref_t<decltype(row)>> state(x);
        state.apply_converted(row, row.m_of_x * x + row.m_of_x0 * inside, noise);
        return state.x();
      };
      a = next(ddim[k], a);
      b = next(ddpm[k], b);
      INFO("seed " << seed << ", step " << k << " of " << steps);
      CHECK(test::close(a, b, 1e-10));
    }
    CHECK(clips > 0);
  }
}
