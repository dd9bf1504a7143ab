// SPDX-License-Identifier: Apache-2.0
//
// Every sync of the trajectory and of the denoisers is needed, and these tests would notice if one were missing: each
// is left out by its place in the source, and some run of the threads in ascending or descending order goes wrong.
#include <doctest/doctest.h>
#include <ardent/denoiser/gaussian_mixture.hpp>
#include <ardent/denoiser/shortcut_adaln_mlp.hpp>
#include <ardent/model.hpp>
#include <ardent/random/philox.hpp>

#include <cmath>
#include <set>
#include <string>
#include <vector>

#include "trajectory/checked_scene.hpp"

namespace {

using ardent::checked_order;
using ardent::sync_place;
using ardent::executor::checked;

/// difference(executor, team) of all runs; returns the places that synced.
template <class F>
std::set<sync_place> check_each_sync(double bound, F const& difference) {
  std::set<sync_place> places;
  for (auto const order : {checked_order::ascending, checked_order::descending})
    for (bool const team : {false, true}) {
      checked const executor(2, 3, order);
      CHECK(difference(executor, team) < bound);  // the control
      places.insert(executor.places().begin(), executor.places().end());
    }
  for (sync_place const& place : places) {
    bool noticed = false;
    for (auto const order : {checked_order::ascending, checked_order::descending})
      for (bool const team : {false, true})
        noticed = noticed || !(difference(checked(2, 3, order, place), team) < 10 * bound);
    INFO("left out: the sync at " << place.first << ":" << place.second);
    CHECK(noticed);
  }
  return places;
}

/// The places in files whose names end so.
int places_in(std::set<sync_place> const& places, std::string const& file) {
  int count = 0;
  for (sync_place const& place : places) count += place.first.ends_with(file);
  return count;
}

TEST_CASE("each sync of the trajectory and of the AdaLN head is needed") {
  test::checked_scene const scene(5, 2, 2);
  auto const places = check_each_sync(scene.bound, [&](checked const& executor, bool team) {
    return scene.difference(executor, 2, team);  // tiles of 1, 2 and 2 tokens
  });
  CHECK(places_in(places, "ardent/trajectory.hpp") >= 1);
  CHECK(places_in(places, "ardent/detail/tile_turns.hpp") == 1);
  CHECK(places_in(places, "ardent/denoiser/adaln_mlp.hpp") == 3);
  CHECK(places_in(places, "ardent/denoiser/adaln_stages.hpp") == 4);
  CHECK(places_in(places, "ardent/detail/time_embedding.hpp") == 2);
  CHECK(places_in(places, "ardent/group/host_checked.hpp") == 2);  // row_sums
}

TEST_CASE("each sync of a pointwise denoiser's trajectory is needed") {
  float const weights[] = {0.3f, 0.7f}, deviations[] = {0.3f, 0.5f};
  float const means[] = {-2, 1, 0, 1, -1, 1, -1, 0.5f, 0.5f, 0};
  ardent::denoiser::gaussian_mixture const mixture(5, 2, weights, means, deviations);
  ardent::unconditional_model model(test::forced(mixture, 2, false), 5);
  ardent::unconditional_model team_model(test::forced(mixture, 2, true), 5);
  auto const sampler = ardent::make_sampler(ardent::ordering::raster{5, 1}, ardent::annealing::constant{3});
  auto const draw = [&](checked const& executor, bool team) {
    std::vector<float> tokens(25);
    auto& chosen = team ? team_model : model;
    test::aligned_bytes workspace(workspace_bytes(sampler, chosen, executor, 1));
    ardent::generation generation(sampler, chosen, executor, 1, {workspace.data(), workspace.size()});
    generation.run(ardent::random::philox(3), 0, tokens);
    return tokens;
  };
  // against one thread: that the numbers are right is checked elsewhere
  std::vector<float> const expected = draw(checked(1, 1), false);
  auto const places = check_each_sync(1e-5, [&](checked const& executor, bool team) {
    return test::largest_difference(draw(executor, team), test::doubles(expected.begin(), expected.end()));
  });
  CHECK(places_in(places, "ardent/denoiser/pointwise.hpp") == 1);
  CHECK(places_in(places, "ardent/trajectory.hpp") == 1);
}

TEST_CASE("each sync of a shortcut head's embedding is needed") {
  constexpr int width = 32;
  test::made_head const head({5, 5, width, 1, 4});
  test::aligned_bytes const memory = head.packed<float>(head.shape);
  test::aligned_bytes steps(ardent::step_size_layers(width, nullptr).bytes);
  ardent::pack_step_size(width, head.time_in.view(), head.time_out.view(), steps.data());
  ardent::denoiser::shortcut_adaln_mlp<> const denoiser(head.shape, memory.data(),
                                                        ardent::step_size_layers(width, steps.data()));
  ardent::timed_step const told[] = {{0.25f, 0.25f}, {0.5f, 0.5f}, {0.75f, 0.25f}, {1, 0.25f}, {1, 0.5f}};
  auto const embed = [&](checked const& executor, bool) {
    std::vector<float> table(5 * width), scratch(denoiser.time_scratch(5), 1e9f);
    executor.run_tiles(
        1, [&](auto& block, auto&, int, int) { denoiser.prepare_times(block, told, 5, table.data(), scratch.data()); });
    return table;
  };
  std::vector<float> const expected = embed(checked(1, 1), false);
  auto const places = check_each_sync(1e-5, [&](checked const& executor, bool team) {
    return test::largest_difference(embed(executor, team), test::doubles(expected.begin(), expected.end()));
  });
  CHECK(places_in(places, "ardent/denoiser/shortcut_adaln_mlp.hpp") == 3);
}

}  // namespace
