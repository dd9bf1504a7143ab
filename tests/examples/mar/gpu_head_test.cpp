// SPDX-License-Identifier: Apache-2.0
//
// The shipped model's head as a GPU computes it, on the checked machine, against the host's: the tokens of an AR step
// from the same conditions and noise.
#include <doctest/doctest.h>
#include <ardent/executor/host.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <vector>

#include "denoiser/tiled_scene.hpp"
#include "mar/backbone_memory.hpp"
#include "mar/checkpoint.hpp"

namespace {

namespace mar = examples::mar;

/// Conditions of tokens of an image of which nothing is known, with the label and without.
std::vector<float> conditions(mar::backbone const& network, int tokens) {
  auto const length = static_cast<std::size_t>(network.sizes().seq_len());
  auto const channels = static_cast<std::size_t>(network.sizes().token_channels());
  auto const size = static_cast<std::size_t>(tokens) * static_cast<std::size_t>(network.condition_width());
  std::vector<float> const image(length * channels);
  std::vector<std::uint8_t> const known(length);
  std::vector<int> positions(static_cast<std::size_t>(tokens));
  std::iota(positions.begin(), positions.end(), 10);
  std::vector<float> z(2 * size);
  mar::backbone::scratch work(network);
  for (std::size_t b = 0; b < 2; ++b)
    network.condition(b == 0 ? 3 : -1, image.data(), known.data(), positions.data(), tokens, z.data() + b * size, work);
  return z;
}

}  // namespace

TEST_CASE("the shipped head: a GPU's tokens are the host's within 1e-4 in float32 and 2e-2 in bfloat16") {
  mar::checkpoint const trained(mar::model_files::shipped());
  auto const tensors = trained.head_tensors();
  constexpr int tokens = 6, steps = 12;
  test::tiled_scene scene(tensors.shape(), tokens, steps);
  scene.what.weights = test::made_head(tensors.shape(), tensors.weights());
  scene.what.z = conditions(trained.network(), tokens);

  auto const sampler = ardent::make_sampler(ardent::ordering::raster{tokens, 1}, ardent::annealing::constant{steps},
                                            ardent::guidance::constant{scene.guidance_scale}, ardent::solver::ddpm<>{},
                                            ardent::temperature::constant{test::tiled_scene::temperature});
  auto const difference = [&]<class Format, class Storage>() {
    constexpr ardent::tiled_plan plan{2, true, true, true, false, 8};  // the resident regime's
    auto const host = test::draw<Storage>(scene.what, sampler, ardent::executor::host(1), 8, false);
    return test::largest_difference(
        scene.draw<Format, plan>(tensors.shape(), ardent::executor::checked(2, 32), 8, true),
        test::doubles(host.begin(), host.end()));
  };
  CHECK(difference.operator()<ardent::format::fp32, float>() < 1e-4);
  CHECK(difference.operator()<ardent::format::bf16, ardent::bfloat16>() < 2e-2);
}
