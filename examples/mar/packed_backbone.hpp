// SPDX-License-Identifier: Apache-2.0
//
// A backbone's weights as condition() reads them.
#pragma once

#include <vector>

#include <ardent/group/host_fast.hpp>

#include "backbone.hpp"
#include "common/network/aligned_memory.hpp"
#include "common/network/transformer_packing.hpp"

namespace examples::mar {

/// @brief All of them, in one piece of memory.
/// @tparam Storage of the matrices but the first, which is small: float or ardent::bfloat16
template <class Storage>
class packed_backbone {
 public:
  /// @brief Packs; the file's pages are given back on the way.
  /// @param level instructions for what can be computed ahead
  packed_backbone(config const& sizes, backbone::parts const& from, ardent::simd_level level);

  ardent::packed_matrix<float> z_proj;
  transformer::packed_norm z_proj_ln;
  float const* class_emb;    ///< [class_num][encoder width]
  float const* fake_latent;  ///< [encoder width]
  float const* encoder_pos;  ///< [buffer + seq_len][encoder width]
  std::vector<transformer::packed_block<Storage>> encoder;
  transformer::packed_norm encoder_norm;
  ardent::packed_matrix<Storage> decoder_embed;
  float const* decoder_pos;  ///< [buffer + seq_len][decoder width]
  std::vector<transformer::packed_block<Storage>> decoder;
  transformer::packed_norm decoder_norm;
  float const* diffusion_pos;  ///< [seq_len][decoder width]
  // What the decoder makes of an unknown token before it looks at others depends on the position alone:
  float const* mask_rows;  ///< [seq_len][decoder width]
  float const* mask_qkv;   ///< [seq_len][3 decoder width], the first block's qkv of these rows

 private:
  aligned_memory memory_;
};

}  // namespace examples::mar
