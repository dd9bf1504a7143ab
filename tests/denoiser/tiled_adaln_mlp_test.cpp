// SPDX-License-Identifier: Apache-2.0
//
// Whole trajectories by the tiled head with weights in float32 and fp8, in each regime of a GPU, on warps of real
// threads, against a scalar reference in double: widths that fill no chunk or panel, more blocks than panels, several
// tiles.
#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <stdexcept>

#include "denoiser/tiled_regimes.hpp"

namespace {

using namespace test;

TEST_CASE("the tiled head equals the reference in every regime: float32 and fp8") {
  test::tiled_scene const scene({5, 10, 20, 2, 7}, 3, 2);
  for (auto const& executor : {checked(2, 64), checked(5, 32)}) {
    CAPTURE(executor.groups());
    for (bool const team : {false, true}) {
      CAPTURE(team);
      CHECK(test::difference<format::fp32, streamed>(scene, executor, 3, team) < bound_fp32);
      CHECK(test::difference<format::fp32, streamed>(scene, executor, 2, team) < bound_fp32);
      CHECK(test::difference<format::fp32, resident>(scene, executor, 3, team) < bound_fp32);
      CHECK(test::difference<format::fp32, hoisted>(scene, executor, 2, team) < bound_fp32);
      CHECK(test::difference<format::fp32, both>(scene, executor, 1, team) < bound_fp32);
      CHECK(test::difference<format::fp32, wide>(scene, executor, 3, team) < bound_fp32);
      CHECK(test::difference<format::fp32, once>(scene, executor, 2, team) < bound_fp32);
      CHECK(test::difference<format::fp8, both>(scene, executor, 3, team) < bound_bf16);
    }
    CHECK(test::difference<format::fp32, solo>(scene, executor, 2, false) < bound_fp32);
    CHECK(test::difference<format::fp32, wide_solo>(scene, executor, 3, false) < bound_fp32);
  }
}

TEST_CASE("the tiled head: every regime gives the same bits in float32 and fp8") {
  check_same_bits<format::fp32>();
  check_same_bits<format::fp8>();
}

TEST_CASE("the tiled head counts what is infinite or not a number, once, in every regime") {
  test::tiled_scene scene({3, 6, 20, 1, 5}, 3, 3);
  auto const& shape = scene.what.weights.shape;
  std::size_t const width = 5, channels = 3, broken = 1;
  auto const clean = scene.draw<format::fp32, solo>(shape, checked(1, 32), 3, false);
  // one branch of one token; from the second step on, the token itself is NaN, and both branches are
  scene.what.z[broken * width] = std::nanf("");
  auto const check = [&]<tiled_plan Plan>(checked const& executor, int most, bool team) {
    unsigned long long counted = 0;
    auto const found = scene.draw<format::fp32, Plan>(shape, executor, most, team, &counted);
    CHECK(counted == 6 * (2 * 3 - 1));
    for (std::size_t i = 0; i < found.size(); ++i) {
      CAPTURE(i);
      if (i / channels == broken)
        CHECK(std::isnan(found[i]));
      else
        CHECK(found[i] == clean[i]);
    }
  };
  check.operator()<solo>(checked(1, 64), 3, false);
  check.operator()<streamed>(checked(3, 32), 2, true);
  check.operator()<both>(checked(2, 64), 3, true);
  check.operator()<once>(checked(2, 64), 3, true);
}

TEST_CASE("the tiled head refuses a width that is not a multiple of 4") {
  CHECK_THROWS_WITH_AS(ardent::tiled_bytes<format::bf16>(ardent::adaln_shape<>(3, 3, 30, 1, 5)),
                       "ardent::tiled_adaln_layout: expected a width that is a multiple of 4, found 30",
                       std::invalid_argument);
}

}  // namespace
