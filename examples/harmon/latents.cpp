// SPDX-License-Identifier: Apache-2.0
//
// Placing tokens, and stretching latents to colours.
#include "latents.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <stdexcept>

namespace examples::harmon {

std::vector<float> latents(config const& sizes, grid of, std::span<float const> tokens) {
  auto const patch = static_cast<std::size_t>(sizes.mar.patch_size);
  auto const channels = static_cast<std::size_t>(sizes.mar.vae_embed_dim);
  auto const across = static_cast<std::size_t>(of.width), count = static_cast<std::size_t>(of.tokens());
  std::size_t const height = static_cast<std::size_t>(of.height) * patch, width = across * patch;
  std::size_t const image_size = channels * height * width;
  if (tokens.size() % image_size != 0) throw std::invalid_argument("harmon::latents: not a whole number of images");
  auto const scale = static_cast<float>(sizes.vae_scale);
  std::vector<float> result(tokens.size());
  std::size_t next = 0;
  for (std::size_t image = 0; image < tokens.size() / image_size; ++image)
    for (std::size_t token = 0; token < count; ++token)
      for (std::size_t c = 0; c < channels; ++c)
        for (std::size_t i = 0; i < patch * patch; ++i) {
          std::size_t const y = token / across * patch + i / patch, x = token % across * patch + i % patch;
          result[image * image_size + (c * height + y) * width + x] = tokens[next++] / scale;
        }
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
