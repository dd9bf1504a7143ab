// SPDX-License-Identifier: Apache-2.0
//
// A scene drawn by the tiled head on warps of real threads, in the regimes of a GPU, with all memory NaN beforehand.
#pragma once

#include <ardent/denoiser/adaln_mlp.hpp>
#include <ardent/denoiser/tiled_adaln_mlp.hpp>
#include <ardent/detail/tile_turns.hpp>
#include <ardent/executor/checked.hpp>
#include <ardent/guidance/constant.hpp>
#include <ardent/ordering/raster.hpp>
#include <ardent/sampler.hpp>
#include <ardent/solver/ddpm.hpp>

#include <algorithm>
#include <numeric>
#include <type_traits>
#include <vector>

#include "support/kept_head.hpp"
#include "support/one_level.hpp"
#include "support/scene.hpp"

namespace test {

/// @brief A scene in DDPM with learned range, guided, and what should come out.
struct tiled_scene {
  scene what;                   ///< the head, conditions and noise
  double guidance_scale = 2.5;  ///< of all steps
  static constexpr double temperature = 0.8;

  /// @param shape   the head's sizes; two outputs a channel
  /// @param tokens  tokens of the one image
  /// @param steps   denoising steps
  tiled_scene(ardent::adaln_shape<> const& shape, int tokens, int steps) : what(shape, 1, tokens, steps) {}

  /// @brief By the reference, in double, with the weights that a format keeps.
  template <class Format>
  doubles expected() const {
    auto const table = reference_steps(what.steps, 950);
    scene kept = what;
    kept.weights = kept_head<Format>(what.weights);
    return kept.expected(guidance_scale, exactly, [&](auto const& network, doubles const& x, auto const& noise) {
      return reference_ddpm(table, x, network, noise, temperature);
    });
  }

  /// @brief By the library. A team shares the tiles one after the other, or a block has a tile to itself.
  /// @tparam Plan      how the head is evaluated
  /// @param most       tokens of a tile
  /// @param nonfinite  counts outputs that are infinite or NaN
  template <class Format, ardent::tiled_plan Plan, class Shape>
  std::vector<float> draw(Shape const& shape, ardent::executor::checked const& executor, int most, bool team,
                          unsigned long long* nonfinite = nullptr) const {
    using head_type = ardent::denoiser::tiled_adaln_mlp<Format, Shape, Plan>;
    aligned_bytes weights(ardent::tiled_bytes<Format>(shape));
    ardent::pack_tiled_adaln<Format>(shape, what.weights.views(), weights.data());
    head_type const head(shape, weights.data(), nonfinite);
    auto const sampler =
        ardent::make_sampler(ardent::ordering::raster{what.length, 1}, ardent::annealing::constant{what.steps},
                             ardent::guidance::constant{guidance_scale}, ardent::solver::ddpm<>{},
                             ardent::temperature::constant{temperature});
    auto const rows = sampler.rows(0);
    auto const numbers = ardent::numbers_of(sampler, 0);
    using row_type = typename decltype(sampler)::row_type;

    std::vector<float> times;
    std::vector<int> time_index;
    for (auto const& row : rows) {
      time_index.push_back(static_cast<int>(rows.size() - 1 - times.size()));  // the table is not in the steps' order
      times.push_back(static_cast<float>(row.timestep));
    }
    std::ranges::reverse(times);
    aligned_bytes table = embedded(times);
    std::vector<std::uint32_t> const images(static_cast<std::size_t>(what.length));
    std::vector<int> positions(static_cast<std::size_t>(what.length));
    std::iota(positions.begin(), positions.end(), 0);
    std::vector<float const*> draws;
    for (std::vector<float> const& d : what.draws) draws.push_back(d.data());
    ardent::random::recorded_step const recorded{what.start.data(), draws.data()};
    ardent::random::replay const random(&recorded, nullptr, what.length);

    ardent::tile whole;
    whole.total = what.length;
    whole.branches = 2;
    whole.conditions = what.z.data();
    whole.images = images.data();
    whole.positions = positions.data();
    whole.times = table.floats();
    whole.time_index = time_index.data();
    whole.steps = static_cast<int>(rows.size());
    std::vector<float> samples(what.start.size(), std::nanf(""));
    int const tiles = (what.length + most - 1) / most;
    int const blocks = team ? executor.groups() : 1;
    auto const bytes = [](std::size_t size) { return aligned_bytes(size); };
    auto const count = static_cast<std::size_t>(blocks);
    std::vector<aligned_bytes> own(count, bytes(ardent::trajectory_state_bytes<row_type>(head.channels(), most)));
    aligned_bytes output = bytes(static_cast<std::size_t>(2 * most * head.outputs()) * 4);
    std::vector<aligned_bytes> scratch(count, bytes(head.block_bytes(2 * most, blocks)));
    aligned_bytes shared = bytes(head.shared_floats(2 * most, what.steps) * 4);
    auto const run = [&](auto& block, auto& grid, ardent::tile const& t, std::size_t b) {
      ardent::trajectory<2>(block, grid, t, rows.data(), numbers, head, random,
                            {own[b].data(), output.floats(), shared.floats(), scratch[b].floats()}, samples.data());
    };
    if (team)
      executor.run_team([&](auto& block, auto& grid, int worker) {
        ardent::detail::take_tiles(block, grid, whole, 0, 1, tiles, [&](ardent::tile const& t) {
          run(block, grid, t, static_cast<std::size_t>(worker));
        });
      });
    else
      executor.run_tiles(1, [&](auto& block, auto& grid, int, int) {  // one block, all of whose tiles are its own
        ardent::detail::take_tiles(block, grid, whole, 0, 1, tiles,
                                   [&](ardent::tile const& t) { run(block, grid, t, 0); });
      });
    return samples;
  }

 private:
  /// The time table, which the host makes for all formats.
  aligned_bytes embedded(std::vector<float> const& times) const {
    auto const memory = what.weights.packed<float>(what.weights.shape);
    ardent::denoiser::adaln_mlp<float> const head(what.weights.shape, memory.data());
    int const n = static_cast<int>(times.size());
    aligned_bytes table(static_cast<std::size_t>(n * head.time_features()) * 4);
    aligned_bytes scratch(head.time_scratch(n) * 4);
    test::one_level<ardent::simd_level::baseline>{}.run_tiles(1, [&](auto& block, auto&, int, int) {
      head.prepare_times(block, times.data(), n, table.floats(), scratch.floats());
    });
    return table;
  }
};

}  // namespace test
