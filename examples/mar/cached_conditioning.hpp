// SPDX-License-Identifier: Apache-2.0
//
// The course of one call of backbone::advance().
#pragma once

#include "backbone_memory.hpp"
#include "cached_sequence.hpp"
#include "caching.hpp"
#include "packed_backbone.hpp"

namespace examples::mar {

/// @brief One step of a sequence: what it works with. Lives on the stack.
template <class Storage>
class cached_conditioning {
 public:
  /// @brief See backbone::advance().
  cached_conditioning(config const& sizes, packed_backbone<Storage> const& network, retention const& keep,
                      backbone::scratch& work, backbone::cached_sequence& state)
      : sizes_(sizes), network_(network), keep_(keep), work_(work), state_(state) {}

  /// @brief See backbone::advance().
  void run(sequence_step const& step, float* decoded);

 private:
  int enter(sequence_step const& step);
  void encode(int rows);
  void embed(int rows);
  int decode(sequence_step const& step, int entered, float* decoded);
  void score(sequence_step const& step, int entered, float* old);
  int choose(int ar_step, int needed);

  config const& sizes_;
  packed_backbone<Storage> const& network_;
  retention const& keep_;
  backbone::scratch& work_;
  backbone::cached_sequence& state_;
};

}  // namespace examples::mar
