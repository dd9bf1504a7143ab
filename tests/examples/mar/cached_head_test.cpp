// SPDX-License-Identifier: Apache-2.0
//
// MAR's head with caches on real threads: each of its syncs is needed, and what is infinite or not a number is counted,
// also where it is taken over.
#include <doctest/doctest.h>

#include <ardent/executor/checked.hpp>

#include <cmath>
#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include "mar/cached_head.hpp"
#include "support/made_head.hpp"
#include "support/one_level.hpp"

namespace {

using ardent::checked_order;
using ardent::sync_place;
using ardent::executor::checked;
using head_type = examples::mar::cached_head<ardent::bfloat16>;

// Of a trajectory of 31 steps with a full one in 5: a full step; one that computes block 0 and takes over blocks 1 and
// 2; and one that takes over all of them. The last two evaluate the conditional branch alone.
constexpr int steps = 31, evaluated[] = {0, 1, 4};
constexpr examples::mar::head_refresh in_five{5};

struct scene {
  static constexpr int tokens = 5, channels = 3, outputs = 6;
  test::made_head weights{{channels, outputs, 20, 3, 7}};
  test::aligned_bytes memory = weights.packed<ardent::bfloat16>(weights.shape);
  head_type head{weights.shape, memory.data(), true, true, in_five};
  std::vector<float> x = test::made_numbers(5).normals(tokens * channels);
  std::vector<float> z = test::made_numbers(6).normals(2 * tokens * 7);
  test::aligned_bytes table{static_cast<std::size_t>(3 * head.time_features()) * sizeof(float)};

  scene() {
    float const times[] = {900, 870, 780};
    test::aligned_bytes scratch(head.time_scratch(3) * sizeof(float));
    test::one_level<ardent::simd_level::baseline>{}.run_tiles(1, [&](auto& block, auto&, int, int) {
      head.prepare_times(block, times, 3, table.floats(), scratch.floats());
    });
  }

  // The outputs of the three steps, as each block of the grid sees them; x follows them a little.
  std::vector<float> draw(checked const& executor, head_type const& by) {
    constexpr int rows = 2 * tokens;
    ardent::tile t;
    t.tokens = t.total = tokens;
    t.branches = 2;
    t.conditions = z.data();
    t.times = table.floats();
    t.steps = steps;
    auto const floats = [](std::size_t count) { return test::aligned_bytes(count * sizeof(float)); };
    auto const blocks = static_cast<std::size_t>(executor.groups());
    test::aligned_bytes shared = floats(by.shared_floats(rows)), output = floats(rows * outputs);
    std::vector<test::aligned_bytes> own(blocks, floats(by.private_floats(rows)));
    std::vector<std::vector<float>> state(blocks, x);
    constexpr std::size_t size = rows * outputs;
    std::vector<float> seen(blocks * 3 * size, std::nanf(""));
    executor.run_team([&](auto& block, auto& grid, int b) {
      auto const place = static_cast<std::size_t>(b);
      float* const mine = state[place].data();
      by.begin(block, grid, t, shared.floats(), own[place].floats());
      for (int k = 0; k < 3; ++k) {
        grid.sync(block);
        by.evaluate(block, grid, t, {0, 1, 0, k, evaluated[k]}, mine, output.floats(), shared.floats(),
                    own[place].floats());
        float* const to = seen.data() + (3 * place + static_cast<std::size_t>(k)) * size;
        block.elements({0, rows, 1}, {0, outputs, 1},
                       [&](int r, int c) { to[r * outputs + c] = output.floats()[r * outputs + c]; });
        block.elements({0, tokens, 1}, {0, channels, 1}, [&](int r, int c) {
          mine[r * channels + c] +=
              0.1f * output.floats()[r * outputs + c] + 0.1f * output.floats()[(tokens + r) * outputs + c];
        });
      }
    });
    return seen;
  }
};

}  // namespace

TEST_CASE("mar's cached head: each sync is needed") {
  scene what;
  std::vector<float> const one = what.draw(checked(1, 1), what.head);
  std::vector<float> expected = one;
  expected.insert(expected.end(), one.begin(), one.end());  // as both blocks see it
  // sums of a row are of other parts with other numbers of threads, and a rounding to bfloat16 may go the other way
  auto const right = [&](checked const& executor) {
    std::vector<float> const found = what.draw(executor, what.head);
    float most = 0;
    for (std::size_t i = 0; i < found.size(); ++i) {
      float const difference = std::fabs(found[i] - expected[i]);
      most = difference <= most ? most : difference;  // NaN stays
    }
    return most < 0.03f;
  };
  // whole warps deal out sums and elements of a row in different ways, other numbers of threads in the same
  std::set<sync_place> places;
  for (int const threads : {3, 64})
    for (auto const order : {checked_order::ascending, checked_order::descending}) {
      checked const executor(2, threads, order);
      CHECK(right(executor));  // the control
      places.insert(executor.places().begin(), executor.places().end());
    }
  int in_head = 0;
  for (sync_place const& place : places) {
    if (!place.first.ends_with("mar/cached_head.hpp") && !place.first.ends_with("denoiser/adaln_stages.hpp")) continue;
    ++in_head;
    bool noticed = false;
    for (int const threads : {3, 64})
      for (auto const order : {checked_order::ascending, checked_order::descending})
        noticed = noticed || !right(checked(2, threads, order, place));
    INFO("left out: the sync at " << place.first << ":" << place.second);
    CHECK(noticed);
  }
  CHECK(in_head == 12);
}

TEST_CASE("mar's cached head: what is infinite or not a number is counted") {
  scene what;
  unsigned long long counted = 0;
  head_type const head = what.head.counting(&counted);
  for (checked const& executor : {checked(1, 2), checked(2, 3)}) {
    counted = 0;
    what.draw(executor, head);
    CHECK(counted == 0);
    scene broken;
    broken.z[3 * 7] = std::nanf("");  // of the conditional branch: where it is shared, both are
    broken.x = what.x;
    broken.draw(executor, broken.head.counting(&counted));
    // token 3 alone; from its first output on x is NaN too
    CHECK(counted == scene::outputs * (1 + 2 + 2));
  }
}
