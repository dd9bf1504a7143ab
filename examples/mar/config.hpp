// SPDX-License-Identifier: Apache-2.0
//
// What defines a MAR network: the arguments of the published class's constructor, as a JSON file has them.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>

namespace examples::mar {

/// @brief The constructor's arguments under their official names, and the sizes that follow from them.
/// Source: Li et al., Autoregressive Image Generation without Vector Quantization, 2024.
struct config {
  int img_size = 0;           ///< side of the picture in pixels
  int vae_stride = 0;         ///< pixels of the picture a latent pixel stands for, along a side; 1 without a VAE
  int patch_size = 0;         ///< side of a token in latent pixels
  int encoder_embed_dim = 0;  ///< width of the encoder
  int encoder_depth = 0;      ///< blocks of the encoder
  int encoder_num_heads = 0;  ///< attention heads of the encoder; divides its width
  int decoder_embed_dim = 0;  ///< width of the decoder, and of the conditions it gives to the diffusion head
  int decoder_depth = 0;      ///< blocks of the decoder
  int decoder_num_heads = 0;  ///< attention heads of the decoder; divides its width
  double mlp_ratio = 0.0;     ///< hidden width of a block's MLP over the block's width
  int vae_embed_dim = 0;      ///< channels of a latent pixel
  int class_num = 0;          ///< number of class labels
  int buffer_size = 0;        ///< copies of the class embedding in front of the tokens
  int diffloss_d = 0;         ///< residual blocks of the diffusion head
  int diffloss_w = 0;         ///< width of the diffusion head

  /// @brief Reads the member "constructor" of a document.
  ///
  /// Members that only matter for training (dropout, mask ratio, ...) are ignored. "norm_layer", if there, has to be
  /// the published one, since other weights would load and mean something else.
  /// @param document as in fashion_mar.json: {"constructor": {"img_size": 28, ...}, ...}
  /// @param file where it comes from, for messages
  /// @throws input_error naming file and key, if one is missing, is of another kind, is out of range or contradicts
  ///   another one
  [[nodiscard]] static config from_json(nlohmann::json const& document, std::filesystem::path const& file);

  [[nodiscard]] bool operator==(config const&) const = default;

  /// @brief Tokens along a column of the picture.
  [[nodiscard]] int seq_h() const noexcept { return img_size / vae_stride / patch_size; }
  /// @brief Tokens along a row of the picture.
  [[nodiscard]] int seq_w() const noexcept { return seq_h(); }
  /// @brief Tokens of a picture.
  [[nodiscard]] int seq_len() const noexcept { return seq_h() * seq_w(); }
  /// @brief Numbers in a token.
  [[nodiscard]] int token_channels() const noexcept { return vae_embed_dim * patch_size * patch_size; }
  /// @brief Hidden width of the encoder's MLPs.
  [[nodiscard]] int encoder_hidden() const noexcept { return static_cast<int>(encoder_embed_dim * mlp_ratio); }
  /// @brief Hidden width of the decoder's MLPs.
  [[nodiscard]] int decoder_hidden() const noexcept { return static_cast<int>(decoder_embed_dim * mlp_ratio); }
};

}  // namespace examples::mar
