// SPDX-License-Identifier: Apache-2.0
//
// DDIM's rows against the published update in long double.
#include <doctest/doctest.h>

#include <ardent/solver/ddim.hpp>

#include <cmath>
#include <cstddef>
#include <initializer_list>
#include <stdexcept>
#include <vector>

#include "solver/steps.hpp"

namespace {

using ardent::prediction;
using dynamic_ddim = ardent::solver::ddim<ardent::dynamic>;

// x <- sqrt(abar') x0 + sqrt(1 - abar' - s^2) epsilon + s draw, with x0 from x and epsilon.
long double published(ardent::node const& now, ardent::node const& next, double eta, double x, double epsilon,
                      double draw) {
  long double const abar = now.alphas_cumprod, abar_next = next.alphas_cumprod;
  long double const s = eta * std::sqrt((1 - abar_next) / (1 - abar)) * std::sqrt(1 - abar / abar_next);
  long double const x0 = (x - std::sqrt(1 - abar) * epsilon) / std::sqrt(abar);
  long double const rest = 1 - abar_next - s * s;
  return std::sqrt(abar_next) * x0 + std::sqrt(rest < 0 ? 0 : rest) * epsilon + s * draw;
}

void check(std::vector<ardent::node> const& nodes, double eta) {
  test::made_numbers numbers(11);
  int const steps = static_cast<int>(nodes.size()) - 1;
  for (int k = 0; k < steps; ++k) {
    ardent::node const& now = nodes[static_cast<std::size_t>(k)];
    ardent::node const& next = nodes[static_cast<std::size_t>(k) + 1];
    double const x = numbers.normal(), epsilon = numbers.normal(), draw = numbers.normal();
    auto const row = dynamic_ddim(eta).row(nodes.data(), steps, k, prediction::epsilon);
    auto const expected = published(now, next, eta, x, epsilon, draw);
    INFO("eta " << eta << ", step " << k << " of " << steps);
    // x0 magnifies rounding by 1 / alpha, 20291 at the noisiest step; 1 - abar / abar' cancels at the clean end
    CHECK(std::abs(test::after(row, x, epsilon, draw) - expected) < 1e-14L / now.alpha + eta * 3e-13L);
  }
}

}  // namespace

TEST_CASE("solver::ddim: the published update") {
  for (double const eta : {0.0, 0.3, 1.0}) {
    for (int const steps : {1, 2, 10, 50, 100, 1000}) {
      check(test::cosine_nodes(steps, 950), eta);
      check(test::cosine_nodes(steps, 999), eta);
      check(test::random_nodes(steps, 5), eta);
    }
  }
}

TEST_CASE("solver::ddim: the noise it adds is its eta's") {
  auto const nodes = test::cosine_nodes(20, 950);
  for (int k = 0; k < 20; ++k) {
    double const full = dynamic_ddim(1).row(nodes.data(), 20, k, prediction::epsilon).noise;
    CHECK(dynamic_ddim(0).row(nodes.data(), 20, k, prediction::epsilon).noise == 0);
    CHECK(dynamic_ddim(0.25).row(nodes.data(), 20, k, prediction::epsilon).noise == doctest::Approx(0.25 * full));
    CHECK((full > 0) == (k < 19));
  }
}

TEST_CASE("solver::ddim: static and dynamic eta are one policy") {
  auto const nodes = test::cosine_nodes(20, 950);
  for (int k = 0; k < 20; ++k) {
    auto const fixed = ardent::solver::ddim<0.3>().row(nodes.data(), 20, k, prediction::v);
    auto const given = dynamic_ddim(0.3).row(nodes.data(), 20, k, prediction::v);
    CHECK(fixed.slot[0][0] == given.slot[0][0]);
    CHECK(fixed.model[0][0] == given.model[0][0]);
    CHECK(fixed.noise == given.noise);
  }
  static_assert(!ardent::solver::ddim<>::stochastic);
  static_assert(!ardent::solver::ddim<0.0>::stochastic);
  static_assert(ardent::solver::ddim<0.3>::stochastic);
  static_assert(dynamic_ddim::stochastic);
  static_assert(ardent::solver_policy<ardent::solver::ddim<>>);
}

TEST_CASE("solver::ddim: an eta outside [0, 1] is refused") {
  CHECK_THROWS_WITH_AS(dynamic_ddim(1.5), "ardent::solver::ddim: eta must be in [0, 1], found 1.500000",
                       std::invalid_argument);
  CHECK_THROWS_AS(dynamic_ddim(-0.1), std::invalid_argument);
  CHECK_THROWS_AS(dynamic_ddim(std::nan("")), std::invalid_argument);
}
