// SPDX-License-Identifier: Apache-2.0
//
// One image in one guidance branch: what its transformer remembers, and what its conditions are now.
#pragma once

#include <vector>

#include "common/network/aligned_memory.hpp"
#include "common/network/modulated_block.hpp"
#include "network.hpp"

namespace examples::flowar {

/// @brief Rotations of the tokens of each scale, for heads of one width.
class scale_rotations {
 public:
  /// @param sizes       the network's sizes
  /// @param head_width  a multiple of 4
  scale_rotations(config const& sizes, int head_width);
  /// @brief Of the tokens of scale i.
  [[nodiscard]] transformer::rotation at(int i) const { return tables_[static_cast<std::size_t>(i)].from(); }

 private:
  std::vector<transformer::rotary_table> tables_;
};

/// @brief The rotations of a network's parts.
struct rotations {
  /// @param sizes  the network's sizes
  explicit rotations(config const& sizes)
      : encoder(sizes, sizes.encoder_embed_dim / sizes.encoder_num_heads),
        decoder(sizes, sizes.decoder_embed_dim / sizes.decoder_num_heads),
        flow(sizes, sizes.diffloss_w / sizes.flow_heads()) {}
  scale_rotations encoder, decoder, flow;
};

/// @brief What a thread works with, whatever the sequence.
struct scratch {
  /// @param of     the network
  /// @param level  instructions to use, which the CPU must have
  scratch(network const& of, ardent::simd_level level);

  transformer::workspace work;
  aligned_floats map, between;   ///< a scale's input and what is between its resizings
  aligned_floats x, decoded;     ///< [most tokens] of encoder or flow head, and of decoder
  aligned_floats activated;      ///< [most tokens][flow width], SiLU(time + condition)
  aligned_floats modulations;    ///< [most tokens][6 flow width]
  transformer::key_values keys;  ///< of the flow head, which remembers nothing
};

/// @brief What the flow head makes of a time, for all tokens alike.
struct flow_time {
  float const* embedded = nullptr;     ///< [flow width]
  float const* modulations = nullptr;  ///< [flow depth][3 flow width]; only with cross attention
};

/// @brief A sequence. Its numbers are those of its label and tokens alone, whatever else is computed and on whatever
/// thread.
class sequence {
 public:
  /// @param of     outlives the sequence
  /// @param turns  likewise
  /// @param row    row of the class table
  /// @param work   any thread's
  sequence(network const& of, rotations const& turns, int row, scratch& work);

  /// @brief Computes the conditions of a scale's tokens, and keeps keys and values for the scales behind it.
  /// @param scale   0 begins anew; else the one after the scale of the call before
  /// @param before  tokens of the scale before, [side][side][channels]; not read for scale 0
  /// @throws std::invalid_argument if it is another scale's turn
  void condition(int scale, float const* before, scratch& work);

  /// @brief The conditions, [tokens of the scale][decoder width].
  [[nodiscard]] float const* conditions() const noexcept { return z_.data(); }

  /// @brief The velocity of the tokens of the scale that was conditioned last.
  /// @param x   [tokens of the scale][channels]
  /// @param v   [tokens of the scale][channels], written
  void velocity(flow_time const& time, float const* x, float* v, scratch& work) const;

 private:
  void prepare_flow(scratch& work);
  void run_flow_block(flow_block const& layer, int i, flow_time const& time, float* x, scratch& work) const;

  network const& of_;
  rotations const& turns_;
  int row_;
  int scale_ = -1;  // conditioned last
  int tokens_ = 0;  // of it
  std::vector<transformer::key_values> encoder_, decoder_;
  aligned_floats encoder_modulations_, decoder_modulations_;  // [depth][6 width]
  aligned_floats z_;                                          // [most tokens][decoder width]
  aligned_floats embedded_;                                   // [most tokens][flow width], of z
  aligned_floats contexts_;                                   // [flow depth][most tokens][2 flow width]
};

}  // namespace examples::flowar
