// SPDX-License-Identifier: Apache-2.0
//
// Improved DDPM's respacing against the recordings and against its definition for every number of steps.
#include <doctest/doctest.h>

#include <ardent/grid/respaced.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <initializer_list>
#include <vector>

#include "process/schedules.hpp"

namespace {

std::vector<int> timesteps(int steps, int train_timesteps) {
  std::vector<int> out(static_cast<std::size_t>(steps), -1);
  ardent::grid::respaced().timesteps(steps, train_timesteps, out.data());
  return out;
}

}  // namespace

TEST_CASE("grid::respaced: the recorded grids") {
  for (test::schedule const& recorded : test::schedules("respaced")) {
    int const steps = recorded.count("K");
    INFO("K = " << steps);
    CHECK(timesteps(steps, 1000) == recorded.whole("unclipped_timesteps"));
  }
}

TEST_CASE("grid::respaced: the stride is added up and each sum rounded to even") {
  for (int const train_timesteps : {2, 10, 50, 999, 1000, 4000}) {
    for (int steps = 2; steps <= train_timesteps; ++steps) {
      auto const found = timesteps(steps, train_timesteps);
      double const stride = static_cast<double>(train_timesteps - 1) / (steps - 1);
      std::vector<int> expected;
      double place = 0;
      for (int i = 0; i < steps; ++i, place += stride) expected.push_back(static_cast<int>(std::nearbyint(place)));
      INFO("K = " << steps << " of " << train_timesteps);
      REQUIRE(found == expected);
      REQUIRE(found.front() == 0);
      REQUIRE(found.back() == train_timesteps - 1);
      REQUIRE(std::adjacent_find(found.begin(), found.end(), std::greater_equal<>()) == found.end());
    }
  }
}

TEST_CASE("grid::respaced: one step stands at the noisiest, all steps are all") {
  CHECK(timesteps(1, 1000) == std::vector<int>{999});
  CHECK(timesteps(1, 1) == std::vector<int>{0});
  auto const all = timesteps(1000, 1000);
  for (int i = 0; i < 1000; ++i) CHECK(all[static_cast<std::size_t>(i)] == i);
}

TEST_CASE("grid::respaced: halves are rounded to even") {
  CHECK(timesteps(3, 2) == std::vector<int>{0, 0, 1});
  CHECK(timesteps(3, 4) == std::vector<int>{0, 2, 3});
  CHECK(timesteps(3, 6) == std::vector<int>{0, 2, 5});
}

TEST_CASE("grid::respaced: usable in a constant expression") {
  static_assert([] {
    int out[5] = {};
    ardent::grid::respaced().timesteps(5, 1000, out);
    return out[0] == 0 && out[1] == 250 && out[2] == 500 && out[3] == 749 && out[4] == 999;
  }());
  static_assert(ardent::discrete_grid<ardent::grid::respaced>);
}
