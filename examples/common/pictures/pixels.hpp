// SPDX-License-Identifier: Apache-2.0
//
// From tokens to pixels for models that draw pixels themselves: each token is a square patch, standardised.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <vector>

namespace examples {

/// @brief How an image's tokens are patches of a square picture: in raster order of the map, each
/// [channels][patch][patch].
struct patch_layout {
  int side = 0;      ///< tokens along a side of the picture
  int patch = 1;     ///< pixels along a side of a token
  int channels = 1;  ///< of a pixel: 1 (grey) or 3 (RGB) for pictures
};

/// @brief How the training data was standardised, and framed: pixel = token * deviation + mean.
struct pixel_map {
  double mean = 0.0;       ///< of the pixels, in [0, 1] for data in [0, 1]
  double deviation = 1.0;  ///< their standard deviation, above 0
  int crop = 0;            ///< side of the square in the middle that is the picture; 0: all of it
};

/// @brief Reads the member "pixels" of a model's JSON: {"mean": 0.286, "std": 0.353, "crop": 28, ...}, "crop" optional.
/// @return nothing if there is no such member
/// @throws input_error if it is not as it has to be, or the patches are not of a grey or RGB picture
[[nodiscard]] std::optional<pixel_map> read_pixel_map(nlohmann::json const& document, patch_layout const& patches,
                                                      std::filesystem::path const& file);

/// @brief Puts tokens in raster order together to maps: the inverse of the patchify that MAR, FlowAR, xAR and Harmon
/// share.
/// @param tokens [images][rows * columns][channels * patch * patch], token n at (n div columns, n mod columns), each
/// [channels][patch][patch]
/// @return [images][channels][rows * patch][columns * patch]
/// @throws std::invalid_argument if the tokens are not a whole number of images
[[nodiscard]] std::vector<float> unpatchify(std::span<float const> tokens, int rows, int columns, int channels,
                                            int patch);

/// @brief Side of the picture in pixels.
[[nodiscard]] int picture_side(patch_layout const& patches, pixel_map const& map);

/// @brief Puts the patches of each image together and cuts the frame off.
/// @param patches how the tokens lie
/// @param map how to undo the standardisation
/// @param tokens [images][side * side][channels * patch * patch]
/// @return [images][channels][picture_side][picture_side], in [0, 1] up to what the model overshoots
/// @throws std::invalid_argument if the tokens are not a whole number of images
[[nodiscard]] std::vector<float> tokens_to_pixels(patch_layout const& patches, pixel_map const& map,
                                                  std::span<float const> tokens);

}  // namespace examples
