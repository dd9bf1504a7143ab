// SPDX-License-Identifier: Apache-2.0
#pragma once

// One AR step's tokens on the host: cut into tiles for the executor's groups, or shared by them as a team.

#include <ardent/detail/generation_memory.hpp>
#include <ardent/detail/tile_turns.hpp>
#include <ardent/trajectory.hpp>

#include <algorithm>

namespace ardent {
inline namespace v0 {
namespace detail {

/// Draws the tokens whose positions memory has picked and whose conditions it holds; the samples go there too.
/// @param total    tokens of the AR step, over all images
/// @param watcher  see no_watcher
template <class Sampler, class Denoiser, class Memory, class Executor, class Random, class Watcher = no_watcher>
void draw_ar_step(Sampler const& sampler, Denoiser const& denoiser, Memory const& memory, Executor const& executor,
                  int ar_step, int total, Random const& random, Watcher const& watcher = {}) {
  tile whole;
  whole.total = total;
  whole.tokens = total;
  whole.branches = Sampler::branches;
  whole.ar_step = ar_step;
  whole.conditions = memory.conditions;
  whole.images = memory.images;
  whole.positions = memory.positions;
  whole.times = memory.times;
  const auto rows = sampler.rows(ar_step);
  const ar_step_numbers numbers = numbers_of(sampler, ar_step);
  whole.time_index = memory.time_index + memory.first_row[ar_step];
  whole.steps = static_cast<int>(rows.size());
  const auto kernel = [&](auto& block, auto& grid, tile const& t, trajectory_memory const& own) {
    trajectory<Sampler::branches>(block, grid, t, rows.data(), numbers, denoiser, random, own, memory.samples, watcher);
  };
  const int most = denoiser.most_tokens(Sampler::branches), least_tiles = (total + most - 1) / most;
  const bool team = denoiser.prefers_team(total, Sampler::branches, executor.groups());
  if (team || executor.groups() == 1) whole.steps_at_once = memory.steps_at_once(total, whole.steps);
  if (team) {
    executor.run_team([&](auto& block, auto& grid, int worker) {
      take_tiles(block, grid, whole, 0, 1, least_tiles,
                 [&](tile const& t) { kernel(block, grid, t, memory.of_team(worker, whole.steps_at_once)); });
    });
  } else {
    // as many tiles as keep every group busy to the end
    const int groups = std::min(total, executor.groups());
    const int tiles = (least_tiles + groups - 1) / groups * groups;
    executor.run_tiles(tiles, [&](auto& block, auto& grid, int k, int worker) {
      kernel(block, grid, part_of(whole, k, tiles),
             groups == 1 ? memory.of_team(worker, whole.steps_at_once) : memory.of_worker(worker));
    });
  }
}

}  // namespace detail
}  // namespace v0
}  // namespace ardent
