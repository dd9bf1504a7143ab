// SPDX-License-Identifier: Apache-2.0
//
// Placing tokens, and stretching latents to colours.
#include "latents.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "common/pictures/pixels.hpp"

namespace examples::harmon {

std::vector<float> latents(config const& sizes, grid of, std::span<float const> tokens) {
  std::vector<float> result = unpatchify(tokens, of.height, of.width, sizes.mar.vae_embed_dim, sizes.mar.patch_size);
  auto const scale = static_cast<float>(sizes.vae_scale);
  for (float& x : result) x /= scale;
  return result;
}

std::vector<float> latent_colours(std::span<float const> latents, int images, int channels) {
  std::size_t const shown = channels < 3 ? 1 : 3, image_size = latents.size() / static_cast<std::size_t>(images);
  std::size_t const plane = image_size / static_cast<std::size_t>(channels);
  std::vector<float> result;
  for (std::size_t image = 0; image < static_cast<std::size_t>(images); ++image)
    for (std::size_t c = 0; c < shown; ++c) {
      std::span<float const> const values = latents.subspan(image * image_size + c * plane, plane);
      double mean = 0.0, square = 0.0;
      for (float const v : values) mean += v;
      mean /= static_cast<double>(plane);
      for (float const v : values) square += (v - mean) * (v - mean);
      double const deviation = std::max(std::sqrt(square / static_cast<double>(plane)), 1e-12);
      for (float const v : values)
        result.push_back(static_cast<float>(std::clamp(0.5 + (v - mean) / (4.0 * deviation), 0.0, 1.0)));
    }
  return result;
}

}  // namespace examples::harmon
