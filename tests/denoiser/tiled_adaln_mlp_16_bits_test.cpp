// SPDX-License-Identifier: Apache-2.0
//
// As tiled_adaln_mlp_test.cpp, with weights of 16 bits; what overflows in half precision; and that each sync is needed.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <vector>

#include "denoiser/tiled_regimes.hpp"

namespace {

using namespace test;
using ardent::checked_order;

TEST_CASE("the tiled head equals the reference in every regime: 16 bits") {
  test::tiled_scene const scene({5, 10, 20, 2, 7}, 3, 2);
  for (auto const& executor : {checked(2, 64), checked(5, 32)}) {
    CAPTURE(executor.groups());
    for (bool const team : {false, true}) {
      CAPTURE(team);
      CHECK(test::difference<format::bf16, both>(scene, executor, 3, team) < bound_bf16);
      CHECK(test::difference<format::fp16, once>(scene, executor, 3, team) < bound_fp16);
    }
    CHECK(test::difference<format::bf16, solo>(scene, executor, 3, false) < bound_bf16);
  }
}

TEST_CASE("the tiled head: every regime gives the same bits in 16 bits") {
  check_same_bits<format::bf16>();
  check_same_bits<format::fp16>();
}

TEST_CASE("the tiled head in half precision: guidance of 1 to 8 overflows in no regime") {
  test::tiled_scene scene({5, 10, 20, 2, 7}, 3, 2);
  auto const& shape = scene.what.weights.shape;
  for (double const scale : {1.0, 2.0, 4.0, 8.0}) {
    CAPTURE(scale);
    scene.guidance_scale = scale;
    auto const expected = scene.expected<format::fp16>();
    // of two branches that are off by as much, |1 - scale| + scale times that is in the mix
    double const bound = bound_fp16 / 4 * (2 * scale - 1);
    for_each_regime([&]<tiled_plan Plan>(bool team, int most, char const* name) {
      CAPTURE(name);
      unsigned long long counted = 0;
      auto const found = scene.draw<format::fp16, Plan>(shape, checked(2, 64), most, team, &counted);
      CHECK(counted == 0);
      CHECK(test::largest_difference(found, expected) < bound);
    });
  }
}

TEST_CASE("the tiled head in half precision: a hidden activation above 65504 is counted in every regime") {
  test::tiled_scene scene({5, 10, 20, 2, 7}, 3, 2);
  auto const& shape = scene.what.weights.shape;
  unsigned long long const all = 10 * 2 * 3 * 2;  // outputs, branches, tokens, steps
  // 65504 is the largest half, and from 65520 on a number is rounded to infinity; SiLU leaves it as it is
  for (float const hidden : {65450.0f, 65600.0f}) {
    CAPTURE(hidden);
    test::made_linear& layer = scene.what.weights.blocks[0].mlp_in;
    std::fill_n(layer.weight.begin() + 3 * shape.width(), shape.width(), 0.0f);
    layer.bias[3] = hidden;
    for (double const scale : {1.0, 8.0}) {
      CAPTURE(scale);
      scene.guidance_scale = scale;
      for_each_regime([&]<tiled_plan Plan>(bool team, int most, char const* name) {
        CAPTURE(name);
        unsigned long long counted = 0;
        scene.draw<format::fp16, Plan>(shape, checked(2, 64), most, team, &counted);
        CHECK(counted == (hidden > 65520.0f ? all : 0));
      });
      // bfloat16 has the range of a float
      unsigned long long counted = 0;
      auto const found = scene.draw<format::bf16, solo>(shape, checked(1, 32), 3, false, &counted);
      CHECK(counted == 0);
      CHECK(std::ranges::all_of(found, [](float v) { return std::isfinite(v); }));
    }
  }
}

TEST_CASE("each sync of the tiled head is needed") {
  test::tiled_scene const scene({3, 6, 20, 1, 5}, 3, 3);
  auto const& shape = scene.what.weights.shape;
  std::vector<float> const right = scene.draw<format::bf16, streamed>(shape, checked(1, 32), 3, false);
  constexpr int regimes = 7;
  auto const same = [&](checked const& executor, int regime) {
    auto const equal = [&]<tiled_plan Plan>(bool team) {
      return scene.draw<format::bf16, Plan>(shape, executor, 2, team) == right;
    };
    return regime == 6  ? equal.operator()<solo>(false)
           : regime < 2 ? equal.operator()<streamed>(regime % 2 == 0)
           : regime < 4 ? equal.operator()<both>(regime % 2 == 0)
                        : equal.operator()<once>(regime % 2 == 0);
  };
  std::set<ardent::sync_place> places;
  for (auto const order : {checked_order::ascending, checked_order::descending})
    for (int regime = 0; regime < regimes; ++regime) {
      CAPTURE(regime);
      checked const executor(2, 64, order);
      CHECK(same(executor, regime));  // the control
      places.insert(executor.places().begin(), executor.places().end());
    }
  int in_head = 0, of_kernel = 0;
  for (ardent::sync_place const& place : places) {
    bool noticed = false;
    for (auto const order : {checked_order::ascending, checked_order::descending})
      for (int regime = 0; regime < regimes && !noticed; ++regime)
        noticed = !same(checked(2, 64, order, place), regime);
    INFO("left out: the sync at " << place.first << ":" << place.second);
    CHECK(noticed);
    in_head += place.first.ends_with("ardent/denoiser/tiled_adaln_mlp.hpp");
    of_kernel += place.first.ends_with("ardent/detail/tile_turns.hpp");
  }
  CHECK(of_kernel == 1);  // between the tiles of a block or a grid
  CHECK(in_head >= 10);
}

}  // namespace
