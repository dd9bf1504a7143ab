// SPDX-License-Identifier: Apache-2.0
//
// The weights of a VAE decoder, packed for the library's products. For vae_decoder.cpp.
#pragma once

#include <vector>

#include <ardent/packed_matrix.hpp>

#include "common/files/safetensors.hpp"
#include "common/network/aligned_memory.hpp"
#include "vae_config.hpp"

namespace examples::vae {

/// @brief A convolution of stride 1 that keeps the size of its map. As a matrix its inputs are [side][side][channels]:
/// the pixels around an output pixel, row by row.
struct convolution {
  int side = 0;                       ///< of the square of pixels that it reads, 1 or 3; 0: there is none
  ardent::packed_matrix<float> taps;  ///< weights and bias
};

/// @brief Group norm's factor and offset of each channel.
struct group_norm {
  int width = 0;
  float const* weight = nullptr;
  float const* bias = nullptr;
};

/// @brief x + conv2(swish(norm2(conv1(swish(norm1(x)))))), where x goes through `shortcut` if the width changes.
struct residual_block {
  group_norm norm1;
  convolution conv1;
  group_norm norm2;
  convolution conv2;
  convolution shortcut;  ///< side 0 if the width stays
};

/// @brief x + proj_out(attention(norm(x))) with one head of all channels.
struct attention_block {
  group_norm norm;
  convolution q, k, v, proj_out;
};

/// @brief Blocks at one size, and the convolution behind the enlargement to the next.
struct level {
  std::vector<residual_block> blocks;
  convolution upsample;  ///< side 0 at the finest level
};

/// @brief The decoder of Rombach et al. (2022) as MAR has it: attention in the middle only. Immutable but for moves.
struct network {
  /// @brief Finds all tensors (`post_quant_conv.*`, `decoder.*`) and packs them. Those of the encoder (`encoder.*`,
  /// `quant_conv.*`) and of its training (`loss.*`) may be there, and are not looked at.
  /// @throws input_error naming a tensor that is missing, misshapen, not finite, or that this network has no use for
  network(vae_config const& config, safetensors const& weights);

  vae_config sizes;             ///< the constructor's arguments
  convolution post_quant_conv;  ///< of the latents
  convolution conv_in;
  residual_block mid_1;
  attention_block mid_attention;
  residual_block mid_2;
  std::vector<level> up;  ///< as `decoder.up`: the finest first, which runs last
  group_norm norm_out;
  convolution conv_out;

 private:
  class loader;
  void lay_out(loader& from);

  aligned_memory memory_;
};

}  // namespace examples::vae
