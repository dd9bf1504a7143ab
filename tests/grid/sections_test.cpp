// SPDX-License-Identifier: Apache-2.0
//
// Respacing by sections against steps worked out by hand and a formula in integers, and a user's own training steps.
#include <doctest/doctest.h>

#include <ardent/grid/clip.hpp>
#include <ardent/grid/respaced.hpp>
#include <ardent/grid/training_steps.hpp>
#include <ardent/process/cosine.hpp>
#include <ardent/process/linear.hpp>
#include <ardent/sampler.hpp>

#include <cmath>
#include <stdexcept>
#include <vector>

#include "support/table_run.hpp"

namespace {

namespace grid = ardent::grid;

template <class Grid>
std::vector<int> visited(Grid const& g, int steps, int train_timesteps) {
  std::vector<int> out;
  auto const nodes = test::nodes_of(ardent::process::cosine(train_timesteps), g, steps);
  for (std::size_t k = 0; k + 1 < nodes.size(); ++k) out.insert(out.begin(), static_cast<int>(nodes[k].timestep));
  return out;
}

}  // namespace

TEST_CASE("grid::respaced_sections: by hand") {
  // 300 steps in 10,15,20: each hundred on its own, strides 99/9, 99/14, 99/19
  auto const three = visited(grid::respaced_sections<10, 15, 20>{}, 45, 300);
  REQUIRE(three.size() == 45);
  for (int i = 0; i < 10; ++i) CHECK(three[static_cast<std::size_t>(i)] == 11 * i);
  for (int i = 0; i < 15; ++i) CHECK(std::abs(three[static_cast<std::size_t>(10 + i)] - (100 + 99.0 / 14 * i)) <= 0.5);
  for (int i = 0; i < 20; ++i) CHECK(std::abs(three[static_cast<std::size_t>(25 + i)] - (200 + 99.0 / 19 * i)) <= 0.5);
  // 10 steps in 2,1: 5 + 5; a section of one step visits its cleanest
  CHECK(visited(grid::respaced_sections<2, 1>{}, 3, 10) == std::vector<int>{0, 4, 5});
  // 11 steps in two: the first section has one more
  CHECK(visited(grid::respaced_sections<2, 2>{}, 4, 11) == std::vector<int>{0, 5, 6, 10});
  CHECK(visited(grid::respaced_sections<9, 5, 4, 1>{}, 19, 1000).back() == 750);
}

TEST_CASE("grid::respaced_sections: one section is plain respacing") {
  for (int const steps : {2, 5, 19, 250, 1000})
    CHECK(visited(grid::respaced_sections<7>{}, steps, 1000) == visited(grid::respaced{}, steps, 1000));
}

TEST_CASE("grid::respaced_sections: other numbers of steps keep the shape") {
  for (int steps = 1; steps <= 250; ++steps) {
    auto const all = visited(grid::respaced_sections<9, 5, 4, 1>{}, steps, 1000);
    INFO("K = " << steps);
    REQUIRE(static_cast<int>(all.size()) == steps);
    int in_section[4] = {};
    for (int const t : all) ++in_section[t / 250];
    double const shares[] = {9, 14, 18, 19};
    int before = 0;
    for (int s = 0; s < 4; ++s) {
      before += in_section[s];
      CHECK(std::abs(before - steps * shares[s] / 19) <= 0.5);
    }
  }
}

TEST_CASE("grid::respaced_sections: a full section is refused, at run time and not sooner") {
  CHECK_THROWS_WITH_AS(visited(grid::respaced_sections<3, 1>{}, 8, 10),
                       "ardent::grid::respaced_sections: expected at most 5 steps in section 0, found 6",
                       std::invalid_argument);
  static_assert(ardent::sampler<ardent::ordering::raster<4>, ardent::annealing::constant<19>, ardent::process::linear<>,
                                grid::respaced_sections<9, 5, 4, 1>>::tables_at_compile_time);
}

TEST_CASE("grid::training_steps: as given, and clipped") {
  grid::training_steps const own({3, 17, 400, 990});
  CHECK(visited(own, 4, 1000) == std::vector<int>{3, 17, 400, 990});
  CHECK(visited(grid::clip(own, 399), 4, 1000) == std::vector<int>{3, 17, 399});
  auto const sampler =
      ardent::make_sampler(ardent::ordering::raster<2>{}, ardent::annealing::constant(4), grid::clip(own, 950));
  CHECK(sampler.rows(0)[0].timestep == 950);
  CHECK(sampler.effective_steps(0) == 4);
}

TEST_CASE("grid::training_steps: what it refuses") {
  CHECK_THROWS_WITH_AS(grid::training_steps({}),
                       "ardent::grid::training_steps: expected at least one training step, none below 0, found none",
                       std::invalid_argument);
  CHECK_THROWS_AS(grid::training_steps({-1, 3}), std::invalid_argument);
  CHECK_THROWS_WITH_AS(grid::training_steps({1, 3, 3}),
                       "ardent::grid::training_steps: expected strictly ascending training steps, found 3 after 3",
                       std::invalid_argument);
  grid::training_steps const own({3, 17, 400, 990});
  CHECK_THROWS_AS(visited(own, 3, 1000), std::invalid_argument);
  CHECK_THROWS_WITH_AS(
      visited(own, 4, 990),
      "ardent::grid::training_steps: expected to be asked for 4 steps of more than 990, found 4 of 990",
      std::invalid_argument);
}
