// SPDX-License-Identifier: Apache-2.0
//
// From tokens to pixels for models that draw pixels themselves: each token is a square patch, standardised.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <vector>

#include "config.hpp"

namespace examples::mar {

/// @brief How the training data was standardised: pixel = token * deviation + mean.
struct pixel_map {
  double mean = 0.0;       ///< of the pixels, in [0, 1] for data in [0, 1]
  double deviation = 1.0;  ///< their standard deviation, above 0
};

/// @brief Reads the member "pixels" of a model's JSON: {"mean": 0.286, "std": 0.353, ...}.
/// @return nothing if there is no such member
/// @throws input_error if it is not as it has to be, or the network's tokens are not patches of a grey or RGB picture
[[nodiscard]] std::optional<pixel_map> read_pixel_map(nlohmann::json const& document, config const& sizes,
                                                      std::filesystem::path const& file);

/// @brief Puts the patches of each image together.
/// @param sizes of the network that drew the tokens; vae_stride 1
/// @param map how to undo the standardisation
/// @param tokens [images][seq_len][token_channels]: tokens in raster order, each
/// [vae_embed_dim][patch_size][patch_size]
/// @return [images][vae_embed_dim][side][side], side = seq_w * patch_size, in [0, 1] up to what the model overshoots
/// @throws std::invalid_argument if the tokens are not a whole number of images
[[nodiscard]] std::vector<float> tokens_to_pixels(config const& sizes, pixel_map const& map,
                                                  std::span<float const> tokens);

}  // namespace examples::mar
