// SPDX-License-Identifier: Apache-2.0
//
// The scene that the checked machine draws: small enough for hundreds of threads, with a token of 5 channels (a quad
// and one more), an odd width, two branches and a learned variance.
#pragma once

#include <ardent/denoiser/adaln_mlp.hpp>
#include <ardent/executor/checked.hpp>
#include <ardent/guidance/constant.hpp>
#include <ardent/ordering/raster.hpp>
#include <ardent/sampler.hpp>
#include <ardent/solver/ddpm.hpp>

#include <vector>

#include "support/scene.hpp"

namespace test {

/// @brief A scene, how it is sampled, and what should come out.
struct checked_scene {
  scene what;        ///< the head, conditions and noise
  doubles expected;  ///< by the reference
  static constexpr double temperature = 0.8, guidance_scale = 2.5;
  /// @brief See reference_test.cpp; the scene is drawn in few steps, from 950 on.
  static constexpr double bound = 2e-4;

  /// @brief DDPM, learned range.
  /// @param tokens  tokens of the one image
  /// @param steps   denoising steps
  /// @param depth   residual blocks
  checked_scene(int tokens, int steps, int depth) : what({5, 10, 20, depth, 7}, 1, tokens, steps) {
    auto const table = reference_steps(steps, 950);
    expected = what.expected(guidance_scale, exactly, [&](auto const& network, doubles const& x, auto const& noise) {
      return reference_ddpm(table, x, network, noise, temperature);
    });
  }

  /// @brief The largest difference between the library on this machine and the reference.
  double difference(ardent::executor::checked const& executor, int most, bool team) const {
    auto const sampler =
        ardent::make_sampler(ardent::ordering::raster{what.length, 1}, ardent::annealing::constant{what.steps},
                             ardent::guidance::constant{guidance_scale}, ardent::solver::ddpm<>{},
                             ardent::temperature::constant{temperature});
    return largest_difference(draw<float>(what, sampler, executor, most, team), expected);
  }
};

}  // namespace test
