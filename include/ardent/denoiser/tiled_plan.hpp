// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief How a kernel evaluates a head of tiled weights, and the memory that takes.

#include <ardent/detail/tiled_memory.hpp>
#include <ardent/tile/format.hpp>
#include <ardent/tile/matrix.hpp>

#include <cstddef>

namespace ardent {
inline namespace v0 {

/// @brief How a kernel evaluates a tiled head. Fixed at compile time.
struct tiled_plan {
  int groups = 1;           ///< the most network rows of a tile, divided by 8
  bool shared = false;      ///< for a grid whose blocks share a tile; else a block has its tile to itself
  bool resident = false;    ///< the residual blocks' weights stay in shared memory for the whole trajectory
  bool hoisted = false;     ///< the modulations of all steps are computed before the first
  bool norms_once = false;  ///< each row's layer norm by one block of the grid, and one more grid sync a layer
  int hoisted_groups = 8;   ///< the most network rows of a product of theirs, divided by 8
};

/// @brief Bytes of a block's own memory for a tile of a head: activations, scratch, and its share of the weights.
/// @tparam Format  a format
/// @param shape    an adaln_shape
/// @param rows     network rows of the tile
/// @param blocks   blocks of the grid that shares the tile
/// @param plan     how the head is evaluated
/// @param hoisted  network rows of which modulations are computed at once, if they are hoisted
template <class Format, class Shape>
constexpr std::size_t tiled_block_bytes(Shape const& shape, int rows, int blocks, tiled_plan plan, int hoisted) {
  using memory = detail::tiled_memory<Format>;
  const auto panels = static_cast<std::size_t>(2 * shape.depth() * ((shape.width() + tile_outputs - 1) / tile_outputs));
  const auto count = static_cast<std::size_t>(blocks);
  const std::size_t weights = (panels + count - 1) / count * tile_outputs *
                              static_cast<std::size_t>(padded_inputs<Format>(shape.width())) *
                              sizeof(typename Format::storage);
  const std::size_t looping = memory::block_bytes(shape, rows, plan.groups) + (plan.resident ? weights : 0);
  const std::size_t before = plan.hoisted ? memory::block_bytes(shape, hoisted, plan.hoisted_groups) : 0;
  return looping > before ? looping : before;
}

}  // namespace v0
}  // namespace ardent
