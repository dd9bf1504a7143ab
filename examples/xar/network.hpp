// SPDX-License-Identifier: Apache-2.0
//
// xAR's transformer: from a noisy cell, the time and a class label to the velocity of each of its tokens, with the
// cells drawn before in sight. Ren et al., Beyond Next-Token: Next-X Prediction for Autoregressive Visual Generation,
// arXiv 2502.20388.
#pragma once

#include <ardent/group/host_fast.hpp>

#include <cstdint>
#include <vector>

#include "common/files/safetensors.hpp"
#include "common/network/aligned_memory.hpp"
#include "common/network/modulated_block.hpp"
#include "common/network/time_embedding.hpp"
#include "config.hpp"

namespace examples::xar {

/// @brief The transformer with its weights packed for this machine's products. Immutable: any number of threads may
/// call it at once.
class network {
 public:
  /// @brief Finds the weights under their official names (z_proj, encoder_blocks.0.attn.qkv, class_emb, ...), checks
  /// and packs them. The hidden widths of the MLPs are those of the weights.
  /// @param sizes the network's sizes
  /// @param weights F32, F16 or BF16 tensors. Buffers (mask, attn.rope) are left alone, but blocks beyond what `sizes`
  ///   asks for are an error.
  /// @param level instructions to use; the CPU must have them
  /// @throws input_error naming the tensor, if one is missing or left over, has the wrong shape or dtype or holds a
  ///   value that is not finite
  network(config const& sizes, safetensors const& weights, ardent::simd_level level = ardent::host_level());

  /// @brief The sizes it was built with.
  [[nodiscard]] config const& sizes() const noexcept { return config_; }
  /// @brief Checks a label.
  /// @throws input_error if it is no row of the class table
  void check_label(std::int64_t label) const;

  class scratch;
  class cache;

  /// @brief Takes the cell drawn last into the cache: keys and values of its tokens in every block, at time 0. Its
  /// tokens see one another and the cells before.
  /// @param label   a row of the class table
  /// @param tokens  [cell_tokens][token_channels], raster order of the cell
  /// @param kept    the cells before, of the same label; grows by this one
  /// @param work    made from this network, in use by no other call
  /// @throws std::invalid_argument if all cells are there but one
  /// @note Allocates nothing.
  void enter(int label, float const* tokens, cache& kept, scratch& work) const;

  /// @brief The velocity of the cell after those in the cache. Its tokens see one another and the cells before.
  /// @param label     a row of the class table
  /// @param timestep  0 to 1000
  /// @param tokens    [cell_tokens][token_channels], raster order of the cell
  /// @param kept      the cells before, of the same label; the room behind them is written
  /// @param output    [cell_tokens][token_channels], written
  /// @param work      made from this network, in use by no other call
  /// @note Allocates nothing.
  void velocity(int label, int timestep, float const* tokens, cache& kept, float* output, scratch& work) const;

 private:
  /// Encoder or decoder: what stands before its blocks, and what behind.
  struct half {
    int width = 0;
    ardent::packed_matrix<float> enter;   // of rows
    float const* positions = nullptr;     // [seq_len][width], cell by cell
    float const* enter_norm = nullptr;    // [width], after positions; null where there is none
    float const* leave_norm = nullptr;    // [width]
    transformer::rotary_table rotations;  // [seq_len], cell by cell
    std::vector<transformer::packed_modulated_block> blocks;
  };
  struct loaded;

  void lay_out(transformer::packer& by, loaded const& from);
  void prepare_condition(int label, int timestep, scratch& work) const;
  void run(half const& part, float const* input, float* x, std::vector<transformer::key_values>& memory, int first,
           int keep, bool to_the_end, scratch& work) const;
  void check_nothing_left_over(safetensors const& weights) const;

  config config_;
  ardent::simd_level level_;
  int hidden_ = 0;  // the widest
  aligned_memory memory_;
  half encoder_, decoder_;
  transformer::packed_time_embedding time_;
  ardent::packed_matrix<float> pred_;
  float const* classes_ = nullptr;  // [class_embedding_rows][encoder width]
};

}  // namespace examples::xar
