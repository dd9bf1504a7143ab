// SPDX-License-Identifier: Apache-2.0
//
// Frequency AR's diffusion head: MAR's, told the frequency level too.
#pragma once

#include "common/files/safetensors.hpp"
#include "common/network/adaln_head.hpp"
#include "common/network/aligned_memory.hpp"

#include <ardent/denoiser/adaln_mlp.hpp>

namespace examples::far {

/// @brief A head whose vector of time and condition has the embedding of a level added to it: y = time(t) + cond(z) +
/// index(level), index being linear in the level itself. The level is then one more number of the condition, and the
/// head is ardent's, with [cond | index] for its condition layer.
/// Source: FAR (arXiv 2503.05305), section 3.3, and its code.
class head {
 public:
  /// @brief Packs the tensors behind a prefix such as "diffloss.net.": those of MAR's head and index_cond_embed.
  /// @throws input_error naming the tensor, if one is missing, has the wrong shape or dtype or holds a value that is
  ///   not finite
  head(safetensors const& file, std::string const& prefix);

  /// @brief Numbers in a condition without the level, which comes behind them.
  [[nodiscard]] int condition_width() const { return shape_.condition_width() - 1; }
  /// @brief The sizes, the level among the condition's numbers.
  [[nodiscard]] ardent::adaln_shape<> shape() const { return shape_; }
  /// @brief A view for kernels; valid as long as this object.
  [[nodiscard]] ardent::denoiser::adaln_mlp<float> denoiser() const {
    return ardent::denoiser::adaln_mlp<float>(shape_, memory_.data());
  }

 private:
  explicit head(adaln_tensors const& tensors);

  ardent::adaln_shape<> shape_;
  aligned_memory memory_;
};

}  // namespace examples::far
