// SPDX-License-Identifier: Apache-2.0
//
// Global orders of all deterministic solvers, as each header states them, on smoothly refined grids between fixed ends
// of every continuous path.
#include <doctest/doctest.h>

#include <ardent/ardent.hpp>

#include <string>

#include "solver/measured_order.hpp"

namespace {

namespace grid = ardent::grid;
namespace process = ardent::process;
namespace solver = ardent::solver;
using ardent::multistep_form;

template <class Process, class Grid>
void check_multistep(std::string const& where, Process const& p, Grid const& g) {
  test::check_order(where + "dpm_solver<1>", 1, solver::dpm_solver<1>{}, p, g);
  test::check_order(where + "dpm_solver<2>", 2, solver::dpm_solver<2>{}, p, g);
  test::check_order(where + "dpm_solver<2, heun>", 2, solver::dpm_solver<2, multistep_form::heun>{}, p, g);
  test::check_order(where + "dpm_solver<3>", 3, solver::dpm_solver<3>{}, p, g);
  test::check_order(where + "dpm_solver_3_published", 2, solver::dpm_solver_3_published<>{}, p, g);
  test::check_order(where + "dpm_solver_pp<1>", 1, solver::dpm_solver_pp<1>{}, p, g);
  test::check_order(where + "dpm_solver_pp<2>", 2, solver::dpm_solver_pp<2>{}, p, g);
  test::check_order(where + "dpm_solver_pp<2, heun>", 2, solver::dpm_solver_pp<2, multistep_form::heun>{}, p, g);
  test::check_order(where + "dpm_solver_pp<3>", 3, solver::dpm_solver_pp<3>{}, p, g);
  test::check_order(where + "dpm_solver_pp_3_published", 2, solver::dpm_solver_pp_3_published<>{}, p, g);
  test::check_order(where + "unipc_2", 3, solver::unipc_2<>{}, p, g);
  // with lower orders at the end: the error goes over from the inner steps' order to the last one's
  constexpr auto form = multistep_form::midpoint;
  test::check_order(where + "dpm_solver<3>, always", 2, solver::dpm_solver<3, form, ardent::always>{}, p, g, 0.25);
  test::check_order(where + "dpm_solver_pp<2>, always", 2, solver::dpm_solver_pp<2, form, ardent::always>{}, p, g,
                    0.25);
  test::check_order(where + "dpm_solver_pp<3>, always", 2, solver::dpm_solver_pp<3, form, ardent::always>{}, p, g,
                    0.25);
  test::check_order(where + "unipc_2, always", 2, solver::unipc_2<ardent::always>{}, p, g, 0.25);
  test::check_order(where + "ddim", 1, solver::ddim<>{}, p, g);
}

template <class Process, class Grid>
void check_velocity(std::string const& where, Process const& p, Grid const& g) {
  test::check_order(where + "flow_euler", 1, solver::flow_euler{}, p, g);
  test::check_order(where + "flow_ab2", 2, solver::flow_ab2{}, p, g);
  test::check_order(where + "flow_heun", 2, solver::flow_heun{}, p, g);
}

template <class Process, class Grid>
void check_singlestep(std::string const& where, Process const& p, Grid const&) {
  test::check_order(where + "singlestep_2", 2, solver::singlestep_2{}, p, grid::subdivided<Grid, 2>{});
  test::check_order(where + "singlestep_3", 3, solver::singlestep_3{}, p, grid::subdivided<Grid, 3>{});
}

template <class Process, class Grid>
void check_all(std::string const& where, Process const& p, Grid const& g) {
  check_multistep(where, p, g);
  check_velocity(where, p, g);
  check_singlestep(where, p, g);
}

// All grids that are refined smoothly. Times that are even (or their squares) keep away from both ends, where lambda
// changes fast with t and an order would show only with many more steps.
template <class Process>
void check_grids(std::string const& where) {
  check_all(where + "lambda-uniform, ", Process{}, grid::between<grid::logsnr_uniform, 0.98, 0.02>{});
  check_all(where + "time-uniform, ", Process{}, grid::between<grid::time_uniform, 0.9, 0.1>{});
  check_all(where + "karras, ", Process{}, grid::between<grid::karras<>, 0.98, 0.02>{});
  check_all(where + "time-quadratic, ", Process{}, grid::between<grid::time_quadratic, 0.9, 0.05>{});
}

}  // namespace

TEST_CASE("orders: linear betas over real time") { check_grids<process::linear_continuous<>>("linear_continuous, "); }

TEST_CASE("orders: the cosine process over real time") {
  check_grids<process::cosine_continuous>("cosine_continuous, ");
}

TEST_CASE("orders: the linear flow") { check_grids<process::flow_linear>("flow_linear, "); }

TEST_CASE("orders: the cosine flow") { check_grids<process::flow_cosine>("flow_cosine, "); }

TEST_CASE("orders: in lambda over the processes' own ranges") {
  check_multistep("linear_continuous, own range, ", process::linear_continuous<>{}, grid::logsnr_uniform{});
  check_singlestep("linear_continuous, own range, ", process::linear_continuous<>{}, grid::logsnr_uniform{});
  check_multistep("cosine_continuous, own range, ", process::cosine_continuous{}, grid::logsnr_uniform{});
  check_singlestep("cosine_continuous, own range, ", process::cosine_continuous{}, grid::logsnr_uniform{});
}
