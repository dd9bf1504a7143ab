// SPDX-License-Identifier: Apache-2.0
//
// The layers that FlowAR, xAR and Harmon's kin have in common, as a checkpoint has them and packed: attention, gated
// MLP, and the linear layer that makes a block's modulation from a condition.
#pragma once

#include <string>

#include "transformer_packing.hpp"
#include "transformer_weights.hpp"

namespace examples::transformer {

/// @brief Self-attention: rows of qkv are (query, key, value) x heads x head width.
struct attention {
  int heads = 0;  ///< divides the width; a head's width is a multiple of 4
  linear qkv;     ///< [3 width][width]
  linear proj;    ///< [width][width]

  /// @brief Finds PREFIX.qkv and PREFIX.proj.
  /// @param qkv_bias whether qkv has a bias
  /// @throws input_error as linear::load
  [[nodiscard]] static attention load(safetensors const& file, std::string const& prefix, int width, int heads,
                                      bool qkv_bias);
};

/// @brief Attention of a sequence to a context: q and kv have no bias, rows of kv are (key, value) x heads x head
/// width.
struct cross_attention {
  int heads = 0;              ///< divides the width
  int context = 0;            ///< width of the context
  float_tensor norm;          ///< [width], RMSNorm of the sequence
  float_tensor context_norm;  ///< [context], RMSNorm of the context
  linear q;                   ///< [width][width]
  linear kv;                  ///< [2 width][context]
  linear proj;                ///< [width][width]

  /// @brief Finds PREFIX.q, PREFIX.kv and PREFIX.proj; NORM.weight and CONTEXT_NORM.weight.
  /// @throws input_error as linear::load
  [[nodiscard]] static cross_attention load(safetensors const& file, std::string const& prefix, std::string const& norm,
                                            std::string const& context_norm, int width, int context, int heads);
};

/// @brief fc2(GELU(fc1_g x) * fc1_x x) with the exact GELU.
struct gated_mlp {
  linear gate;   ///< [hidden][width]
  linear value;  ///< [hidden][width]
  linear out;    ///< [width][hidden]

  /// @brief The hidden width that a file's PREFIX.fc1_g has. Published code rounds int(width * 4 * 2 / 3).
  /// @throws input_error if it is missing or not a matrix
  [[nodiscard]] static int hidden_in(safetensors const& file, std::string const& prefix);
  /// @brief Finds PREFIX.fc1_g, PREFIX.fc1_x and PREFIX.fc2.
  /// @throws input_error as linear::load
  [[nodiscard]] static gated_mlp load(safetensors const& file, std::string const& prefix, int width, int hidden);
};

/// @brief A block: x += gate1 attention(RMS(x) (1 + scale1) + shift1), then x += gate2 mlp(RMS(x) (1 + scale2) +
/// shift2). Its RMSNorms have no weight.
///
/// The six vectors are linear(SiLU(condition)) in the order gate1, gate2, scale1, scale2, shift1, shift2. (Ren et al.,
/// FlowAR, arXiv 2412.15205; Ren et al., xAR, arXiv 2502.20388, in their parameter layout.)
struct modulated_block {
  attention attend;
  gated_mlp mlp;
  linear modulation;  ///< [6 width][condition width]

  /// @brief Finds PREFIX.attn, PREFIX.mlp and PREFIX.MODULATION, which is "ada_lin" or, behind a SiLU of its own,
  /// "ada_lin.1".
  /// @throws input_error as linear::load
  [[nodiscard]] static modulated_block load(safetensors const& file, std::string const& prefix, int width, int heads,
                                            int hidden, std::string const& modulation, int condition_width,
                                            bool qkv_bias);
};

/// @brief `attention`, packed.
struct packed_attention {
  int heads = 0;
  ardent::packed_matrix<float> qkv, proj;

  [[nodiscard]] int width() const noexcept { return proj.outputs; }  ///< of a row
};

/// @brief `cross_attention`, packed.
struct packed_cross_attention {
  int heads = 0;
  float const* norm = nullptr;
  float const* context_norm = nullptr;
  ardent::packed_matrix<float> q, kv, proj;

  [[nodiscard]] int width() const noexcept { return proj.outputs; }  ///< of a row of the sequence
  [[nodiscard]] int context() const noexcept { return kv.inputs; }   ///< of a row of the context
};

/// @brief `gated_mlp`, packed.
struct packed_gated_mlp {
  ardent::packed_matrix<float> gate, value, out;

  [[nodiscard]] int width() const noexcept { return out.outputs; }  ///< of a row
  [[nodiscard]] int hidden() const noexcept { return out.inputs; }  ///< of the hidden layer
};

/// @brief `modulated_block`, packed.
struct packed_modulated_block {
  packed_attention attend;
  packed_gated_mlp mlp;
  ardent::packed_matrix<float> modulation;
};

/// @brief Adds a part to a piece of packed memory.
[[nodiscard]] packed_attention pack(packer& by, attention const& from);
/// @brief The same.
[[nodiscard]] packed_cross_attention pack(packer& by, cross_attention const& from);
/// @brief The same.
[[nodiscard]] packed_gated_mlp pack(packer& by, gated_mlp const& from);
/// @brief The same.
[[nodiscard]] packed_modulated_block pack(packer& by, modulated_block const& from);

}  // namespace examples::transformer
