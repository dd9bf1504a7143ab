// SPDX-License-Identifier: Apache-2.0
//
// MAR's encoder-decoder transformer: from the tokens known so far and a class label to one condition vector for each
// token that the diffusion head is to draw. Li et al., Autoregressive Image Generation without Vector Quantization,
// 2024; the network is the masked autoencoder of He et al., 2022, with the class embedding as buffer tokens in front.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "common/safetensors.hpp"
#include "common/transformer.hpp"
#include "config.hpp"

namespace examples::mar {

/// @brief The transformer with its weights in float32. Immutable: any number of threads may call condition() at once.
class backbone {
 public:
  /// @brief Reads the weights under their official names (z_proj, encoder_blocks.0.attn.qkv, mask_token, ...).
  /// @param sizes the network's sizes
  /// @param weights F32, F16 or BF16 tensors; need not outlive the constructor. Other tensors (diffloss.*) are left
  ///   alone, but encoder_ and decoder_ tensors beyond what `sizes` asks for are an error.
  /// @throws input_error naming the tensor, if one is missing or left over, has the wrong shape or dtype or holds a
  ///   value that is not finite
  backbone(config const& sizes, safetensors const& weights);

  /// @brief Numbers in a condition vector: decoder_embed_dim.
  [[nodiscard]] int condition_width() const noexcept { return config_.decoder_embed_dim; }
  /// @brief The sizes it was built with.
  [[nodiscard]] config const& sizes() const noexcept { return config_; }
  /// @brief Checks a class label given by the user.
  /// @throws input_error if it is not in [0, class_num)
  void check_label(std::int64_t label) const;

  class scratch;

  /// @brief All weights, for copies of the network elsewhere. Views; valid as long as the backbone.
  struct parts {
    transformer::linear const& z_proj;
    transformer::layer_norm const& z_proj_ln;
    std::vector<float> const& class_emb;    ///< [class_num][encoder width]
    std::vector<float> const& fake_latent;  ///< [encoder width]
    std::vector<float> const& encoder_pos;  ///< [buffer + seq_len][encoder width]
    std::vector<transformer::block> const& encoder;
    transformer::layer_norm const& encoder_norm;
    transformer::linear const& decoder_embed;
    std::vector<float> const& decoder_pos;  ///< [buffer + seq_len][decoder width]
    std::vector<transformer::block> const& decoder;
    transformer::layer_norm const& decoder_norm;
    std::vector<float> const& diffusion_pos;  ///< [seq_len][decoder width]
    std::vector<float> const& mask_rows;  ///< [seq_len][decoder width]: the mask token with each position's embedding
  };
  /// @brief The weights.
  [[nodiscard]] parts weights() const noexcept {
    return {z_proj_,        z_proj_ln_,   class_emb_, fake_latent_,  encoder_pos_,   encoder_,  encoder_norm_,
            decoder_embed_, decoder_pos_, decoder_,   decoder_norm_, diffusion_pos_, mask_rows_};
  }

  /// @brief The conditions of one image in one guidance branch.
  ///
  /// The sequence is arranged as buffer, known tokens, unknown tokens, the queried ones last. Attention does not mind
  /// the order, and rows that are wanted lie together. The result is a function of the arguments and of nothing else:
  /// all products have shapes that follow from the number of known tokens and `count`.
  /// @param label class in [0, class_num), or negative for the unconditional branch (fake_latent)
  /// @param tokens [seq_len][token_channels], raster order; rows of unknown tokens are not read
  /// @param known [seq_len], non-zero where the token is known
  /// @param positions [count] raster positions to predict, strictly ascending, all of them unknown
  /// @param count 0 to the number of unknown tokens
  /// @param z [count][condition_width], a row for each position; written only
  /// @param work made from this backbone (or one of the same sizes), in use by no other call; reused at no cost
  /// @throws std::invalid_argument if positions, label or work are not as they have to be
  /// @note Allocates nothing.
  void condition(int label, float const* tokens, std::uint8_t const* known, int const* positions, int count, float* z,
                 scratch& work) const;

 private:
  int arrange(std::uint8_t const* known, int const* positions, int count, scratch& work) const;
  void encode(int label, float const* tokens, int known_count, scratch& work) const;
  void embed_for_decoder(int known_count, scratch& work) const;
  void precompute_mask_rows();
  void check_nothing_left_over(safetensors const& weights) const;

  config config_;
  transformer::linear z_proj_;
  transformer::layer_norm z_proj_ln_;
  std::vector<float> class_emb_;    // [class_num][encoder width]
  std::vector<float> fake_latent_;  // [encoder width]
  std::vector<float> encoder_pos_;  // [buffer + seq_len][encoder width]
  std::vector<transformer::block> encoder_;
  transformer::layer_norm encoder_norm_;
  transformer::linear decoder_embed_;
  std::vector<float> decoder_pos_;  // [buffer + seq_len][decoder width]
  std::vector<transformer::block> decoder_;
  transformer::layer_norm decoder_norm_;
  std::vector<float> diffusion_pos_;  // [seq_len][decoder width]
  // What the decoder makes of an unknown token before it looks at others depends on the position alone:
  std::vector<float> mask_rows_;  // [seq_len][decoder width], mask_token + decoder_pos
  std::vector<float> mask_qkv_;   // [seq_len][3 decoder width], the first block's qkv of these rows
};

/// @brief All temporaries of one call of condition(). One for each thread.
class backbone::scratch {
 public:
  /// @brief Allocates for the largest call the backbone can get.
  explicit scratch(backbone const& network);

 private:
  friend class backbone;

  config sizes_;
  std::vector<int> order_;               // [seq_len] raster positions: known, unknown, queried
  transformer::aligned_floats tokens_;   // [seq_len][channels], the known ones together
  transformer::aligned_floats encoded_;  // [rows][encoder width]
  transformer::aligned_floats decoded_;  // [rows][decoder width]
  transformer::workspace blocks_;
};

}  // namespace examples::mar
