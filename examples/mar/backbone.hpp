// SPDX-License-Identifier: Apache-2.0
//
// MAR's encoder-decoder transformer: from the tokens known so far and a class label to one condition vector for each
// token that the diffusion head is to draw. Li et al., Autoregressive Image Generation without Vector Quantization,
// 2024; the network is the masked autoencoder of He et al., 2022, with the class embedding as buffer tokens in front.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include <ardent/group/host_fast.hpp>

#include "common/network/transformer_weights.hpp"
#include "config.hpp"

namespace examples::mar {

/// @brief How a transformer keeps its matrices, and what their products read. Sums are float in both.
enum class matrix_format { float32, bfloat16 };

class retention;
struct sequence_step;

/// @brief The transformer: its weights in their file, and packed for this machine's products when they are first
/// needed. Immutable as seen from outside: any number of threads may call condition() at once.
class backbone {
 public:
  /// @brief Finds the weights under their official names (z_proj, encoder_blocks.0.attn.qkv, mask_token, ...) and
  /// checks them.
  /// @param sizes the network's sizes
  /// @param weights F32, F16 or BF16 tensors, which stay where they are until they are packed. Other tensors
  ///   (diffloss.*) are left alone, but encoder_ and decoder_ tensors beyond what `sizes` asks for are an error.
  /// @param level instructions of condition(); the CPU must have them
  /// @throws input_error naming the tensor, if one is missing or left over, has the wrong shape or dtype or holds a
  ///   value that is not finite
  backbone(config const& sizes, safetensors const& weights, ardent::simd_level level = ardent::host_level());
  ~backbone();
  backbone(backbone&&) noexcept;
  backbone& operator=(backbone&&) noexcept;

  /// @brief Numbers in a condition vector: decoder_embed_dim.
  [[nodiscard]] int condition_width() const noexcept { return config_.decoder_embed_dim; }
  /// @brief The sizes it was built with.
  [[nodiscard]] config const& sizes() const noexcept { return config_; }
  /// @brief Checks a class label given by the user.
  /// @throws input_error if it is not in [0, class_num)
  void check_label(std::int64_t label) const;

  /// @brief All weights, for copies of the network elsewhere. They keep the file alive.
  struct parts {
    transformer::linear z_proj;
    transformer::layer_norm z_proj_ln;
    float_tensor class_emb;    ///< [class_num][encoder width]
    float_tensor fake_latent;  ///< [encoder width]
    float_tensor encoder_pos;  ///< [buffer + seq_len][encoder width]
    std::vector<transformer::block> encoder;
    transformer::layer_norm encoder_norm;
    transformer::linear decoder_embed;
    float_tensor decoder_pos;  ///< [buffer + seq_len][decoder width]
    std::vector<transformer::block> decoder;
    transformer::layer_norm decoder_norm;
    float_tensor diffusion_pos;  ///< [seq_len][decoder width]
    float_tensor mask_token;     ///< [decoder width]

    /// @brief What the decoder is given for unknown tokens: the mask token with each position's embedding.
    /// @param rows [seq_len][decoder width], written
    void mask_rows(float* rows) const;
  };
  /// @brief The weights.
  [[nodiscard]] parts const& weights() const noexcept { return parts_; }

  class scratch;
  class history;
  class cached_sequence;

  /// @brief Packs the weights now; the file's pages are given back as this goes on. Otherwise the first scratch of this
  /// format does it.
  /// @throws std::bad_alloc
  void pack(matrix_format format) const;

  /// @brief The conditions of one image in one guidance branch.
  ///
  /// The sequence is arranged as buffer, known tokens, unknown tokens, the queried ones last. Attention does not mind
  /// the order, and rows that are wanted lie together. The result is a function of the arguments before `work` and of
  /// nothing else, bit for bit.
  /// @param label class in [0, class_num), or negative for the unconditional branch (fake_latent)
  /// @param tokens [seq_len][token_channels], raster order; rows of unknown tokens are not read
  /// @param known [seq_len], non-zero where the token is known
  /// @param positions [count] raster positions to predict, strictly ascending, all of them unknown
  /// @param count 0 to the number of unknown tokens
  /// @param z [count][condition_width], a row for each position; written only
  /// @param work made from this backbone (or one of the same sizes), in use by no other call; reused at no cost
  /// @param kept what earlier calls found and this one need not compute again; made from this very backbone for this
  ///   format, in use by no other call; null for none. Worth the most where those calls were of the same image and
  ///   branch.
  /// @throws std::invalid_argument if positions, label, work or kept are not as they have to be
  /// @note Allocates nothing.
  void condition(int label, float const* tokens, std::uint8_t const* known, int const* positions, int count, float* z,
                 scratch& work, history* kept = nullptr) const;

  /// @brief A step of one sequence (an image in one guidance branch) with a token cache: see cached_sequence.
  /// @param step what is known and what is drawn
  /// @param keep how many rows go on behind the decoder's pruning block
  /// @param decoded [buffer + seq_len][condition_width], written: the decoder's output before its last norm, 0 where a
  ///   row was left out
  /// @param work as for condition()
  /// @param state made from this very backbone for this format, in use by no other call; the last step's
  /// @throws std::invalid_argument if positions, label, work or state are not as they have to be
  /// @note Allocates nothing.
  void advance(sequence_step const& step, retention const& keep, float* decoded, scratch& work,
               cached_sequence& state) const;
  /// @brief What condition() does last: norm and position.
  /// @param decoded [buffer + seq_len][condition_width], from advance() or a sum of such
  /// @param positions [count] raster positions
  /// @param z [count][condition_width], written
  /// @note Allocates nothing.
  void finish(float const* decoded, int const* positions, int count, float* z, scratch& work) const;

 private:
  struct packed_formats;
  void check_nothing_left_over(safetensors const& weights) const;

  config config_;
  ardent::simd_level level_;
  parts parts_;
  std::unique_ptr<packed_formats> packed_;
};

}  // namespace examples::mar
