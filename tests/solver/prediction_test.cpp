// SPDX-License-Identifier: Apache-2.0
//
// Conversions among epsilon, x0 and v, and that a row does not depend on which of them the network predicts.
#include <doctest/doctest.h>

#include <ardent/prediction.hpp>
#include <ardent/process/flow_linear.hpp>
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

constexpr std::initializer_list<prediction> all = {prediction::epsilon, prediction::x0, prediction::v};

// What each network would say at a node, of a token and noise that are known.
struct truth {
  double x0, epsilon;
  double x(ardent::node const& n) const { return n.alpha * x0 + n.sigma * epsilon; }
  double output(prediction p, ardent::node const& n) const {
    if (p == prediction::epsilon) return epsilon;
    if (p == prediction::x0) return x0;
    return n.alpha * epsilon - n.sigma * x0;
  }
};

template <class Solver>
void check_predictions(Solver const& solver) {
  test::made_numbers numbers(7);
  for (int const steps : {1, 2, 7, 30}) {
    auto const nodes = test::random_nodes(steps, static_cast<std::uint64_t>(steps));
    for (int k = 0; k < steps; ++k) {
      ardent::node const& now = nodes[static_cast<std::size_t>(k)];
      truth const token{numbers.normal(), numbers.normal()};
      double const draw = numbers.normal(), x = token.x(now);
      double const expected =
          test::after(solver.row(nodes.data(), steps, k, prediction::epsilon), x, token.epsilon, draw);
      for (prediction const p : all) {
        auto const row = solver.row(nodes.data(), steps, k, p);
        INFO("network " << static_cast<int>(p) << ", step " << k << " of " << steps);
        CHECK(row.timestep == now.timestep);
        CHECK(row.alpha == now.alpha);
        CHECK(row.sigma == now.sigma);
        // rounding of x and of the output is divided by alpha or sigma, down to 1e-3 on these grids
        CHECK(test::close(test::after(row, x, token.output(p, now), draw), expected, 1e-12));
      }
    }
  }
}

}  // namespace

TEST_CASE("prediction: conversions of a known token and noise") {
  test::made_numbers numbers(1);
  for (ardent::node const& n : test::random_nodes(200, 3)) {
    if (n.sigma == 0) continue;
    truth const token{numbers.normal(), numbers.normal()};
    for (prediction const from : all) {
      for (prediction const to : all) {
        ardent::affine const c = ardent::convert(from, to, n);
        double const found = c.of_x * token.x(n) + c.of_output * token.output(from, n);
        INFO("from " << static_cast<int>(from) << " to " << static_cast<int>(to) << " at alpha " << n.alpha);
        CHECK(std::abs(found - token.output(to, n)) < 1e-12);
      }
    }
  }
}

TEST_CASE("prediction: there and back is where one was") {
  for (ardent::node const& n : test::random_nodes(200, 4)) {
    if (n.sigma == 0) continue;
    for (prediction const a : all) {
      for (prediction const b : all) {
        ardent::affine const there = ardent::convert(a, b, n), back = ardent::convert(b, a, n);
        double const scale = 1 + std::abs(back.of_x) + std::abs(back.of_output * there.of_x);
        CHECK(std::abs(back.of_output * there.of_output - 1) < 1e-13 * scale);
        CHECK(std::abs(back.of_x + back.of_output * there.of_x) < 1e-13 * scale);
      }
    }
  }
}

TEST_CASE("prediction: staying is exact") {
  ardent::node const n = ardent::variance_preserving_node(10, 0.3);
  for (prediction const p : all) {
    CHECK(ardent::convert(p, p, n).of_x == 0);
    CHECK(ardent::convert(p, p, n).of_output == 1);
  }
}

TEST_CASE("prediction: the same step follows from consistent networks of any kind") {
  SUBCASE("ddim, deterministic") { check_predictions(ardent::solver::ddim<>()); }
  SUBCASE("ddim, noisy") { check_predictions(ardent::solver::ddim<0.7>()); }
  SUBCASE("ddpm, small variance") { check_predictions(ardent::solver::ddpm<ardent::variance::fixed_small>()); }
  SUBCASE("ddpm, large variance") { check_predictions(ardent::solver::ddpm<ardent::variance::fixed_large>()); }
  SUBCASE("ddpm, learned variance") { check_predictions(ardent::solver::ddpm<>()); }
  SUBCASE("dpm_solver_1") { check_predictions(ardent::solver::dpm_solver_1()); }
  SUBCASE("dpm_solver_pp_1") { check_predictions(ardent::solver::dpm_solver_pp_1()); }
}

TEST_CASE("prediction: conversions on the linear path, where alpha^2 + sigma^2 is not 1") {
  test::made_numbers numbers(2);
  for (double const t : {0.99, 0.75, 0.5, 0.1, 0.003}) {
    ardent::node const n = ardent::process::flow_linear{}.at(nullptr, t);
    double const x0 = numbers.normal(), epsilon = numbers.normal(), x = (1 - t) * x0 + t * epsilon;
    double const outputs[] = {epsilon, x0, (1 - t) * epsilon - t * x0, epsilon - x0};
    for (int from = 0; from < 4; ++from)
      for (int to = 0; to < 4; ++to) {
        INFO("t " << t << ", from " << from << " to " << to);
        ardent::affine const c = ardent::convert(static_cast<prediction>(from), static_cast<prediction>(to), n);
        CHECK(std::abs(c.of_x * x + c.of_output * outputs[from] - outputs[to]) < 1e-12);
      }
  }
}
