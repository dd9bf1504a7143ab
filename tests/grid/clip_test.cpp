// SPDX-License-Identifier: Apache-2.0
//
// The clip of a grid's noisiest steps: the recorded grids, and how many steps are left where steps fall together.
#include <doctest/doctest.h>

#include <ardent/grid/clip.hpp>
#include <ardent/grid/ddim_stride.hpp>
#include <ardent/grid/respaced.hpp>
#include <ardent/process/cosine.hpp>

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <stdexcept>
#include <type_traits>
#include <vector>

#include "process/schedules.hpp"

namespace {

namespace grid = ardent::grid;

// The times that are visited, ascending.
template <class Grid>
std::vector<int> visited(Grid const& g, int steps, int train_timesteps = 1000) {
  ardent::process::cosine<ardent::dynamic> const process(train_timesteps);
  std::vector<double> table(static_cast<std::size_t>(process.table_size()));
  process.fill_table(table.data());
  std::vector<int> scratch(static_cast<std::size_t>(steps) + 1);
  std::vector<ardent::node> nodes(scratch.size());
  int const count = ardent::detail::fill_nodes(g, process, table.data(), steps, scratch.data(), nodes.data());
  std::vector<int> out;
  for (int k = count - 1; k >= 0; --k) out.push_back(static_cast<int>(nodes[static_cast<std::size_t>(k)].timestep));
  return out;
}

}  // namespace

TEST_CASE("grid::clip: the recorded grids of respacing") {
  for (test::schedule const& recorded : test::schedules("respaced")) {
    int const steps = recorded.count("K");
    grid::clip<grid::respaced, ardent::dynamic> const g(recorded.count("clip_timesteps"));
    INFO("K = " << steps << ", clip " << g.max());
    CHECK(visited(g, steps) == recorded.whole("timestep_map"));
    CHECK(visited(g, steps).size() == static_cast<std::size_t>(recorded.count("effective_steps")));
  }
}

TEST_CASE("grid::clip: the recorded grids of the DDIM stride") {
  for (test::schedule const& recorded : test::schedules("respaced_ddim")) {
    int const steps = recorded.count("K");
    grid::clip<grid::ddim_stride, ardent::dynamic> const g(recorded.count("clip_timesteps"));
    INFO("K = " << steps << ", clip " << g.max());
    CHECK(visited(g, steps) == recorded.whole("timestep_map"));
  }
}

TEST_CASE("grid::clip: from 22 steps on some fall together: 27 become 26, 50 become 48, 100 become 96") {
  grid::clip<grid::respaced, 950> const g;
  CHECK(visited(g, 21).size() == 21);
  CHECK(visited(g, 22).size() == 21);
  CHECK(visited(g, 27).size() == 26);
  CHECK(visited(g, 50).size() == 48);
  CHECK(visited(g, 100).size() == 96);
  CHECK(visited(g, 1000).size() == 951);
  CHECK(visited(g, 1) == std::vector<int>{950});
  CHECK(visited(grid::clip<grid::ddim_stride, 980>(), 50).size() == 50);
}

TEST_CASE("grid::clip: the visited steps are the set of the clipped ones, for every number of steps") {
  for (int const max : {0, 1, 500, 949, 950, 998, 999, 1001}) {
    grid::clip<grid::respaced, ardent::dynamic> const g(max);
    for (int steps = 1; steps <= 1000; steps += steps < 110 ? 1 : 89) {
      std::vector<int> expected(static_cast<std::size_t>(steps));
      grid::respaced().timesteps(steps, 1000, expected.data());
      for (int& t : expected) t = std::min(t, max);
      expected.erase(std::unique(expected.begin(), expected.end()), expected.end());
      INFO("K = " << steps << ", clip " << max);
      REQUIRE(visited(g, steps) == expected);
    }
  }
}

TEST_CASE("grid::clip: nodes come noisiest first and end at the clean one") {
  ardent::process::cosine<> const process;
  std::vector<double> table(1000);
  process.fill_table(table.data());
  std::vector<int> scratch(51);
  std::vector<ardent::node> nodes(51);
  int const count = ardent::detail::fill_nodes(grid::clip<grid::respaced, 950>(), process, table.data(), 50,
                                               scratch.data(), nodes.data());
  REQUIRE(count == 48);
  CHECK(nodes[0].timestep == 950);
  CHECK(nodes[47].timestep == 0);
  for (std::size_t k = 1; k <= 48; ++k) {
    CHECK(nodes[k].alphas_cumprod > nodes[k - 1].alphas_cumprod);
    CHECK(nodes[k].sigma < nodes[k - 1].sigma);
  }
  CHECK(nodes[48].alphas_cumprod == 1);
  CHECK(nodes[48].alpha == 1);
  CHECK(nodes[48].sigma == 0);
}

TEST_CASE("grid::clip: static and dynamic are one policy, and a negative clip is refused") {
  CHECK(visited(grid::clip<grid::respaced, 950>(), 77) ==
        visited(grid::clip<grid::respaced, ardent::dynamic>(950), 77));
  static_assert(std::is_empty_v<grid::clip<grid::respaced, 950>>);
  static_assert(grid::clip<grid::respaced, 950>().max() == 950);
  CHECK_THROWS_WITH_AS((grid::clip<grid::respaced, ardent::dynamic>(-1)),
                       "ardent::grid::clip: max must be at least 0, found -1", std::invalid_argument);
}
