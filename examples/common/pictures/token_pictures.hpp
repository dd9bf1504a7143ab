// SPDX-License-Identifier: Apache-2.0
//
// What a model's tokens are to a picture: patches of pixels by themselves, or of latents that a VAE decodes.
#pragma once

#include <filesystem>
#include <optional>

#include "common/program/picture_outputs.hpp"
#include "pixels.hpp"

namespace examples {

/// @brief Where a model's tokens lie in its pictures.
struct token_pictures {
  patch_layout patches;             ///< of the tokens in pixels, or in the latents' pixels
  std::optional<pixel_map> pixels;  ///< how they become pixels; nothing if they are latents
  int vae_stride = 1;               ///< pixels along a side of a latent pixel

  /// @brief Makes pictures of tokens.
  /// @param vae         the decoder's weights, for latents
  /// @param vae_config  its JSON; nothing: the weights' name, ending in .json
  /// @param threads     of the decoder, 0 for all
  /// @throws input_error as vae_decoder, and if its latents are not those of the tokens
  /// @throws std::invalid_argument if the tokens are latents and there is no decoder
  [[nodiscard]] picture_maker maker(std::optional<std::filesystem::path> const& vae,
                                    std::optional<std::filesystem::path> const& vae_config, int threads) const;
};

}  // namespace examples
