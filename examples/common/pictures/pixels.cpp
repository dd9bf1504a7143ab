// SPDX-License-Identifier: Apache-2.0
//
// The inverse of patchify for patches of pixels.
#include "pixels.hpp"

#include <algorithm>
#include <cstddef>
#include <stdexcept>
#include <string>

#include "common/error.hpp"
#include "common/files/json.hpp"

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

std::vector<float> unpatchify(std::span<float const> tokens, int rows, int columns, int channels, int patch) {
  auto const offset = [](int a, int count, int b) {
    return static_cast<std::size_t>(a) * static_cast<std::size_t>(count) + static_cast<std::size_t>(b);
  };
  int const height = rows * patch, width = columns * patch;
  std::size_t const size = offset(channels * height, width, 0);
  if (size == 0 || tokens.size() % size != 0) throw std::invalid_argument("unpatchify: not a whole number of images");
  std::vector<float> maps(tokens.size());
  float const* next = tokens.data();
  for (std::size_t image = 0; image < tokens.size(); image += size)
    for (int token = 0; token < rows * columns; ++token)
      for (int c = 0; c < channels; ++c)
        for (int y = 0; y < patch; ++y, next += patch)
          std::copy_n(
              next, patch,
              maps.data() + image + offset(c * height + token / columns * patch + y, width, token % columns * patch));
  return maps;
}

std::vector<float> tokens_to_pixels(patch_layout const& patches, pixel_map const& map, std::span<float const> tokens) {
  int const width = patches.side * patches.patch, kept = picture_side(patches, map), frame = (width - kept) / 2;
  std::vector<float> const whole = unpatchify(tokens, patches.side, patches.side, patches.channels, patches.patch);
  std::vector<float> pixels;
  for (std::size_t plane = 0; plane < whole.size(); plane += static_cast<std::size_t>(width * width))
    for (int y = frame; y < frame + kept; ++y)
      for (int x = frame; x < frame + kept; ++x)
        pixels.push_back(
            static_cast<float>(whole[plane + static_cast<std::size_t>(y * width + x)] * map.deviation + map.mean));
  return pixels;
}

}  // namespace examples
