// SPDX-License-Identifier: Apache-2.0
//
// Solvers that are one another under another name.
#include <doctest/doctest.h>

#include <ardent/grid/time_uniform.hpp>
#include <ardent/process/piecewise_log_alpha.hpp>
#include <ardent/solver/ddim.hpp>
#include <ardent/solver/ddpm.hpp>
#include <ardent/solver/dpm_solver.hpp>
#include <ardent/solver/dpm_solver_pp.hpp>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <vector>

#include "solver/steps.hpp"

namespace {

using ardent::prediction;

using node_list = std::vector<ardent::node>;

// DiSA's grids, unclipped ones, and random ones.
std::vector<node_list> clean_grids() {
  std::vector<node_list> out;
  for (int const steps : {1, 2, 5, 27, 50, 100, 1000}) {
    out.push_back(test::cosine_nodes(steps, 950));
    out.push_back(test::cosine_nodes(steps, 999));
    for (std::uint64_t seed = 0; seed < 5; ++seed) out.push_back(test::random_nodes(steps, seed));
  }
  return out;
}

// The same, and one over real time with an end that is not quite clean.
std::vector<node_list> all_grids() {
  ardent::process::piecewise_log_alpha<ardent::process::cosine<>, 951> const process;
  std::vector<double> table(1000);
  std::vector<int> scratch(26);
  process.fill_table(table.data());
  node_list nodes(26);
  ardent::detail::fill_nodes(ardent::grid::time_uniform(), process, table.data(), 25, scratch.data(), nodes.data());
  std::vector<node_list> out = clean_grids();
  out.push_back(nodes);
  return out;
}

template <class A, class B>
void check_equal(A const& a, B const& b, std::vector<node_list> const& grids) {
  for (node_list const& nodes : grids) {
    int const steps = static_cast<int>(nodes.size()) - 1;
    for (int k = 0; k < steps; ++k) {
      for (prediction const from : {prediction::epsilon, prediction::x0, prediction::v}) {
        auto const left = test::folded(a.row(nodes.data(), steps, k, from));
        auto const right = test::folded(b.row(nodes.data(), steps, k, from));
        INFO("step " << k << " of " << steps << ", network " << static_cast<int>(from) << ": x " << left.of_x << " "
                     << right.of_x << ", output " << left.of_output << " " << right.of_output << ", noise "
                     << left.of_noise << " " << right.of_noise);
        CHECK(test::close(left, right));
      }
    }
  }
}

}  // namespace

TEST_CASE("solvers: DDIM with eta 1 is DDPM with the small variance") {
  check_equal(ardent::solver::ddim<1>(), ardent::solver::ddpm<ardent::variance::fixed_small>(), all_grids());
}

TEST_CASE("solvers: DDIM with eta 0 is DPM-Solver-1") {
  check_equal(ardent::solver::ddim<0>(), ardent::solver::dpm_solver_1(), all_grids());
}

TEST_CASE("solvers: DDIM with eta 0 is DPM-Solver++-1") {
  check_equal(ardent::solver::ddim<0>(), ardent::solver::dpm_solver_pp_1(), all_grids());
}

TEST_CASE("a solver's row with room for more outputs is the same step") {
  auto const grid = test::cosine_nodes(7, 950);
  for (int k = 0; k < 7; ++k) {
    // has all parts: a conversion, a clipped x0, a learned variance, noise
    auto const row = ardent::solver::ddpm<>().row(grid.data(), 7, k, prediction::epsilon);
    auto const wide = ardent::with_history<3>(row);
    static_assert(decltype(wide)::history == 3 && decltype(wide)::slots == 1);
    CHECK(wide.model[0][0] == row.model[0][0]);
    CHECK(wide.model[0][1] == 0);
    CHECK(wide.model[0][2] == 0);
    CHECK(wide.slot[0][0] == row.slot[0][0]);
    CHECK(wide.noise == row.noise);
    CHECK(wide.of_x == row.of_x);
    CHECK(wide.of_output == row.of_output);
    CHECK(wide.x0_of_x == row.x0_of_x);
    CHECK(wide.x0_of_output == row.x0_of_output);
    CHECK(wide.m_of_x == row.m_of_x);
    CHECK(wide.m_of_x0 == row.m_of_x0);
    CHECK(wide.half_log_variance_min == row.half_log_variance_min);
    CHECK(wide.half_log_variance_max == row.half_log_variance_max);
    CHECK(wide.timestep == row.timestep);
    CHECK(wide.alpha == row.alpha);
    CHECK(wide.sigma == row.sigma);
    CHECK(wide.guided == row.guided);
  }
  ardent::solver::dpm_solver_pp<2> const second;
  auto const row = second.row(grid.data(), 7, 3, prediction::epsilon);
  CHECK(row.model[0][1] != 0);
  CHECK(ardent::with_history<3>(row).model[0][1] == row.model[0][1]);
}
