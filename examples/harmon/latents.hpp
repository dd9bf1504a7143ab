// SPDX-License-Identifier: Apache-2.0
//
// From tokens to what a VAE decodes, and to pictures that show it where there is no decoder.
#pragma once

#include <span>
#include <vector>

#include "config.hpp"

namespace examples::harmon {

/// @brief The latents of images: tokens put in place and divided by the VAE's scale.
/// @param sizes   vae_embed_dim and patch_size
/// @param of      the images' grid
/// @param tokens  [images][of.tokens()][token_channels], a token being [vae_embed_dim][patch_size][patch_size]
/// @return [images][vae_embed_dim][of.height * patch_size][of.width * patch_size]
/// @throws std::invalid_argument if the tokens are not a whole number of images
[[nodiscard]] std::vector<float> latents(config const& sizes, grid of, std::span<float const> tokens);

/// @brief The first three channels of latents as colours (one channel if there are fewer): each channel of each image
/// is shifted and stretched so that its mean is 0.5 and two standard deviations reach 0 and 1. A look at the latents,
/// not the picture they stand for.
/// @param latents  [images][channels][height * width]
/// @param images   at least 1
/// @param channels of a latent pixel
/// @return [images][3 or 1][height * width]
[[nodiscard]] std::vector<float> latent_colours(std::span<float const> latents, int images, int channels);

}  // namespace examples::harmon
