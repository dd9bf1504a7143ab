// SPDX-License-Identifier: Apache-2.0
//
// What defines an xAR network: the arguments of the published class's constructor and the layout of its cells, as a
// JSON file has them.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>

namespace examples::xar {

/// @brief The constructor's arguments under their official names, the cells, and the sizes that follow from them.
/// Source: Ren et al., Beyond Next-Token: Next-X Prediction for Autoregressive Visual Generation, 2025.
struct config {
  int img_size = 0;                 ///< side of the picture in pixels
  int vae_stride = 0;               ///< pixels of the picture a latent pixel stands for, along a side
  int patch_size = 0;               ///< side of a token in latent pixels
  int encoder_embed_dim = 0;        ///< width of the encoder, and of the conditions
  int encoder_depth = 0;            ///< blocks of the encoder
  int encoder_num_heads = 0;        ///< attention heads of the encoder; 4 times it divides the encoder's width
  int decoder_embed_dim = 0;        ///< width of the decoder
  int decoder_depth = 0;            ///< blocks of the decoder
  int decoder_num_heads = 0;        ///< attention heads of the decoder; 4 times it divides the decoder's width
  int vae_embed_dim = 0;            ///< channels of a latent pixel
  int class_embedding_rows = 1001;  ///< rows of the class table
  int uncond_label = 1000;          ///< the row that stands for no class
  int cells_down = 2;               ///< cells one above the other
  int cells_across = 2;             ///< cells side by side
  int cell_height = 0;              ///< rows of tokens of a cell
  int cell_width = 0;               ///< tokens of such a row

  /// @brief Reads the members "constructor" and "derived" of a document.
  ///
  /// Members that only matter for training (dropout, ...) are ignored. "derived" may have cell_grid [down, across],
  /// cell_size [height, width], class_embedding_rows and uncond_label; what is not there is as published: 2 x 2 cells,
  /// 1001 rows, the last of which is the unconditional one. "rms_eps", "rope_theta" and "freq_dim", if there, have to
  /// be the published ones, since other weights would load and mean something else.
  /// @param document as in xar_tiny.json
  /// @param file where it comes from, for messages
  /// @throws input_error naming file and key, if one is missing, is of another kind, is out of range or contradicts
  ///   another one
  [[nodiscard]] static config from_json(nlohmann::json const& document, std::filesystem::path const& file);

  /// @brief Tokens along a side of the picture.
  [[nodiscard]] int side() const noexcept { return img_size / vae_stride / patch_size; }
  /// @brief Tokens of a picture.
  [[nodiscard]] int seq_len() const noexcept { return side() * side(); }
  /// @brief Cells of a picture.
  [[nodiscard]] int cells() const noexcept { return cells_down * cells_across; }
  /// @brief Tokens of a cell.
  [[nodiscard]] int cell_tokens() const noexcept { return cell_height * cell_width; }
  /// @brief Numbers in a token.
  [[nodiscard]] int token_channels() const noexcept { return vae_embed_dim * patch_size * patch_size; }
};

}  // namespace examples::xar
