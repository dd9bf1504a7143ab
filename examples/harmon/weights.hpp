// SPDX-License-Identifier: Apache-2.0
//
// A Harmon network's tensors under their official names.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "common/network/adaln_head.hpp"
#include "common/network/language_weights.hpp"
#include "common/network/transformer_weights.hpp"
#include "config.hpp"

namespace examples::harmon {

/// @brief Linear, SiLU, linear: what carries rows between MAR's width and the language model's.
struct projector {
  transformer::linear first;
  transformer::linear second;
};

/// @brief All tensors but the diffusion head's ("mar.diffloss.net.", see adaln_tensors). They stay in their file until
/// they are packed.
struct weights {
  language::weights llm;
  projector proj_in;   ///< from the encoder to the language model
  projector proj_out;  ///< back
  transformer::linear z_proj;
  transformer::layer_norm z_proj_ln;
  float_tensor fake_latent;  ///< [encoder width], every buffer token before its position is added
  float_tensor encoder_pos;  ///< [buffer + native tokens][encoder width]
  std::vector<transformer::block> encoder;
  transformer::layer_norm encoder_norm;
  transformer::linear decoder_embed;
  float_tensor mask_token;   ///< [decoder width]
  float_tensor decoder_pos;  ///< [buffer + native tokens][decoder width]
  std::vector<transformer::block> decoder;
  transformer::layer_norm decoder_norm;
  float_tensor diffusion_pos;  ///< [native tokens][decoder width]

  /// @brief Finds them and checks them, and that nothing else is there. What the published checkpoints hold and
  /// drawing has no use for is accepted: mar.class_emb, llm.lm_head, rotary frequencies and vae.*.
  /// @param sizes  the network's
  /// @param file   F32, F16 or BF16 tensors
  /// @param aside  beginnings of further names that are nobody's concern
  /// @throws input_error naming the tensor, if one is missing or left over, has the wrong shape or dtype or holds a
  ///   value that is not finite
  [[nodiscard]] static weights load(config const& sizes, safetensors const& file,
                                    std::span<std::string const> aside = {});
};

/// @brief The diffusion head's tensors, checked against the sizes.
/// @throws input_error as weights::load
[[nodiscard]] adaln_tensors head_tensors(config const& sizes, safetensors const& file);

}  // namespace examples::harmon
