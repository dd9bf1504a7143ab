// SPDX-License-Identifier: Apache-2.0
//
// Times a head's trajectories: 4 tokens an image in one AR step (256 tokens in 64 AR steps), 50 DDPM steps with learned
// range, guided; at several batches, in the regime that the tuning chooses and in each other.
#pragma once

#include <ardent/cuda/head.hpp>
#include <ardent/grid/respaced.hpp>
#include <ardent/guidance/constant.hpp>
#include <ardent/ordering/raster.hpp>
#include <ardent/sampler.hpp>
#include <ardent/solver/ddpm.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <optional>
#include <vector>

#include "bench.hpp"
#include "made_head.hpp"

namespace bench {

inline constexpr int steps = 50, tokens_of_image = 4;
inline constexpr int batches[] = {1, 4, 16, 64, 256};
using head_sampler = ardent::sampler<ardent::ordering::raster<256, 64>, ardent::annealing::constant<steps>,
                                     ardent::grid::respaced, ardent::solver::ddpm<>, ardent::guidance::constant<3.0>>;

/// @brief The library's tuning, or what it is told.
struct told_tuning : ardent::cuda::default_tuning {
  static inline std::optional<ardent::cuda::head_regime> told;  ///< nothing: as the library chooses
  /// @brief See default_tuning.
  static ardent::cuda::head_regime choose(ardent::cuda::device_limits const& device, int rows, bool fits) {
    return told ? *told : default_tuning::choose(device, rows, fits);
  }
};

/// @brief What an AR step reads besides weights.
struct head_inputs {
  device_bytes z, images, positions, times, time_index, samples;

  template <class Shape>
  head_inputs(Shape const& shape, int tokens)
      : z(numbers(2 * tokens * shape.condition_width(), 0.1f)),
        images(std::vector<std::uint32_t>(static_cast<std::size_t>(tokens))),
        positions(counted(tokens)),
        times(numbers(steps * shape.width(), 0.01f)),
        time_index(counted(steps)),
        samples(static_cast<std::size_t>(tokens * shape.channels()) * sizeof(float)) {}
  /// @brief All tokens.
  ardent::tile tile(int tokens) const {
    ardent::tile t;
    t.total = t.tokens = tokens;
    t.branches = head_sampler::branches;
    t.conditions = z.as<float>();
    t.images = images.as<std::uint32_t>();
    t.positions = positions.as<int>();
    t.times = times.as<float>();
    t.time_index = time_index.as<int>();
    return t;
  }

 private:
  static std::vector<float> numbers(int count, float step) {
    std::vector<float> out(static_cast<std::size_t>(count));
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = step * static_cast<float>(static_cast<int>(i % 17) - 8);
    return out;
  }
  static std::vector<int> counted(int count) {
    std::vector<int> out(static_cast<std::size_t>(count));
    std::iota(out.begin(), out.end(), 0);
    return out;
  }
};

/// @brief Prints {"kind": "head", ...}: a time of ardent's.
inline void print_head(char const* model, char const* format, char const* regime, bool chosen, int images,
                       clock::result const& time) {
  std::printf(
      "{\"kind\": \"head\", \"code\": \"ardent\", \"model\": \"%s\", \"format\": \"%s\", \"regime\": \"%s\", "
      "\"chosen\": %s, \"images\": %d, \"seconds\": %.6g, \"repeats\": %d}\n",
      model, format, regime, chosen ? "true" : "false", images, time.seconds / steps, time.repeats);
  std::fflush(stdout);
}

/// @brief Times all batches and regimes of a head in a format.
template <class Format, class Shape>
void time_head(clock const& clock, char const* model, char const* format, Shape const& shape,
               ardent::adaln_weights const& weights) {
  using ardent::cuda::head_regime;
  const device_bytes on_device(tiled<Format>(shape, weights));
  const ardent::cuda::head_trajectory<head_sampler, Format, Shape, ardent::random::philox, told_tuning> head(
      head_sampler{}, shape, on_device.template as<void>());
  const std::pair<head_regime, char const*> regimes[] = {{head_regime::resident, "resident"},
                                                         {head_regime::streamed, "streamed"},
                                                         {head_regime::wide, "wide"},
                                                         {head_regime::tiles, "tiles"}};
  bool hopeless[4] = {};  // a regime that took many times the fastest's time is not timed with more images
  for (const int images : batches) {
    double fastest = 1e9, seconds[4] = {};
    const int tokens = images * tokens_of_image;
    const head_inputs inputs(shape, tokens);
    told_tuning::told.reset();
    const head_regime chosen = head.regime(tokens);
    for (auto const& [regime, name] : regimes) {
      told_tuning::told = regime;
      if (head.regime(tokens) != regime) continue;  // not on this card
      const auto which = static_cast<std::size_t>(regime);
      if (regime != chosen && (hopeless[which] || (regime == head_regime::tiles && images < 64))) continue;
      const device_bytes workspace(head.workspace_bytes(tokens));
      const auto time = clock.time([&](cudaStream_t s) {
        head.enqueue(s, 0, inputs.tile(tokens), ardent::random::philox(1), workspace.template as<void>(),
                     workspace.size(), inputs.samples.template as<float>());
      });
      print_head(model, format, name, regime == chosen, images, time);
      seconds[which] = time.seconds;
      fastest = std::min(fastest, time.seconds);
    }
    // but blocks with tiles of their own take as long for few images as for many: they are timed with many only
    for (std::size_t i = 0; i < 4; ++i)
      hopeless[i] = seconds[i] > 3 * fastest && i != static_cast<std::size_t>(head_regime::tiles);
  }
}

}  // namespace bench
