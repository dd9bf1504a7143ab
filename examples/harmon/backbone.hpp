// SPDX-License-Identifier: Apache-2.0
//
// Harmon's network: MAR's encoder, a language model that has read the prompt, and MAR's decoder. From a prompt and the
// tokens known so far to one condition vector for each token that the diffusion head is to draw.
#pragma once

#include <ardent/group/host_fast.hpp>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "common/network/aligned_memory.hpp"
#include "common/network/language_model.hpp"
#include "common/network/transformer.hpp"
#include "config.hpp"
#include "positions.hpp"
#include "weights.hpp"

namespace examples::harmon {

/// @brief What a call computes on its way, for comparison with recordings. Rows are buffer, then known tokens in raster
/// order, unless said otherwise.
struct trace {
  std::vector<float> x_enc;           ///< [rows][encoder width], the encoder's output
  std::vector<float> z_enc;           ///< [rows][hidden_size], the language model's input, buffer last
  std::vector<float> llm_hidden;      ///< [rows][hidden_size], its output, buffer last
  std::vector<float> x_enc_residual;  ///< [rows][encoder width], the decoder's input
  std::vector<float> z_all;           ///< [tokens][decoder width], conditions of all tokens in raster order
};

/// @brief The network with its weights packed. Immutable: any number of threads may use it at once.
/// @tparam Storage of the large matrices: float or ardent::bfloat16; sums are float in both
template <class Storage>
class backbone {
 public:
  /// @brief Packs; the file's pages are given back on the way.
  /// @param level instructions to use, which the CPU must have
  /// @throws std::bad_alloc
  backbone(config const& sizes, weights const& from, ardent::simd_level level = ardent::host_level());

  class scratch;

  /// @brief The sizes it was built with.
  [[nodiscard]] config const& sizes() const noexcept { return sizes_; }
  /// @brief Numbers in a condition vector.
  [[nodiscard]] int condition_width() const noexcept { return sizes_.mar.decoder_embed_dim; }
  /// @brief The language model.
  [[nodiscard]] language::model<Storage> const& language_model() const noexcept { return language_; }
  /// @brief Bytes of the packed weights.
  [[nodiscard]] std::size_t bytes() const noexcept { return memory_.size() + language_.bytes(); }

  /// @brief The conditions of one image in one guidance branch. The result is a function of the arguments before
  /// `work` and of nothing else, bit for bit.
  /// @param prompt  what language_model().read() kept of the branch's prompt
  /// @param places  position tables of the image's grid
  /// @param tokens  [places.of.tokens()][token_channels], raster order; rows of unknown tokens are not read
  /// @param known   [places.of.tokens()], non-zero where the token is known
  /// @param wanted  [count] raster positions to predict, strictly ascending, all of them unknown
  /// @param count   0 to the number of unknown tokens
  /// @param z       [count][condition_width], written only
  /// @param work    made for this backbone, this grid and a prompt at least as long, in use by no other call
  /// @param seen    written if not null, at the price of more work and memory
  /// @throws std::invalid_argument if wanted or work are not as they have to be
  /// @note Allocates nothing without `seen`.
  void condition(language::text_memory const& prompt, positions const& places, float const* tokens,
                 std::uint8_t const* known, int const* wanted, int count, float* z, scratch& work,
                 trace* seen = nullptr) const;

 private:
  struct packed_projector {
    ardent::packed_matrix<Storage> first, second;
  };

  void lay_out(transformer::packer& by, weights const& from);
  void project(packed_projector const& by, float const* x, int rows, float* y, scratch& work) const;
  void encode(positions const& places, float const* tokens, int known_count, scratch& work) const;
  void think(language::text_memory const& prompt, int rows, scratch& work, trace* seen) const;
  void decode(positions const& places, int known_count, int first_query, scratch& work) const;

  config sizes_;
  ardent::simd_level level_;
  language::model<Storage> language_;
  packed_projector proj_in_, proj_out_;
  ardent::packed_matrix<float> z_proj_;
  transformer::packed_norm z_proj_ln_;
  float const* fake_latent_ = nullptr;
  std::vector<transformer::packed_block<Storage>> encoder_;
  transformer::packed_norm encoder_norm_;
  ardent::packed_matrix<Storage> decoder_embed_;
  float const* mask_token_ = nullptr;
  std::vector<transformer::packed_block<Storage>> decoder_;
  transformer::packed_norm decoder_norm_;
  aligned_memory memory_;
};

/// @brief All temporaries of a call of condition(). One for each thread; it stays where it is made.
template <class Storage>
class backbone<Storage>::scratch {
 public:
  /// @param network         the backbone
  /// @param of              the images' grid
  /// @param longest_prompt  tokens of the longest prompt
  /// @throws input_error if prompt and image are longer than the language model's positions
  scratch(backbone const& network, grid of, int longest_prompt);
  scratch(scratch const&) = delete;
  scratch& operator=(scratch const&) = delete;

  /// @brief For language_model().read() of prompts.
  [[nodiscard]] language::scratch& language() noexcept { return language_; }

 private:
  friend class backbone;

  int arrange(std::uint8_t const* known, int const* wanted, int count);

  backbone const* of_;
  grid grid_;
  std::vector<int> order_;     // [tokens] raster positions: known, unknown, wanted
  aligned_floats tokens_;      // [tokens][channels], of the known ones together
  aligned_floats encoded_;     // [rows][encoder width]
  aligned_floats difference_;  // [rows][encoder width], what the language model adds
  aligned_floats projected_;   // [rows][hidden_size], a projector's hidden layer
  aligned_floats hidden_;      // [rows][hidden_size], what goes through the language model
  aligned_floats decoded_;     // [rows][decoder width]
  transformer::workspace work_;
  language::scratch language_;
};

extern template class backbone<float>;
extern template class backbone<ardent::bfloat16>;

}  // namespace examples::harmon
