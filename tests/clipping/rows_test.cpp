// SPDX-License-Identifier: Apache-2.0
//
// Clipping of x0: what rows hold for it, that it changes nothing within its bounds, and that each solver follows the
// published update with the clipped x0 and the epsilon recomputed from it.
#include <doctest/doctest.h>

#include <ardent/ardent.hpp>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <type_traits>
#include <vector>

#include "solver/steps.hpp"
#include "support/table_run.hpp"

namespace {

using ardent::prediction;
namespace clipping = ardent::clipping;
namespace solver = ardent::solver;

constexpr prediction networks[] = {prediction::epsilon, prediction::x0, prediction::v};

template <class Solver>
void check_nothing_clipped(Solver const& s, std::vector<ardent::node> const& nodes) {
  test::made_numbers numbers(9);
  for (prediction const from : networks) {
    for (auto const& row : test::rows_of(s, nodes, from)) {
      double const x = numbers.normal(), output = numbers.normal();
      double const x0 = row.x0_of_x * x + row.x0_of_output * output;
      double const by_x0 = row.m_of_x * x + row.m_of_x0 * x0, direct = row.of_x * x + row.of_output * output;
      // x0 and epsilon are divided by alpha and sigma on the way
      CHECK(std::abs(by_x0 - direct) < 1e-13 * (1 + std::abs(direct) + std::abs(row.m_of_x0 * x0)));
    }
  }
}

}  // namespace

TEST_CASE("clipping: by way of x0 a row converts as it does directly") {
  auto const nodes = test::random_nodes(40, 3);
  check_nothing_clipped(solver::ddim<0.5>{}, nodes);
  check_nothing_clipped(solver::ddpm<>{}, nodes);
  check_nothing_clipped(solver::dpm_solver<3>{}, nodes);
  check_nothing_clipped(solver::dpm_solver_pp<2>{}, nodes);
  check_nothing_clipped(solver::sde_dpm_solver_pp<2>{}, nodes);
  check_nothing_clipped(solver::unipc_2<>{}, nodes);
}

TEST_CASE("clipping: DDIM and DDPM with a clipped x0, by the published updates") {
  auto const nodes = test::cosine_nodes(30, 950);
  auto const ddim = test::rows_of(solver::ddim<>{}, nodes, prediction::epsilon);
  auto const ddpm = test::rows_of(solver::ddpm<ardent::variance::fixed_small>{}, nodes, prediction::epsilon);
  test::made_numbers numbers(4);
  int clips = 0;
  for (std::size_t k = 0; k < ddim.size(); ++k) {
    ardent::node const &now = nodes[k], &next = nodes[k + 1];
    double const x = numbers.normal(), epsilon = numbers.normal(), x0 = (x - now.sigma * epsilon) / now.alpha;
    double const inside = std::clamp(x0, -0.5, 0.6);
    if (x0 != inside) ++clips;
    auto const after = [&](auto const& row) {
      double const found = row.x0_of_x * x + row.x0_of_output * epsilon;
      CHECK(found == doctest::Approx(x0).epsilon(1e-12));
      test::run_state<ardent::row<double>> state(x);
      state.apply_converted(row, row.m_of_x * x + row.m_of_x0 * inside, 0);
      return state.x();
    };
    double const again = (x - now.alpha * inside) / now.sigma;  // epsilon once more, from the clipped x0
    CHECK(after(ddim[k]) == doctest::Approx(next.alpha * inside + next.sigma * again).epsilon(1e-11));
    double const abar = now.alphas_cumprod, abar_next = next.alphas_cumprod, beta = 1 - abar / abar_next;
    double const mean =
        std::sqrt(abar_next) * beta / (1 - abar) * inside + std::sqrt(1 - beta) * (1 - abar_next) / (1 - abar) * x;
    CHECK(after(ddpm[k]) == doctest::Approx(mean).epsilon(1e-11));
  }
  CHECK(clips > 5);
}

TEST_CASE("clipping: rows have the numbers for it only where x0 is clipped") {
  using ardent::sampler;
  using clipped = sampler<ardent::ordering::raster<1>, clipping::x0<>>::row_type;
  using plain = sampler<ardent::ordering::raster<1>>::row_type;
  static_assert(clipped::parts.clipped_x0 && !plain::parts.clipped_x0);
  static_assert(sizeof(plain) < sizeof(clipped));
  auto const made = ardent::make_sampler(ardent::ordering::raster(1, 1), clipping::x0(-2, 3));
  CHECK(made.clipping().low() == -2);
  CHECK(made.clipping().high() == 3);
}

TEST_CASE("clipping: bounds in the wrong order are refused; static and dynamic ones are one policy") {
  CHECK_THROWS_WITH_AS(clipping::x0(1, -1), "ardent::clipping::x0: expected low <= high, found 1.000000 and -1.000000",
                       std::invalid_argument);
  CHECK_THROWS_AS(clipping::x0(std::nan(""), 1), std::invalid_argument);
  CHECK_NOTHROW(clipping::x0(0, 0));
  static_assert(clipping::x0<>().low() == -1 && clipping::x0<>().high() == 1);
  static_assert(std::is_empty_v<clipping::x0<>> && std::is_empty_v<clipping::none>);
}
