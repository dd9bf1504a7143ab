// SPDX-License-Identifier: Apache-2.0
//
// The step to the clean node is a row like any other, taken as a limit: it lands on x0, from however noisy a node.
#include <doctest/doctest.h>

#include <ardent/solver/ddim.hpp>
#include <ardent/solver/ddpm.hpp>
#include <ardent/solver/dpm_solver.hpp>
#include <ardent/solver/dpm_solver_pp.hpp>

#include <cmath>
#include <initializer_list>
#include <vector>

#include "solver/steps.hpp"

namespace {

using ardent::prediction;

template <class Solver>
void check_last(Solver const& solver) {
  for (double const abar : {1e-30, 1e-12, 2.4e-9, 1e-3, 0.5, 0.99, 0.99996, 1 - 1e-15}) {
    for (int const steps : {1, 2}) {
      std::vector<ardent::node> nodes = {ardent::variance_preserving_node(999, abar), ardent::clean_node};
      if (steps == 2) nodes.insert(nodes.begin(), ardent::variance_preserving_node(1000, abar / 2));
      for (prediction const from : {prediction::epsilon, prediction::x0, prediction::v}) {
        INFO("abar " << abar << ", " << steps << " steps, network " << static_cast<int>(from));
        for (int k = 0; k < steps; ++k) {
          auto const row = solver.row(nodes.data(), steps, k, from);
          for (double const x : {row.of_x, row.of_output, row.slot[0][0], row.model[0][0], row.noise,
                                 row.half_log_variance_min, row.half_log_variance_max}) {
            CHECK(std::isfinite(x));
          }
        }
        ardent::node const& now = nodes[nodes.size() - 2];
        auto const row = test::folded(solver.row(nodes.data(), steps, steps - 1, from));
        auto const x0 = ardent::convert(from, prediction::x0, now);
        CHECK(row.of_noise == 0);
        CHECK(test::close(row.of_x, x0.of_x));
        CHECK(test::close(row.of_output, x0.of_output));
        if (from == prediction::x0) {
          CHECK(row.of_x == 0);
          CHECK(row.of_output == 1);
        }
      }
    }
  }
}

// A step to an ever cleaner node approaches the step to the clean one.
template <class Solver>
void check_limit(Solver const& solver) {
  ardent::node const now = ardent::variance_preserving_node(500, 0.3);
  std::vector<ardent::node> nodes = {now, ardent::clean_node, ardent::clean_node};
  auto const limit = test::folded(solver.row(nodes.data(), 2, 0, prediction::epsilon));
  for (double const sigma : {1e-3, 1e-5, 1e-7}) {
    nodes[1] = {1, 1 - sigma * sigma, std::sqrt(1 - sigma * sigma), sigma};
    auto const row = test::folded(solver.row(nodes.data(), 2, 0, prediction::epsilon));
    INFO("sigma " << sigma);
    CHECK(std::abs(row.of_x - limit.of_x) < 4 * sigma);
    CHECK(std::abs(row.of_output - limit.of_output) < 4 * sigma);
  }
}

}  // namespace

TEST_CASE("solvers: the last step is x0") {
  SUBCASE("ddim, deterministic") { check_last(ardent::solver::ddim<>()); }
  SUBCASE("ddim, noisy") { check_last(ardent::solver::ddim<1>()); }
  SUBCASE("ddpm, small variance") { check_last(ardent::solver::ddpm<ardent::variance::fixed_small>()); }
  SUBCASE("ddpm, large variance") { check_last(ardent::solver::ddpm<ardent::variance::fixed_large>()); }
  SUBCASE("ddpm, learned variance") { check_last(ardent::solver::ddpm<>()); }
  SUBCASE("dpm_solver_1") { check_last(ardent::solver::dpm_solver_1()); }
  SUBCASE("dpm_solver_pp_1") { check_last(ardent::solver::dpm_solver_pp_1()); }
}

TEST_CASE("solvers: the last step is the limit of ever cleaner ones") {
  SUBCASE("ddim") { check_limit(ardent::solver::ddim<>()); }
  SUBCASE("dpm_solver_1") { check_limit(ardent::solver::dpm_solver_1()); }
  SUBCASE("dpm_solver_pp_1") { check_limit(ardent::solver::dpm_solver_pp_1()); }
}
