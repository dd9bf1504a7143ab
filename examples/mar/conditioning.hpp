// SPDX-License-Identifier: Apache-2.0
//
// The course of one call of backbone::condition().
#pragma once

#include <cstdint>

#include "backbone_memory.hpp"
#include "packed_backbone.hpp"

namespace examples::mar {

/// @brief One call: what it works with. Lives on the stack.
template <class Storage>
class conditioning {
 public:
  /// @param kept may be null
  conditioning(config const& sizes, packed_backbone<Storage> const& network, backbone::scratch& work,
               backbone::history* kept)
      : sizes_(sizes), network_(network), work_(work), kept_(kept) {}

  /// @brief See backbone::condition(); label and memory have been checked.
  /// @throws std::invalid_argument if positions are not as they have to be
  void run(int label, float const* tokens, std::uint8_t const* known, int const* positions, int count, float* z);

  /// @brief The buffer's rows as they enter the encoder.
  /// @param label as backbone::condition() has it
  /// @param rows [buffer][encoder width], written
  void enter_class(int label, float* rows);
  /// @brief Tokens' rows likewise.
  /// @param tokens [seq_len][token_channels]
  /// @param positions [count] which of them
  /// @param rows [count][encoder width], written
  void enter_tokens(float const* tokens, int const* positions, int count, float* rows);

 private:
  int arrange(std::uint8_t const* known, int const* positions, int count);
  void first_of_encoder(int label, float const* tokens, int known_count);
  void keep_new(int label, float const* tokens, int known_count);
  void recall(int known_count);
  void embed_for_decoder(int known_count);
  void decode(int known_count, int const* positions, int count, float* z);

  config const& sizes_;
  packed_backbone<Storage> const& network_;
  backbone::scratch& work_;
  backbone::history* kept_;
};

}  // namespace examples::mar
