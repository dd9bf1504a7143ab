// SPDX-License-Identifier: Apache-2.0
//
// DDIM's integer stride against the recordings and against a search by its definition.
#include <doctest/doctest.h>

#include <ardent/grid/ddim_stride.hpp>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <initializer_list>
#include <vector>

#include "process/schedules.hpp"

namespace {

std::vector<int> timesteps(int steps, int train_timesteps) {
  std::vector<int> out(static_cast<std::size_t>(steps), -1);
  ardent::grid::ddim_stride().timesteps(steps, train_timesteps, out.data());
  return out;
}

// Integers 0, stride, 2 stride ... below n.
int multiples_below(int n, int stride) {
  int found = 0;
  for (int i = 0; i < n; i += stride) ++found;
  return found;
}

// The smallest stride with exactly `steps` multiples below n, for the largest n that has one.
int searched(int steps, int train_timesteps) {
  for (int n = train_timesteps; n > 0; --n) {
    for (int stride = 1; stride <= n; ++stride) {
      int const found = multiples_below(n, stride);
      if (found == steps) return stride;
      if (found < steps) break;  // longer strides have fewer
    }
  }
  return 0;
}

}  // namespace

TEST_CASE("grid::ddim_stride: the recorded grids") {
  for (test::schedule const& recorded : test::schedules("respaced_ddim")) {
    int const steps = recorded.count("K");
    INFO("K = " << steps);
    CHECK(ardent::grid::ddim_stride::stride_for(steps, 1000) == recorded.count("stride"));
    CHECK(timesteps(steps, 1000) == recorded.whole("unclipped_timesteps"));
  }
}

TEST_CASE("grid::ddim_stride: what a search by the definition finds, for every number of steps") {
  for (int const train_timesteps : {1, 2, 7, 30, 100, 1000}) {
    for (int steps = 1; steps <= train_timesteps; ++steps) {
      INFO("K = " << steps << " of " << train_timesteps);
      REQUIRE(ardent::grid::ddim_stride::stride_for(steps, train_timesteps) == searched(steps, train_timesteps));
    }
  }
}

TEST_CASE("grid::ddim_stride: every number of steps gives that many, ascending from 0 and below T") {
  for (int steps = 1; steps <= 1000; ++steps) {
    auto const found = timesteps(steps, 1000);
    REQUIRE(found.front() == 0);
    REQUIRE(found.back() < 1000);
    REQUIRE(std::adjacent_find(found.begin(), found.end(), std::greater_equal<>()) == found.end());
  }
}

TEST_CASE("grid::ddim_stride: numbers of steps that no stride has below T") {
  // 1000 has strides for 1, 2 ... 32 steps, then gaps: 33 steps need 31 (33 below 1000), 501 steps need n = 501
  CHECK(ardent::grid::ddim_stride::stride_for(33, 1000) == 31);
  CHECK(multiples_below(1000, 31) == 33);
  CHECK(ardent::grid::ddim_stride::stride_for(501, 1000) == 1);
  CHECK(timesteps(501, 1000).back() == 500);
  CHECK(timesteps(50, 1000).back() == 980);
}
