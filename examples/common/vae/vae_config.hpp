// SPDX-License-Identifier: Apache-2.0
//
// What defines a VAE decoder: the arguments of the published class's constructor, as a JSON file has them.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <vector>

namespace examples {

/// @brief The constructor's arguments of a KL-regularised autoencoder under their official names, and the sizes that
/// follow from them. Defaults are the published ones.
/// Source: Rombach et al., High-Resolution Image Synthesis with Latent Diffusion Models, 2022; the sizes (KL-16) are
/// those of Li et al., Autoregressive Image Generation without Vector Quantization, 2024.
struct vae_config {
  int embed_dim = 0;          ///< channels of a latent pixel
  std::vector<int> ch_mult;   ///< width of each level over ch, the finest level first
  int ch = 128;               ///< what the widths are multiples of
  int num_res_blocks = 2;     ///< residual blocks of an encoder's level; the decoder's have one more
  int out_ch = 3;             ///< channels of the picture: 1 (grey) or 3 (RGB)
  int num_groups = 32;        ///< of all group norms; divides the widths
  double vae_scale = 0.2325;  ///< tokens are latents times this

  /// @brief Reads the member "constructor" of a document, and "vae_scale" beside it if it is there.
  /// @param document {"constructor": {"embed_dim": 16, "ch_mult": [1, 1, 2, 2, 4], ...}, "vae_scale": 0.2325}
  /// @param file where it comes from, for messages
  /// @throws input_error naming file and key, if one is missing, is of another kind or is out of range
  [[nodiscard]] static vae_config from_json(nlohmann::json const& document, std::filesystem::path const& file);

  /// @brief Number of levels; each but the last doubles the side.
  [[nodiscard]] int levels() const noexcept { return static_cast<int>(ch_mult.size()); }
  /// @brief Channels of a level, 0 the finest.
  [[nodiscard]] int width(int level) const { return ch * ch_mult.at(static_cast<std::size_t>(level)); }
  /// @brief Pixels of the picture that a latent pixel stands for, along a side.
  [[nodiscard]] int stride() const noexcept { return 1 << (levels() - 1); }
};

}  // namespace examples
