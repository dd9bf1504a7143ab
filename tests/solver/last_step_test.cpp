// SPDX-License-Identifier: Apache-2.0
//
// The step to the clean node is a row like any other, taken as a limit: it lands on x0, from however noisy a node.
#include <doctest/doctest.h>

#include <ardent/ardent.hpp>

#include <cmath>
#include <initializer_list>
#include <string>
#include <type_traits>
#include <vector>

#include "solver/steps.hpp"
#include "support/table_run.hpp"

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

// Whole trajectories of random outputs, of as few steps as the solver makes and more: they end where the last output
// says that x0 is.
template <class Solver>
void check_lands(std::string const& name, Solver const& solver) {
  test::made_numbers numbers(31);
  for (int const steps : {1, 2, 3, 4, 7}) {
    if (steps < ardent::detail::least_steps<Solver>()) continue;
    auto const nodes = test::random_nodes(steps, static_cast<std::uint64_t>(steps));
    REQUIRE(nodes.back().sigma == 0);
    for (prediction const from : {prediction::epsilon, prediction::x0, prediction::v}) {
      auto const rows = test::rows_of(solver, nodes, from);
      REQUIRE(rows.size() == static_cast<std::size_t>(steps));
      test::run_state<typename std::remove_cvref_t<decltype(rows)>::value_type> state(numbers.normal());
      double x0 = 0;
      for (std::size_t k = 0; k < rows.size(); ++k) {
        double const output = numbers.normal();
        auto const c = ardent::convert(from, prediction::x0, nodes[k]);
        x0 = c.of_x * state.x() + c.of_output * output;
        state.apply(rows[k], output, numbers.normal());
      }
      INFO(name << ", " << steps << " steps, network " << static_cast<int>(from));
      CHECK(test::close(state.x(), x0, 1e-10));
    }
  }
}

}  // namespace

TEST_CASE("solvers: every trajectory to the clean end lands on the last x0, from one step on") {
  namespace solver = ardent::solver;
  using ardent::multistep_form;
  check_lands("ddpm, small", solver::ddpm<ardent::variance::fixed_small>{});
  check_lands("ddpm, large", solver::ddpm<ardent::variance::fixed_large>{});
  check_lands("ddpm, learned", solver::ddpm<ardent::variance::learned>{});
  check_lands("ddpm, learned range", solver::ddpm<>{});
  check_lands("ddim", solver::ddim<>{});
  check_lands("ddim, noisy", solver::ddim<0.5>{});
  check_lands("dpm_solver<1>", solver::dpm_solver<1>{});
  check_lands("dpm_solver<2>", solver::dpm_solver<2>{});
  check_lands("dpm_solver<2, heun>", solver::dpm_solver<2, multistep_form::heun>{});
  check_lands("dpm_solver<3>", solver::dpm_solver<3>{});
  check_lands("dpm_solver_3_published", solver::dpm_solver_3_published<>{});
  check_lands("dpm_solver_pp<1>", solver::dpm_solver_pp<1>{});
  check_lands("dpm_solver_pp<2>", solver::dpm_solver_pp<2>{});
  check_lands("dpm_solver_pp<2, heun>", solver::dpm_solver_pp<2, multistep_form::heun>{});
  check_lands("dpm_solver_pp<3>", solver::dpm_solver_pp<3>{});
  check_lands("dpm_solver_pp_3_published", solver::dpm_solver_pp_3_published<>{});
  check_lands("sde_dpm_solver_pp<1>", solver::sde_dpm_solver_pp<1>{});
  check_lands("sde_dpm_solver_pp<2>", solver::sde_dpm_solver_pp<2>{});
  check_lands("unipc_2", solver::unipc_2<>{});
}

TEST_CASE("flow solvers: one step from noise lands on the last x0") {
  ardent::process::flow_linear const process;
  auto const nodes = test::nodes_of(process, ardent::grid::time_uniform{}, 1);
  auto const check = [&](auto const& solver, double at_noise, double at_token) {
    auto const rows = test::rows_of(solver, nodes, prediction::velocity);
    test::run_state<typename std::remove_cvref_t<decltype(rows)>::value_type> state(0.7);
    for (std::size_t k = 0; k < rows.size(); ++k) state.apply(rows[k], k == 0 ? at_noise : at_token, 5);
    return state.x();
  };
  CHECK(test::close(check(ardent::solver::flow_euler{}, 0.4, 0), 0.3));
  CHECK(test::close(check(ardent::solver::flow_ab2{}, 0.4, 0), 0.3));
  CHECK(test::close(check(ardent::solver::flow_heun{}, 0.4, 0.6), 0.3));  // its last step to no noise is Euler's
  CHECK(test::close(check(ardent::solver::flow_euler_maruyama{}, 0.4, 0), 0.7 - ((2 - 1) * 0.4 + 0.7)));
}

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
