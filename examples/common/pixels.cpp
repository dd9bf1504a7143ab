// SPDX-License-Identifier: Apache-2.0
//
// The inverse of patchify for patches of pixels.
#include "pixels.hpp"

#include <cstddef>
#include <stdexcept>
#include <string>

#include "error.hpp"
#include "json.hpp"

namespace examples {

std::optional<pixel_map> read_pixel_map(nlohmann::json const& document, patch_layout const& patches,
                                        std::filesystem::path const& file) {
  if (!document.contains("pixels")) return std::nullopt;
  nlohmann::json const& pixels = document["pixels"];
  pixel_map map{.mean = number_member(pixels, "mean", file), .deviation = number_member(pixels, "std", file)};
  if (!(map.deviation > 0.0)) fail(file, "\"std\" above 0", std::to_string(map.deviation));
  if (patches.channels != 1 && patches.channels != 3) {
    fail(file, "tokens that are patches of 1 (grey) or 3 (RGB) channels where there is \"pixels\"",
         std::to_string(patches.channels));
  }
  if (pixels.contains("crop")) {
    int const side = patches.side * patches.patch;
    map.crop = static_cast<int>(integer_member(pixels, "crop", 1, side, file));
    if ((side - map.crop) % 2 != 0) {
      fail(file, "\"crop\" to leave as much on both sides of " + std::to_string(side), std::to_string(map.crop));
    }
  }
  return map;
}

int picture_side(patch_layout const& patches, pixel_map const& map) {
  return map.crop > 0 ? map.crop : patches.side * patches.patch;
}

std::vector<float> tokens_to_pixels(patch_layout const& patches, pixel_map const& map, std::span<float const> tokens) {
  int const width = patches.side * patches.patch, kept = picture_side(patches, map), frame = (width - kept) / 2;
  auto const index = [](int a, int count, int b) {
    return static_cast<std::size_t>(a) * static_cast<std::size_t>(count) + static_cast<std::size_t>(b);
  };
  std::size_t const image_size = index(patches.channels, width * width, 0);
  std::size_t const picture_size = index(patches.channels, kept * kept, 0);
  if (tokens.size() % image_size != 0) throw std::invalid_argument("tokens_to_pixels: not a whole number of images");

  std::vector<float> pixels(tokens.size() / image_size * picture_size);
  std::size_t next = 0;
  for (std::size_t image = 0; image < tokens.size() / image_size; ++image) {
    for (int token = 0; token < patches.side * patches.side; ++token) {
      for (int c = 0; c < patches.channels; ++c) {
        for (int i = 0; i < patches.patch * patches.patch; ++i) {
          int const y = token / patches.side * patches.patch + i / patches.patch - frame;
          int const x = token % patches.side * patches.patch + i % patches.patch - frame;
          float const value = static_cast<float>(tokens[next++] * map.deviation + map.mean);
          if (y < 0 || y >= kept || x < 0 || x >= kept) continue;
          pixels[image * picture_size + index(c * kept + y, kept, x)] = value;
        }
      }
    }
  }
  return pixels;
}

}  // namespace examples
