// SPDX-License-Identifier: Apache-2.0
//
// The inverse of MAR's patchify for patches of pixels.
#include "pixels.hpp"

#include <cstddef>
#include <stdexcept>
#include <string>

#include "common/error.hpp"
#include "common/json.hpp"

namespace examples::mar {

std::optional<pixel_map> read_pixel_map(nlohmann::json const& document, config const& sizes,
                                        std::filesystem::path const& file) {
  if (!document.contains("pixels")) return std::nullopt;
  nlohmann::json const& pixels = document["pixels"];
  pixel_map const map{.mean = number_member(pixels, "mean", file), .deviation = number_member(pixels, "std", file)};
  if (!(map.deviation > 0.0)) fail(file, "\"std\" above 0", std::to_string(map.deviation));
  if (sizes.vae_stride != 1) {
    fail(file, "\"vae_stride\" 1 where there is \"pixels\"", std::to_string(sizes.vae_stride));
  }
  if (sizes.vae_embed_dim != 1 && sizes.vae_embed_dim != 3) {
    fail(file, "\"vae_embed_dim\" 1 (grey) or 3 (RGB) where there is \"pixels\"", std::to_string(sizes.vae_embed_dim));
  }
  return map;
}

std::vector<float> tokens_to_pixels(config const& sizes, pixel_map const& map, std::span<float const> tokens) {
  auto const side = static_cast<std::size_t>(sizes.seq_w());
  auto const patch = static_cast<std::size_t>(sizes.patch_size);
  auto const channels = static_cast<std::size_t>(sizes.vae_embed_dim);
  std::size_t const width = side * patch;
  std::size_t const image_size = channels * width * width;
  if (tokens.size() % image_size != 0) throw std::invalid_argument("tokens_to_pixels: not a whole number of images");

  std::vector<float> pixels(tokens.size());
  std::size_t next = 0;
  for (std::size_t image = 0; image < tokens.size() / image_size; ++image) {
    for (std::size_t token = 0; token < side * side; ++token) {
      for (std::size_t c = 0; c < channels; ++c) {
        for (std::size_t i = 0; i < patch * patch; ++i) {
          std::size_t const y = token / side * patch + i / patch;
          std::size_t const x = token % side * patch + i % patch;
          pixels[image * image_size + (c * width + y) * width + x] =
              static_cast<float>(tokens[next++] * map.deviation + map.mean);
        }
      }
    }
  }
  return pixels;
}

}  // namespace examples::mar
