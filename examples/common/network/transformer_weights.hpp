// SPDX-License-Identifier: Apache-2.0
//
// The layers of a pre-norm vision transformer as a checkpoint has them: sizes, and tensors that stay in the file.
#pragma once

#include <string>

#include "common/files/safetensors.hpp"

namespace examples::transformer {

/// @brief y = x W^T + b, with W [out][in] and b [out], or without b.
struct linear {
  int out = 0;
  int in = 0;
  float_tensor weight;  ///< [out][in]
  float_tensor bias;    ///< [out]; empty where there is none

  /// @brief Finds PREFIX.weight [out, in] and PREFIX.bias [out].
  /// @throws input_error if one is missing, has another shape or holds a value that is not finite
  [[nodiscard]] static linear load(safetensors const& file, std::string const& prefix, int out, int in);
  /// @brief Finds PREFIX.weight [out, in]; there is no bias.
  /// @throws input_error likewise
  [[nodiscard]] static linear load_unbiased(safetensors const& file, std::string const& prefix, int out, int in);
};

/// @brief LayerNorm with scale and offset; the variance is the biased one and epsilon is added to it.
struct layer_norm {
  static constexpr float epsilon = 1e-6F;  ///< every LayerNorm of MAR and Harmon has this one
  int width = 0;
  float_tensor weight;  ///< [width]
  float_tensor bias;    ///< [width]

  /// @brief Finds PREFIX.weight and PREFIX.bias, both [width].
  /// @throws input_error as linear::load
  [[nodiscard]] static layer_norm load(safetensors const& file, std::string const& prefix, int width);
};

/// @brief A pre-norm block: x += proj(attention(qkv(norm1(x)))), then x += fc2(GELU(fc1(norm2(x)))).
///
/// The rows of qkv are (query, key, value) x heads x head width; scores are scaled by 1/sqrt(head width); GELU is the
/// exact one, x Phi(x). (Dosovitskiy et al., An Image is Worth 16x16 Words, 2021, in timm's parameter layout.)
struct block {
  int heads = 0;  ///< divides the width
  layer_norm norm1;
  linear qkv;   ///< [3 width][width]
  linear proj;  ///< [width][width]
  layer_norm norm2;
  linear fc1;  ///< [hidden][width]
  linear fc2;  ///< [width][hidden]

  /// @brief Finds PREFIX.norm1, .attn.qkv, .attn.proj, .norm2, .mlp.fc1 and .mlp.fc2.
  /// @pre heads divides width
  /// @throws input_error as linear::load
  [[nodiscard]] static block load(safetensors const& file, std::string const& prefix, int width, int heads, int hidden);
};

}  // namespace examples::transformer
