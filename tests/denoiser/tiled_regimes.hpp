// SPDX-License-Identifier: Apache-2.0
//
// The regimes of a GPU for the tiled head, and what each number format is checked for in all of them: whole
// trajectories on warps of real threads, against a scalar reference in double.
#pragma once

#include <doctest/doctest.h>

#include "denoiser/tiled_scene.hpp"

namespace test {

using ardent::tiled_plan;
using ardent::executor::checked;
namespace format = ardent::format;

// groups, shared, resident, hoisted, norms_once, hoisted_groups
inline constexpr tiled_plan streamed{1, true, false, false, false, 1}, resident{1, true, true, false, false, 1},
    hoisted{1, true, false, true, false, 2}, both{1, true, true, true, false, 1}, wide{2, true, false, false, false, 1},
    once{1, true, false, false, true, 1};
inline constexpr tiled_plan solo{1, false, false, false, false, 1}, wide_solo{2, false, false, false, false, 1};

// fp32: see reference_test.cpp. The reference has the weights that a format keeps; activations are rounded to 8 bits
// (bf16 and fp8) or 11 (fp16): what comes out of random layers is off by these roundings, 2^-9 and 2^-12 each, times a
// few.
inline constexpr double bound_fp32 = 2e-4, bound_bf16 = 6e-2, bound_fp16 = 5e-3;

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

/// @brief Tokens by Plan on this executor, against the reference with the weights that the format keeps.
template <class Format, tiled_plan Plan>
double difference(tiled_scene const& scene, checked const& executor, int most, bool team) {
  return largest_difference(scene.draw<Format, Plan>(scene.what.weights.shape, executor, most, team),
                            scene.expected<Format>());
}

/// @brief Checks that every regime gives the same bits, with sizes known at compile time or not.
template <class Format>
void check_same_bits() {
  tiled_scene const scene({3, 6, 44, 2, 9}, 4, 3);
  auto const& shape = scene.what.weights.shape;
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
}

}  // namespace test
