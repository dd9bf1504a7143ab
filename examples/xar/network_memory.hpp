// SPDX-License-Identifier: Apache-2.0
//
// The memory that calls of an xAR network work in.
#pragma once

#include <vector>

#include "common/network/aligned_memory.hpp"
#include "common/network/modulated_block.hpp"
#include "network.hpp"

namespace examples::xar {

/// @brief All temporaries of one call. One for each thread.
class network::scratch {
 public:
  /// @brief Allocates for any call of this network.
  explicit scratch(network const& of);

 private:
  friend class network;

  transformer::workspace blocks_;
  aligned_floats encoded_;       // [cell_tokens][encoder width]
  aligned_floats decoded_;       // [cell_tokens][decoder width]
  aligned_floats time_scratch_;  // of the time's embedding
  aligned_floats condition_;     // [encoder width], SiLU of class and time embedding
  aligned_floats modulation_;    // [6][widest]
};

/// @brief Keys and values of the cells of one sequence that have been drawn.
class network::cache {
 public:
  /// @brief Allocates room for all cells.
  explicit cache(network const& of);
  /// @brief Forgets all cells.
  void clear();
  /// @brief Tokens of the cells that are kept.
  [[nodiscard]] int tokens() const noexcept { return tokens_; }

 private:
  friend class network;

  int tokens_ = 0;
  std::vector<transformer::key_values> encoder_, decoder_;  // of each block
};

}  // namespace examples::xar
