// SPDX-License-Identifier: Apache-2.0
//
// Whole trajectories of the AdaLN MLP head, guided, with given noise, on the host executor, against the reference in
// double: DDPM with a learned range and a temperature, DDIM, DPM-Solver-1.
#include <doctest/doctest.h>
#include <ardent/ardent.hpp>

#include "support/one_level.hpp"
#include "support/scene.hpp"

namespace {

using test::doubles;

// The head is exact to 1e-5 (adaln_mlp_test.cpp). At step 950 x0 = 12.8 x - 12.7 epsilon, guidance by 2.5 magnifies an
// epsilon's error up to 4 times, and later steps shrink what earlier ones did.
constexpr double bound = 2e-4;

using ardent::simd_level;
constexpr auto baseline = test::one_level<simd_level::baseline>{};
constexpr auto avx2 = test::one_level<simd_level::avx2>{};

// Where float's error moves an activation across a tie, its rounding to 8 bits differs; 50 steps pass that on.
constexpr double narrow_bound = 1e-2;

bool has_avx2() { return ardent::host_level() >= simd_level::avx2; }

TEST_CASE("DDPM with learned range, guidance and temperature equals the reference") {
  for (int const steps : {1, 2, 25, 50}) {  // 50 become 48
    for (double const temperature : {1.0, 0.6}) {
      CAPTURE(steps);
      CAPTURE(temperature);
      test::scene const scene({5, 10, 36, 2, 7}, 2, 3, steps);
      auto const table = test::reference_steps(steps, 950);
      auto const sampler = ardent::make_sampler(ardent::ordering::raster{3, 1}, ardent::annealing::constant{steps},
                                                ardent::guidance::constant{2.5}, ardent::solver::ddpm<>{},
                                                ardent::temperature::constant{temperature});
      REQUIRE(sampler.effective_steps(0) == static_cast<int>(table.size()));
      auto const draw_token = [&](auto const& network, doubles const& x, auto const& noise) {
        return test::reference_ddpm(table, x, network, noise, temperature);
      };
      auto const difference = [&]<class Storage>(Storage, auto const& executor, bool team, doubles const& expected) {
        return test::largest_difference(test::draw<Storage>(scene, sampler, executor, 4, team), expected);
      };
      doubles const expected = scene.expected(2.5, test::exactly, draw_token);
      for (auto const level : {simd_level::baseline, simd_level::avx2})
        for (int const threads : {1, 2})
          for (bool const team : {false, true}) {
            if (level > ardent::host_level()) continue;
            CHECK(difference(float{}, ardent::executor::host(threads, level), team, expected) < bound);
          }
      doubles const expected_bf16 = scene.expected(2.5, test::as_bfloat16, draw_token);
      CHECK(difference(ardent::bfloat16{}, baseline, false, expected_bf16) < narrow_bound);
      if (has_avx2()) CHECK(difference(ardent::bfloat16{}, avx2, false, expected_bf16) < narrow_bound);
    }
  }
}

TEST_CASE("DDIM with and without noise equals the reference") {
  test::scene const scene({5, 5, 36, 2, 7}, 1, 6, 20);
  auto const table = test::reference_steps(20, 950);
  for (double const eta : {0.0, 0.7, 1.0}) {
    CAPTURE(eta);
    auto const sampler =
        ardent::make_sampler(ardent::ordering::raster{6, 1}, ardent::annealing::constant{20},
                             ardent::guidance::constant{1.5}, ardent::solver::ddim<ardent::dynamic>{eta});
    doubles const expected =
        scene.expected(1.5, test::exactly, [&](auto const& network, doubles const& x, auto const& noise) {
          return test::reference_ddim(table, x, network, noise, eta);
        });
    CHECK(test::largest_difference(test::draw<float>(scene, sampler, baseline, 4, false), expected) < bound);
  }
}

TEST_CASE("DPM-Solver-1 equals the reference") {
  test::scene const scene({3, 3, 20, 1, 7}, 1, 5, 12);
  auto const table = test::reference_steps(12, 950);
  auto const sampler = ardent::make_sampler(ardent::ordering::raster{5, 1}, ardent::annealing::constant{12},
                                            ardent::guidance::constant{3.0}, ardent::solver::dpm_solver_1{});
  doubles const expected = scene.expected(3.0, test::exactly, [&](auto const& network, doubles const& x, auto const&) {
    return test::reference_dpm_solver_1(table, x, network);
  });
  CHECK(test::largest_difference(test::draw<float>(scene, sampler, baseline, 4, false), expected) < bound);
}

}  // namespace
