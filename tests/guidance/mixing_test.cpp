// SPDX-License-Identifier: Apache-2.0
//
// Guidance is one mix, whatever is predicted: trajectories of guided epsilon, x0, v and velocity networks that say the
// same thing agree to rounding, and so does xAR's mix of drifts.
#include <doctest/doctest.h>

#include <ardent/ardent.hpp>

#include <cmath>
#include <cstdint>
#include <vector>

#include "solver/steps.hpp"
#include "support/table_run.hpp"

namespace {

using ardent::prediction;
using test::path_shape;
namespace solver = ardent::solver;

test::mixture random_mixture(test::made_numbers& numbers) {
  test::mixture out;
  for (int i = 0; i < 3; ++i) out.components.push_back({numbers.uniform(), numbers.normal(), 0.3 + numbers.uniform()});
  return out;
}

// Where a guided trajectory ends.
template <class Row>
double guided_end(std::vector<Row> const& rows, prediction from, path_shape shape, std::uint64_t seed) {
  test::made_numbers numbers(seed);
  test::mixture const conditional = random_mixture(numbers), unconditional = random_mixture(numbers);
  double const scale = 4 * numbers.uniform();
  test::run_state<Row> state(numbers.normal());
  for (Row const& row : rows) {
    test::level const l{row.alpha, row.sigma};
    double const c = test::output_of(from, conditional.at(state.x(), l), l, shape);
    double const u = test::output_of(from, unconditional.at(state.x(), l), l, shape);
    state.apply(row, u + scale * (c - u), numbers.normal());
  }
  return state.x();
}

template <class Solver>
void check_same(Solver const& s, std::vector<ardent::node> const& nodes, path_shape shape,
                std::initializer_list<prediction> networks) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    double const expected = guided_end(test::rows_of(s, nodes, prediction::x0), prediction::x0, shape, seed);
    for (prediction const from : networks) {
      INFO("seed " << seed << ", network " << static_cast<int>(from));
      CHECK(test::close(guided_end(test::rows_of(s, nodes, from), from, shape, seed), expected, 1e-10));
    }
  }
}

template <class Process>
std::vector<ardent::node> flow_nodes() {
  return test::nodes_of(Process{}, ardent::grid::between<ardent::grid::time_uniform, 0.97, 0.03>{}, 24);
}

}  // namespace

TEST_CASE("guidance: the same trajectory whatever a network predicts, over training steps") {
  auto const nodes = test::cosine_nodes(24, 950);
  auto const check = [&](auto const& s) {
    check_same(s, nodes, path_shape::variance_preserving, {prediction::epsilon, prediction::v});
  };
  check(solver::ddpm<ardent::variance::fixed_large>{});
  check(solver::ddim<0.4>{});
  check(solver::dpm_solver<3>{});
  check(solver::dpm_solver_pp_3_published<>{});
  check(solver::sde_dpm_solver_pp<2>{});
  check(solver::unipc_2<>{});
}

TEST_CASE("guidance: the same trajectory whatever a network predicts, on flows") {
  auto const linear = flow_nodes<ardent::process::flow_linear>();
  auto const cosine = flow_nodes<ardent::process::flow_cosine>();
  auto const check = [&](auto const& s) {
    check_same(s, linear, path_shape::linear, {prediction::epsilon, prediction::v, prediction::velocity});
    check_same(s, cosine, path_shape::variance_preserving, {prediction::epsilon, prediction::v, prediction::velocity});
  };
  check(solver::flow_euler{});
  check(solver::flow_ab2{});
  check(solver::flow_heun{});
  check(solver::dpm_solver_pp<2>{});
  check(solver::unipc_2<>{});
  check_same(solver::flow_euler_maruyama{}, linear, path_shape::linear,
             {prediction::epsilon, prediction::v, prediction::velocity});
}

TEST_CASE("guidance: xAR's mix of drifts is the mix of velocities") {
  auto const nodes = test::nodes_of(ardent::process::flow_linear{}, ardent::grid::xar<>{}, 20);
  auto const rows = test::rows_of(solver::flow_euler_maruyama{}, nodes, prediction::velocity);
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    test::made_numbers numbers(seed);
    test::mixture const conditional = random_mixture(numbers), unconditional = random_mixture(numbers);
    double const scale = 4 * numbers.uniform();
    double drifted = numbers.normal();
    test::run_state<ardent::row<double>> state(drifted);
    for (std::size_t k = 0; k < rows.size(); ++k) {
      double const t = nodes[k].time, dt = nodes[k + 1].time - t, noise = numbers.normal();
      test::level const l{1 - t, t};
      auto const velocity = [&](test::mixture const& data, double x) {
        return test::output_of(prediction::velocity, data.at(x, l), l, path_shape::linear);
      };
      double const c = velocity(conditional, state.x()), u = velocity(unconditional, state.x());
      state.apply(rows[k], u + scale * (c - u), noise);
      // xAR: the score from the velocity, the drift v - w s / 2 with w = 2 t, mixed as drifts
      auto const drift = [&](test::mixture const& data) {
        double const v = velocity(data, drifted), score = (-(1 - t) * v - drifted) / t;
        return v - 0.5 * (2 * t) * score;
      };
      double const dc = drift(conditional), du = drift(unconditional);
      drifted += (du + scale * (dc - du)) * dt;
      if (k + 1 < rows.size()) drifted += std::sqrt(2 * t) * noise * std::sqrt(-dt);
      INFO("seed " << seed << ", step " << k);
      CHECK(test::close(state.x(), drifted, 1e-10));
    }
  }
}
