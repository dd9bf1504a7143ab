// SPDX-License-Identifier: Apache-2.0
//
// MAR's tokens as patches of pixels.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/error.hpp"
#include "common/pictures/pixels.hpp"
#include "config.hpp"

namespace examples::mar {

using examples::pixel_map;

/// @brief Where the tokens of a network lie in its picture.
[[nodiscard]] inline patch_layout patches_of(config const& sizes) {
  return {sizes.seq_w(), sizes.patch_size, sizes.vae_embed_dim};
}

/// @brief Reads the member "pixels" of a model's JSON; see examples::read_pixel_map.
/// @return nothing if there is no such member
/// @throws input_error if it is not as it has to be, or the network's tokens are not patches of a grey or RGB picture
[[nodiscard]] inline std::optional<pixel_map> read_pixel_map(nlohmann::json const& document, config const& sizes,
                                                             std::filesystem::path const& file) {
  if (document.contains("pixels") && sizes.vae_stride != 1) {
    fail(file, "\"vae_stride\" 1 where there is \"pixels\"", std::to_string(sizes.vae_stride));
  }
  if (document.contains("pixels") && sizes.vae_embed_dim != 1 && sizes.vae_embed_dim != 3) {
    fail(file, "\"vae_embed_dim\" 1 (grey) or 3 (RGB) where there is \"pixels\"", std::to_string(sizes.vae_embed_dim));
  }
  return examples::read_pixel_map(document, patches_of(sizes), file);
}

/// @brief Puts the patches of each image together.
/// @param sizes of the network that drew the tokens; vae_stride 1
/// @param map how to undo the standardisation
/// @param tokens [images][seq_len][token_channels]
/// @return [images][vae_embed_dim][side][side]; see examples::tokens_to_pixels
/// @throws std::invalid_argument if the tokens are not a whole number of images
[[nodiscard]] inline std::vector<float> tokens_to_pixels(config const& sizes, pixel_map const& map,
                                                         std::span<float const> tokens) {
  return examples::tokens_to_pixels(patches_of(sizes), map, tokens);
}

}  // namespace examples::mar
