// SPDX-License-Identifier: Apache-2.0
#pragma once

// The tokens of an AR step in tiles, and how a block or a grid takes its tiles in turn.

#include <ardent/denoiser/denoiser.hpp>
#include <ardent/group/group.hpp>

namespace ardent {
inline namespace v0 {
namespace detail {

/// Tile k of so many, which share out all tokens.
ARDENT_HD inline tile part_of(tile t, int k, int tiles) {
  const strided_range share = share_of(t.total, k, tiles);
  t.first = share.first;
  t.tokens = share.last - share.first;
  return t;
}

/// body(tile) for tiles first, first + step, ... below `tiles`. All have the same memory: the next begins when every
/// thread is done with the one before.
ARDENT_ANY_GROUP
template <class Block, class Grid, class F>
ARDENT_INLINE void take_tiles(Block& block, Grid& grid, tile const& whole, int first, int step, int tiles,
                              F const& body) {
#if defined(__CUDA_ARCH__)
#  pragma unroll 1
#endif
  for (int k = first; k < tiles; k += step) {
    if (k > first) grid.sync(block);
    body(part_of(whole, k, tiles));
  }
}

}  // namespace detail
}  // namespace v0
}  // namespace ardent
