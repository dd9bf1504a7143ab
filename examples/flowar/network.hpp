// SPDX-License-Identifier: Apache-2.0
//
// FlowAR's weights, packed for this machine's products: the transformer that conditions a scale on those before it, and
// the flow head, a transformer over a scale's tokens that says their velocity.
#pragma once

#include <vector>

#include "common/network/aligned_memory.hpp"
#include "common/network/modulated_weights.hpp"
#include "common/network/time_embedding.hpp"
#include "config.hpp"

namespace examples::flowar {

/// @brief A block of the flow head. With cross attention the modulation of the attention depends on the time alone.
struct flow_block {
  transformer::packed_attention attend;
  transformer::packed_gated_mlp mlp;
  ardent::packed_matrix<float> modulation;      ///< [6 width][width]; with cross attention the attention's, [3 width]
  ardent::packed_matrix<float> mlp_modulation;  ///< with cross attention the MLP's, [3 width][width]
  transformer::packed_cross_attention cross;    ///< only with cross attention
};

/// @brief The network. Immutable: any number of threads may read it at once.
class network {
 public:
  /// @brief Finds the weights under their official names, checks and packs them.
  /// @param sizes    the network's sizes
  /// @param weights  F32, F16 or BF16 tensors; tensors of other names are left alone
  /// @throws input_error naming the tensor, if one is missing, has the wrong shape or dtype or holds a value that is
  ///   not finite, or if there are more blocks than `sizes` says
  network(config const& sizes, safetensors const& weights);

  [[nodiscard]] config const& sizes() const noexcept { return sizes_; }  ///< as given
  /// @brief Widest hidden layer of the encoder and the decoder.
  [[nodiscard]] int backbone_hidden() const;
  /// @brief Widest hidden layer of the flow head.
  [[nodiscard]] int flow_hidden() const;
  /// @brief Weights with which the map of scale i - 1 becomes the input of scale i >= 1; see resize_weights.
  [[nodiscard]] std::vector<float> const& resizing(int i) const { return resizing_[static_cast<std::size_t>(i - 1)]; }

  ardent::packed_matrix<float> z_proj;
  float const* z_proj_norm = nullptr;    ///< [encoder width]
  float const* class_emb = nullptr;      ///< [1001][encoder width]
  float const* encoder_pos = nullptr;    ///< [seq_len][encoder width]
  float const* decoder_pos = nullptr;    ///< [seq_len][decoder width]
  float const* diffusion_pos = nullptr;  ///< [seq_len][decoder width]
  std::vector<transformer::packed_modulated_block> encoder, decoder;
  float const* encoder_norm = nullptr;  ///< [encoder width]
  float const* decoder_norm = nullptr;  ///< [decoder width]
  ardent::packed_matrix<float> decoder_embed;

  transformer::packed_time_embedding time;
  ardent::packed_matrix<float> cond_embed, input_proj;
  std::vector<flow_block> flow;
  ardent::packed_matrix<float> final_modulation;  ///< [2 width][width]: shift, scale
  ardent::packed_matrix<float> final_linear;

 private:
  struct parts;
  void lay_out(parts const& from, transformer::packer& by);

  config sizes_;
  std::vector<std::vector<float>> resizing_;
  aligned_memory memory_;
};

}  // namespace examples::flowar
