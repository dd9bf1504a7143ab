// SPDX-License-Identifier: Apache-2.0
//
// Guidance that rises along a cosine or a power, and guidance within an interval of times: closed forms and errors.
#include <doctest/doctest.h>

#include <ardent/ardent.hpp>

#include <cmath>
#include <stdexcept>
#include <type_traits>
#include <vector>

namespace {

namespace guidance = ardent::guidance;

ardent::ar_progress at(int unknown_after, int length) { return {0, 1, unknown_after, length}; }

}  // namespace

TEST_CASE("guidance::cosine: its formula, flat at both ends") {
  for (double const scale : {0.0, 1.0, 2.9, 7.5}) {
    for (int unknown = 0; unknown <= 64; ++unknown) {
      double const u = (64 - unknown) / 64.0;
      double const expected = 1 + (scale - 1) * std::pow(std::sin(3.141592653589793 * u / 2), 2);
      CHECK(guidance::cosine(scale).scale(at(unknown, 64)) == doctest::Approx(expected).epsilon(1e-14));
    }
    CHECK(guidance::cosine(scale).scale(at(64, 64)) == 1);
    CHECK(guidance::cosine(scale).scale(at(0, 64)) == doctest::Approx(scale).epsilon(1e-15));
  }
}

TEST_CASE("guidance::power: its formula, and linear at exponent 1") {
  for (double const exponent : {0.5, 1.0, 2.0, 3.7}) {
    for (int unknown = 0; unknown <= 49; ++unknown) {
      double const u = (49 - unknown) / 49.0;
      INFO("exponent " << exponent << ", " << unknown << " unknown");
      CHECK(guidance::power(4.0, exponent).scale(at(unknown, 49)) ==
            doctest::Approx(1 + 3 * std::pow(u, exponent)).epsilon(1e-13));
      if (exponent == 1)
        CHECK(guidance::power(4.0, 1.0).scale(at(unknown, 49)) ==
              doctest::Approx(guidance::linear(4).scale(at(unknown, 49))).epsilon(1e-6));
    }
    CHECK(guidance::power(4.0, exponent).scale(at(49, 49)) == 1);
    CHECK(guidance::power(4.0, exponent).scale(at(0, 49)) == 4);
  }
}

TEST_CASE("guidance::linear_by_step: its formula by AR step, whatever the tokens") {
  auto const step = [](int s, int n) { return ardent::ar_progress{s, n, 0, 64}; };
  for (double const scale : {0.0, 1.0, 2.5, 4.3})
    for (int n = 2; n <= 10; ++n) {
      for (int s = 0; s < n; ++s)
        CHECK(guidance::linear_by_step(scale).scale(step(s, n)) == 1 + (scale - 1) * s / (n - 1));
      CHECK(guidance::linear_by_step(scale).scale(step(0, n)) == 1);
      CHECK(guidance::linear_by_step(scale).scale(step(n - 1, n)) == doctest::Approx(scale).epsilon(1e-15));
    }
  CHECK(guidance::linear_by_step(2.5).scale(step(0, 1)) == 2.5);  // the only AR step is the last
  CHECK(guidance::linear_by_step<2.5>().scale(step(1, 3)) == 1.75);
}

TEST_CASE("guidance::linear_open: from 1, an n-th part short of its scale at the last") {
  auto const step = [](int s, int n) { return ardent::ar_progress{s, n, 0, 64}; };
  for (double const scale : {1.0, 3.0, 4.5})
    for (int const n : {1, 10, 11})
      for (int s = 0; s < n; ++s)
        CHECK(guidance::linear_open(scale).scale(step(s, n)) ==
              doctest::Approx(1 + (scale - 1) * s / n).epsilon(1e-15));
  // as published code of Frequency AR gave them
  CHECK(guidance::linear_open<4.5>().scale(step(9, 11)) == 3.8636363636363638);
  CHECK(guidance::linear_open(3.0).scale(step(10, 11)) == 2.8181818181818183);
  CHECK_THROWS_AS(guidance::linear_open(-1), std::invalid_argument);
  static_assert(std::is_empty_v<guidance::linear_open<3>> && guidance::linear_open<3>::guided);
}

TEST_CASE("guidance::interval: rows inside are guided, others are not, bounds included") {
  auto const made = ardent::make_sampler(ardent::ordering::raster(8, 2), ardent::annealing::constant(50),
                                         ardent::grid::clip<ardent::grid::ddim_stride, 980>{},
                                         guidance::interval(guidance::linear(3.0), 200, 700));
  static_assert(decltype(made)::guided);
  int inside = 0;
  for (auto const& row : made.rows(0)) {
    CHECK(row.guided == (row.timestep >= 200 && row.timestep <= 700));
    inside += row.guided ? 1 : 0;
  }
  CHECK(inside == 26);  // 200, 220, ..., 700
  CHECK(made.guidance_scale(0) == guidance::linear(3.0).scale(at(4, 8)));
  CHECK(made.guidance_scale(1) == 3);
  // a guidance without an interval guides every row
  auto const everywhere = ardent::make_sampler(ardent::ordering::raster(8, 2), guidance::constant(3));
  for (auto const& row : everywhere.rows(0)) CHECK(row.guided);
}

TEST_CASE("guidance::interval: of a flow, in the flow's time, static") {
  using sampler = ardent::sampler<ardent::ordering::raster<1>, ardent::annealing::constant<10>,
                                  ardent::process::flow_linear, ardent::grid::time_uniform, ardent::solver::flow_euler,
                                  ardent::predicts<ardent::prediction::velocity>,
                                  guidance::interval<guidance::constant<2.0>, 0.0, 0.75>>;
  static_assert(sampler::tables_at_compile_time);
  for (auto const& row : sampler().rows(0)) CHECK(row.guided == (row.timestep <= 0.75f));
  CHECK(!sampler().rows(0)[2].guided);  // 0.8
  CHECK(sampler().rows(0)[3].guided);   // 0.7
}

TEST_CASE("guidance: numbers out of range are refused") {
  CHECK_THROWS_WITH_AS(guidance::cosine(-1),
                       "ardent::guidance::cosine: guidance_scale must be in [0, 1e6], found -1.000000",
                       std::invalid_argument);
  CHECK_THROWS_AS(guidance::power(2e6, 1), std::invalid_argument);
  CHECK_THROWS_WITH_AS(guidance::power(2, 0),
                       "ardent::guidance::power: the exponent must be in (0, 1e6], found 0.000000",
                       std::invalid_argument);
  CHECK_THROWS_AS(guidance::power(2, std::nan("")), std::invalid_argument);
  CHECK_THROWS_WITH_AS(guidance::interval(guidance::constant(2), 0.5, 0.25),
                       "ardent::guidance::interval: expected low <= high, found 0.500000 and 0.250000",
                       std::invalid_argument);
  CHECK_THROWS_AS(guidance::interval(guidance::constant(2), std::nan(""), 1), std::invalid_argument);
}

TEST_CASE("guidance: static and dynamic shapes are one policy") {
  for (int unknown = 0; unknown <= 10; ++unknown) {
    CHECK(guidance::cosine<2.5>().scale(at(unknown, 10)) == guidance::cosine(2.5).scale(at(unknown, 10)));
    CHECK(guidance::power<2.5, 2>().scale(at(unknown, 10)) == guidance::power(2.5, 2).scale(at(unknown, 10)));
  }
  static_assert(std::is_empty_v<guidance::interval<guidance::cosine<2.5>, 100, 900>>);
}
