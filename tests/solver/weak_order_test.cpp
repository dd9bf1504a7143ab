// SPDX-License-Identifier: Apache-2.0
//
// Stochastic solvers on Gaussian data, where every row is affine: the mean that a table makes is the true one, and the
// variance converges to the true one with the weak order that each header states.
#include <doctest/doctest.h>

#include <ardent/ardent.hpp>

#include <cmath>
#include <sstream>
#include <string>

#include "support/table_run.hpp"

namespace {

namespace grid = ardent::grid;
namespace process = ardent::process;
namespace solver = ardent::solver;
using ardent::multistep_form;
using ardent::prediction;
using test::path_shape;

test::moments marginal(test::component const& data, ardent::node const& n) {
  return {n.alpha * data.mean, n.alpha * n.alpha * data.deviation * data.deviation + n.sigma * n.sigma};
}

// Errors of mean and variance at the end, from the exact marginal at the start.
template <class Solver, class Process, class Grid>
test::moments errors(Solver const& s, Process const& p, Grid const& g, int steps, test::component const& data) {
  constexpr bool linear = Process::path == ardent::path_kind::linear_flow;
  constexpr auto from = Solver::needs == ardent::path_need::linear_flow ? prediction::velocity : prediction::epsilon;
  auto const nodes = test::nodes_of(p, g, steps);
  auto const found = test::propagate(test::rows_of(s, nodes, from), data, marginal(data, nodes.front()), from,
                                     linear ? path_shape::linear : path_shape::variance_preserving);
  auto const expected = marginal(data, nodes.back());
  return {std::abs(found.mean - expected.mean), std::abs(found.variance - expected.variance)};
}

// The slope of the variance's error at the last doubling of K = 64 ... 1024. Run with --success to see it. The mean has
// no error: along it x0 is constant, and all these solvers are exact then.
template <class Solver, class Process, class Grid>
void check_weak_order(std::string const& name, int order, Solver const& s, Process const& p, Grid const& g) {
  for (test::component const& data : {test::component{1, 0.7, 0.4}, test::component{1, -1.1, 1.3}}) {
    double before = errors(s, p, g, 64, data).variance, slope = 0;
    std::ostringstream seen;
    for (int steps = 128; steps <= 1024; steps *= 2) {
      test::moments const error = errors(s, p, g, steps, data);
      CHECK(error.mean < 1e-11);
      slope = std::log2(before / error.variance);
      seen << ' ' << slope << " (" << error.variance << ")";
      before = error.variance;
    }
    INFO(name << ", deviation " << data.deviation << ": slopes (errors)" << seen.str());
    CHECK(slope >= order - 0.15);
  }
}

template <class Process, class Grid>
void check_any_path(std::string const& where, Process const& p, Grid const& g) {
  check_weak_order(where + "sde_dpm_solver_pp<1>", 1, solver::sde_dpm_solver_pp<1>{}, p, g);
  check_weak_order(where + "sde_dpm_solver_pp<2>", 2, solver::sde_dpm_solver_pp<2>{}, p, g);
  check_weak_order(where + "sde_dpm_solver_pp<2, heun>", 2, solver::sde_dpm_solver_pp<2, multistep_form::heun>{}, p, g);
}

template <class Process, class Grid>
void check_variance_preserving(std::string const& where, Process const& p, Grid const& g) {
  check_weak_order(where + "ddpm<fixed_small>", 1, solver::ddpm<ardent::variance::fixed_small>{}, p, g);
  check_weak_order(where + "ddpm<fixed_large>", 1, solver::ddpm<ardent::variance::fixed_large>{}, p, g);
  check_weak_order(where + "ddim<1>", 1, solver::ddim<1>{}, p, g);
  check_weak_order(where + "ddim<0.5>", 1, solver::ddim<0.5>{}, p, g);
  check_any_path(where, p, g);
}

using in_lambda = grid::between<grid::logsnr_uniform, 0.98, 0.02>;
using in_time = grid::between<grid::time_uniform, 0.9, 0.1>;

}  // namespace

TEST_CASE("weak orders: linear betas over real time") {
  check_variance_preserving("linear_continuous, lambda-uniform, ", process::linear_continuous<>{}, in_lambda{});
  check_variance_preserving("linear_continuous, time-uniform, ", process::linear_continuous<>{}, in_time{});
}

TEST_CASE("weak orders: the cosine process over real time") {
  check_variance_preserving("cosine_continuous, lambda-uniform, ", process::cosine_continuous{}, in_lambda{});
  check_variance_preserving("cosine_continuous, time-uniform, ", process::cosine_continuous{}, in_time{});
}

TEST_CASE("weak orders: the linear flow") {
  check_any_path("flow_linear, lambda-uniform, ", process::flow_linear{}, in_lambda{});
  check_any_path("flow_linear, time-uniform, ", process::flow_linear{}, in_time{});
  check_weak_order("flow_euler_maruyama, from pure noise to 0.04", 1, solver::flow_euler_maruyama{},
                   process::flow_linear{}, grid::between<grid::time_uniform, 1, 0.04>{});
}
