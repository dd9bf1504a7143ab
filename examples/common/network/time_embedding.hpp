// SPDX-License-Identifier: Apache-2.0
//
// The embedding of a time that diffusion networks share: an MLP of its cosines and sines.
#pragma once

#include <string>

#include "transformer.hpp"

namespace examples::transformer {

/// @brief fc2(SiLU(fc1(s))) with s the cosines, then the sines of t 10000^(-k / 128) for k < 128.
///
/// Source: the time embedding of GLIDE (Nichol et al., arXiv 2112.10741), as in MAR, FlowAR and xAR.
struct time_embedding {
  static constexpr int sinusoids = 256;  ///< cosines and sines
  linear in;                             ///< [width][sinusoids]
  linear out;                            ///< [width][width]

  /// @brief Finds PREFIX.mlp.0 and PREFIX.mlp.2.
  /// @throws input_error as linear::load
  [[nodiscard]] static time_embedding load(safetensors const& file, std::string const& prefix, int width);
};

/// @brief `time_embedding`, packed.
struct packed_time_embedding {
  ardent::packed_matrix<float> in, out;

  [[nodiscard]] int width() const noexcept { return out.outputs; }  ///< of the embedding
};

/// @brief Adds it to a piece of packed memory.
[[nodiscard]] packed_time_embedding pack(packer& by, time_embedding const& from);

/// @brief Embeds a time.
/// @param time     what the network is told, in training steps
/// @param to       [width], written
/// @param scratch  [sinusoids + width]
void embed_time(packed_time_embedding const& layer, float time, float* to, float* scratch, workspace& work);

}  // namespace examples::transformer
