// SPDX-License-Identifier: Apache-2.0
//
// Grids over training steps against their formulas: leading, trailing, linspace, without_first, end_at_first; their
// clips, how many steps fall together, and the smallest and largest numbers of steps.
#include <doctest/doctest.h>

#include <ardent/ardent.hpp>

#include <algorithm>
#include <cmath>
#include <set>
#include <stdexcept>
#include <vector>

#include "support/table_run.hpp"

namespace {

namespace grid = ardent::grid;
namespace process = ardent::process;

// The visited steps, ascending.
template <class Grid>
std::vector<int> visited(Grid const& g, int steps, int train_timesteps = 1000) {
  std::vector<int> out;
  auto const nodes = test::nodes_of(process::cosine(train_timesteps), g, steps);
  for (std::size_t k = 0; k + 1 < nodes.size(); ++k) out.insert(out.begin(), static_cast<int>(nodes[k].timestep));
  return out;
}

// floor(T / K) i + offset, at most T - 1.
std::vector<int> leading(int steps, int train_timesteps, int offset) {
  std::set<int> out;
  for (int i = 0; i < steps; ++i) out.insert(std::min(i * (train_timesteps / steps) + offset, train_timesteps - 1));
  return {out.begin(), out.end()};
}

// round(T - i T / K) - 1, halves to even (lrint's default), at least 0.
std::vector<int> trailing(int steps, int train_timesteps) {
  std::set<int> out;
  for (int i = 0; i < steps; ++i) {
    // The published grid rounds the product to a double; a contracted multiply-add (-march=native) would not.
    double volatile const below = i * (1.0 * train_timesteps / steps);
    out.insert(std::max<int>(0, static_cast<int>(std::lrint(train_timesteps - below)) - 1));
  }
  return {out.begin(), out.end()};
}

// round(i (T - 1) / (K - 1)), halves to even.
std::vector<int> linspace(int steps, int train_timesteps) {
  std::set<int> out;
  for (int i = 0; i < steps; ++i)
    out.insert(steps == 1 ? train_timesteps - 1
                          : static_cast<int>(std::lrint(i * (1.0 * (train_timesteps - 1) / (steps - 1)))));
  return {out.begin(), out.end()};
}

}  // namespace

TEST_CASE("grids over training steps: their formulas, for many K and T") {
  for (int const train_timesteps : {100, 1000}) {
    for (int steps = 1; steps <= train_timesteps; steps += steps < 64 ? 1 : 47) {
      INFO("K = " << steps << ", T = " << train_timesteps);
      CHECK(visited(grid::leading<>{}, steps, train_timesteps) == leading(steps, train_timesteps, 0));
      CHECK(visited(grid::leading<1>{}, steps, train_timesteps) == leading(steps, train_timesteps, 1));
      CHECK(visited(grid::trailing{}, steps, train_timesteps) == trailing(steps, train_timesteps));
      CHECK(visited(grid::linspace{}, steps, train_timesteps) == linspace(steps, train_timesteps));
    }
  }
}

TEST_CASE("grids over training steps: one step and all of them") {
  std::vector<int> all(1000);
  for (int i = 0; i < 1000; ++i) all[static_cast<std::size_t>(i)] = i;
  CHECK(visited(grid::trailing{}, 1) == std::vector<int>{999});
  CHECK(visited(grid::linspace{}, 1) == std::vector<int>{999});
  CHECK(visited(grid::respaced{}, 1) == std::vector<int>{999});
  CHECK(visited(grid::leading<>{}, 1) == std::vector<int>{0});
  CHECK(visited(grid::trailing{}, 1000) == all);
  CHECK(visited(grid::linspace{}, 1000) == all);
  CHECK(visited(grid::leading<>{}, 1000) == all);
  CHECK(visited(grid::leading<1>{}, 1000).size() == 999);  // the last two fall together at T - 1
  CHECK(visited(grid::respaced{}, 1000) == all);
}

TEST_CASE("grids over training steps: more steps than there are is an error") {
  auto const check = [](auto const& g) {
    auto const make = [&](int steps) {
      return ardent::make_sampler(ardent::ordering::raster<1>{}, ardent::annealing::constant(steps),
                                  process::cosine(50), g);
    };
    CHECK_NOTHROW(make(50));
    CHECK_THROWS_WITH_AS(
        make(51),
        "ardent::sampler: expected 1 to 50 denoising steps (no more than there are training steps) at AR "
        "step 0, found 51",
        std::invalid_argument);
  };
  check(grid::leading<>{});
  check(grid::trailing{});
  check(grid::linspace{});
  check(grid::clip<grid::trailing, 40>{});
}

TEST_CASE("grid::without_first: the K noisiest of K + 1 steps") {
  for (int const steps : {1, 2, 10, 25, 999}) {
    auto expected = linspace(steps + 1, 1000);
    expected.erase(expected.begin());
    INFO("K = " << steps);
    CHECK(visited(grid::without_first<grid::linspace>{}, steps) == expected);
  }
}

TEST_CASE("grid::end_at_first: the same steps, and training step 0 as the end") {
  using ending = grid::end_at_first<grid::leading<1>>;
  CHECK(visited(ending{}, 20) == leading(20, 1000, 1));
  auto const nodes = test::nodes_of(process::cosine<>{}, ending{}, 20);
  std::vector<double> table(1000);
  process::cosine<>{}.fill_table(table.data());
  CHECK(nodes.back().alphas_cumprod == table[0]);
  CHECK(nodes.back().sigma > 0);
  // a grid that visits step 0 itself would not get less noisy at the end
  CHECK_THROWS_AS(test::nodes_of(process::cosine<>{}, grid::end_at_first<grid::leading<>>{}, 20),
                  std::invalid_argument);
}

TEST_CASE("grid::clip: an adaptor of any grid over training steps, and what falls together") {
  auto const check = [](auto const& base, auto const& clipped, int steps, int max) {
    std::set<int> expected;
    for (int const t : visited(base, steps)) expected.insert(std::min(t, max));
    INFO("K = " << steps << ", clip " << max);
    CHECK(visited(clipped, steps) == std::vector<int>(expected.begin(), expected.end()));
  };
  for (int const steps : {1, 7, 50, 200, 1000}) {
    check(grid::trailing{}, grid::clip<grid::trailing, 950>{}, steps, 950);
    check(grid::linspace{}, grid::clip<grid::linspace, 500>{}, steps, 500);
    check(grid::leading<1>{}, grid::clip<grid::leading<1>, 0>{}, steps, 0);
    if (steps < 1000)
      check(grid::without_first<grid::linspace>{}, grid::clip<grid::without_first<grid::linspace>, 700>{}, steps, 700);
  }
  auto const effective = [](int steps) {
    return ardent::make_sampler(ardent::ordering::raster<1>{}, ardent::annealing::constant(steps),
                                grid::clip<grid::trailing, 949>{})
        .effective_steps(0);
  };
  CHECK(effective(10) == 10);  // 999 becomes 949, 899 is next
  CHECK(effective(20) == 19);  // 999 and 949 fall together
  CHECK(effective(1000) == 950);
}
