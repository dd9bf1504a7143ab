// SPDX-License-Identifier: Apache-2.0
//
// What defines a FlowAR network: the arguments of the published class's constructor, as a JSON file has them.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <vector>

namespace examples::flowar {

/// @brief The constructor's arguments under their official names, and the sizes that follow from them.
/// Source: Ren et al., FlowAR, arXiv 2412.15205.
struct config {
  static constexpr int flow_head_width = 64;  ///< numbers that a head of the flow head's attention has, at least

  int encoder_embed_dim = 0;        ///< width of the encoder
  int encoder_depth = 0;            ///< blocks of the encoder
  int encoder_num_heads = 0;        ///< attention heads of the encoder; divides its width
  int decoder_embed_dim = 0;        ///< width of the decoder, and of the conditions it gives to the flow head
  int decoder_depth = 0;            ///< blocks of the decoder
  int decoder_num_heads = 0;        ///< attention heads of the decoder; divides its width
  int vae_embed_dim = 0;            ///< channels of a token
  int diffloss_d = 0;               ///< blocks of the flow head
  int diffloss_w = 0;               ///< width of the flow head
  std::vector<int> scale;           ///< sides of the maps; the first is 1
  bool cross = false;               ///< the flow head's blocks attend to the conditions
  int class_embedding_rows = 1001;  ///< rows of the class table, whatever the number of classes
  int uncond_label = 1000;          ///< the row that stands for no class

  /// @brief Reads the members "constructor" and "derived" of a document.
  ///
  /// Members that only matter for training, for the picture's decoder or for sizes that the weights have by themselves
  /// are ignored. "derived" may have class_embedding_rows and uncond_label; what is not there is as published: 1001
  /// rows, the last of which is the unconditional one.
  /// @param document as in flowar_tiny.json
  /// @param file  where it comes from, for messages
  /// @throws input_error naming file and key, if one is missing, is of another kind, is out of range or contradicts
  ///   another one
  [[nodiscard]] static config from_json(nlohmann::json const& document, std::filesystem::path const& file);

  [[nodiscard]] int scales() const noexcept { return static_cast<int>(scale.size()); }  ///< AR steps
  /// @brief Tokens of scale i.
  [[nodiscard]] int tokens(int i) const {
    return scale[static_cast<std::size_t>(i)] * scale[static_cast<std::size_t>(i)];
  }
  /// @brief Tokens before scale i, in [0, scales()].
  [[nodiscard]] int first(int i) const;
  /// @brief Tokens of all scales.
  [[nodiscard]] int seq_len() const { return first(scales()); }
  /// @brief Most tokens of a scale.
  [[nodiscard]] int most_tokens() const;
  /// @brief Attention heads of the flow head.
  [[nodiscard]] int flow_heads() const noexcept { return diffloss_w / flow_head_width; }
};

}  // namespace examples::flowar
