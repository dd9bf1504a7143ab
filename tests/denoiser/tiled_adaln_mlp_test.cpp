// SPDX-License-Identifier: Apache-2.0
//
// Whole trajectories by the tiled head, in each regime of a GPU, on warps of real threads, against a scalar reference
// in double: widths that fill no chunk or panel, more blocks than panels, several tiles.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "denoiser/tiled_scene.hpp"

namespace {

using ardent::checked_order;
using ardent::tiled_plan;
using ardent::executor::checked;
namespace format = ardent::format;

// groups, shared, resident, hoisted, norms_once, hoisted_groups
constexpr tiled_plan streamed{1, true, false, false, false, 1}, resident{1, true, true, false, false, 1},
    hoisted{1, true, false, true, false, 2}, both{1, true, true, true, false, 1}, wide{2, true, false, false, false, 1},
    once{1, true, false, false, true, 1};
constexpr tiled_plan solo{1, false, false, false, false, 1}, wide_solo{2, false, false, false, false, 1};

// fp32: see reference_test.cpp. The reference has the weights that a format keeps; activations are rounded to 8 bits
// (bf16 and fp8) or 11 (fp16): what comes out of random layers is off by these roundings, 2^-9 and 2^-12 each, times a
// few.
constexpr double bound_fp32 = 2e-4, bound_bf16 = 6e-2, bound_fp16 = 5e-3;

TEST_CASE("the tiled head equals the reference in every regime") {
  test::tiled_scene const scene({5, 10, 20, 2, 7}, 3, 2);
  auto const& shape = scene.what.weights.shape;
  for (auto const& executor : {checked(2, 64), checked(5, 32)}) {
    auto const difference = [&]<class Format, tiled_plan Plan>(int most, bool team) {
      return test::largest_difference(scene.draw<Format, Plan>(shape, executor, most, team), scene.expected<Format>());
    };
    for (bool const team : {false, true}) {
      CAPTURE(executor.groups());
      CAPTURE(team);
      CHECK(difference.operator()<format::fp32, streamed>(3, team) < bound_fp32);
      CHECK(difference.operator()<format::fp32, streamed>(2, team) < bound_fp32);
      CHECK(difference.operator()<format::fp32, resident>(3, team) < bound_fp32);
      CHECK(difference.operator()<format::fp32, hoisted>(2, team) < bound_fp32);
      CHECK(difference.operator()<format::fp32, both>(1, team) < bound_fp32);
      CHECK(difference.operator()<format::fp32, wide>(3, team) < bound_fp32);
      CHECK(difference.operator()<format::fp32, once>(2, team) < bound_fp32);
      CHECK(difference.operator()<format::bf16, both>(3, team) < bound_bf16);
      CHECK(difference.operator()<format::fp16, once>(3, team) < bound_fp16);
      CHECK(difference.operator()<format::fp8, both>(3, team) < bound_bf16);
    }
    CHECK(difference.operator()<format::fp32, solo>(2, false) < bound_fp32);
    CHECK(difference.operator()<format::fp32, wide_solo>(3, false) < bound_fp32);
    CHECK(difference.operator()<format::bf16, solo>(3, false) < bound_bf16);
  }
}

TEST_CASE("the tiled head: every regime gives the same bits") {
  test::tiled_scene const scene({3, 6, 44, 2, 9}, 4, 3);
  auto const& shape = scene.what.weights.shape;
  auto const check = [&]<class Format>() {
    auto const first = scene.draw<Format, solo>(shape, checked(1, 32), 4, false);
    CHECK(scene.draw<Format, solo>(shape, checked(1, 96), 3, false) == first);
    CHECK(scene.draw<Format, streamed>(shape, checked(3, 96), 1, true) == first);
    CHECK(scene.draw<Format, resident>(shape, checked(2, 64), 3, true) == first);
    CHECK(scene.draw<Format, hoisted>(shape, checked(7, 32), 2, true) == first);
    CHECK(scene.draw<Format, both>(shape, checked(2, 160), 4, true) == first);
    CHECK(scene.draw<Format, wide>(shape, checked(2, 64), 4, true) == first);
    CHECK(scene.draw<Format, once>(shape, checked(3, 64), 3, true) == first);
    CHECK(scene.draw<Format, wide_solo>(shape, checked(1, 64), 4, false) == first);
    constexpr ardent::adaln_shape<3, 6, 44, 2, 9> fixed{};
    CHECK(scene.draw<Format, both>(fixed, checked(2, 64), 3, true) == first);
  };
  check.operator()<format::fp32>();
  check.operator()<format::bf16>();
  check.operator()<format::fp16>();
  check.operator()<format::fp8>();
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

/// body.template operator()<Plan>(team, tokens of a tile, name) for every regime of a GPU.
template <class F>
void for_each_regime(F const& body) {
  body.template operator()<solo>(false, 2, "solo");
  body.template operator()<wide_solo>(false, 3, "wide_solo");
  body.template operator()<streamed>(true, 3, "streamed");
  body.template operator()<resident>(true, 3, "resident");
  body.template operator()<hoisted>(true, 2, "hoisted");
  body.template operator()<both>(true, 2, "both");
  body.template operator()<wide>(true, 3, "wide");
  body.template operator()<once>(true, 3, "once");
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

TEST_CASE("the tiled head refuses a width that is not a multiple of 4") {
  CHECK_THROWS_WITH_AS(ardent::tiled_bytes<format::bf16>(ardent::adaln_shape<>(3, 3, 30, 1, 5)),
                       "ardent::tiled_adaln_layout: expected a width that is a multiple of 4, found 30",
                       std::invalid_argument);
}

}  // namespace
