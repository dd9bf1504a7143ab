// SPDX-License-Identifier: Apache-2.0
//
// A guidance scale of 1 is no guidance: u + 1 (c - u) is c to rounding of floats, whatever the unconditional half says.
#include <doctest/doctest.h>

#include <ardent/generate.hpp>
#include <ardent/guidance/constant.hpp>
#include <ardent/guidance/ignored_as_published.hpp>
#include <ardent/ordering/raster.hpp>
#include <ardent/random/philox.hpp>
#include <ardent/solver/ddpm.hpp>
#include <ardent/solver/dpm_solver.hpp>

#include <cmath>
#include <cstddef>
#include <vector>

#include "support/made_head.hpp"
#include "support/made_model.hpp"
#include "support/one_level.hpp"

namespace {

// What a made-up head draws by a solver with a guidance.
std::vector<float> draw(auto const& solver, auto const& guidance) {
  constexpr int images = 2, length = 6, channels = 5;
  test::made_head const weights(ardent::adaln_shape<>(channels, 2 * channels, 32, 2, 8));
  auto const memory = weights.packed<float>(weights.shape);
  test::made_model model(ardent::denoiser::adaln_mlp<float>(weights.shape, memory.data()), length);
  auto const sampler =
      ardent::make_sampler(ardent::ordering::raster(length, 3), ardent::annealing::constant(12), solver, guidance);
  std::vector<float> tokens(static_cast<std::size_t>(images * length * channels));
  ardent::generate(sampler, model, test::one_level<ardent::simd_level::baseline>(), ardent::random::philox(3), {images},
                   tokens);
  return tokens;
}

}  // namespace

TEST_CASE("guidance: a scale of 1 draws what no guidance draws") {
  ardent::solver::ddpm const solver;
  auto const none = draw(solver, ardent::guidance::none{}), one = draw(solver, ardent::guidance::constant(1)),
             more = draw(solver, ardent::guidance::constant(1.5));
  float worst = 0, moved = 0;
  for (std::size_t i = 0; i < none.size(); ++i) {
    worst = std::fmax(worst, std::abs(one[i] - none[i]));
    moved = std::fmax(moved, std::abs(more[i] - none[i]));
  }
  INFO("largest difference " << worst << ", with a scale of 1.5 " << moved);
  CHECK(worst < 2e-4f);
  CHECK(moved > 1e-2f);
}

TEST_CASE("guidance::ignored_as_published: draws what no guidance draws, whatever the scale, from one branch") {
  ardent::solver::dpm_solver<1> const solver;
  ardent::guidance::constant const asked(3.5);
  ardent::guidance::ignored_as_published const ignored(asked);
  static_assert(!decltype(ignored)::guided);
  CHECK(ignored.asked({0, 1, 0, 1}) == 3.5);
  CHECK(draw(solver, ignored) == draw(solver, ardent::guidance::none{}));
  CHECK(draw(solver, ignored) != draw(solver, asked));
}
