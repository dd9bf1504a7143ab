// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief What a GPU has that decides how a head is evaluated on it, and the decision.

#include <ardent/denoiser/adaln_shape.hpp>
#include <ardent/denoiser/tiled_plan.hpp>
#include <ardent/tile/matrix.hpp>

#include <cstddef>

namespace ardent {
inline namespace v0 {
namespace cuda {

/// @brief Shared memory that a block may have at most, in bytes; 48 KiB for architectures this library does not know.
/// Source: CUDA C++ Programming Guide 13.0, table "Technical Specifications per Compute Capability".
/// @param architecture  10 times the compute capability: 80, 90, 100, 120 ...
constexpr std::size_t most_shared_bytes(int architecture) {
  switch (architecture) {
    case 80:
    case 87:
      return 163 * 1024;
    case 86:
    case 89:
    case 120:
    case 121:
      return 99 * 1024;
    case 90:
    case 100:
    case 103:
    case 110:
      return 227 * 1024;
    default:
      return 48 * 1024;
  }
}

/// @brief What is asked of a device.
struct device_limits {
  int architecture = 80;                             ///< 10 times the compute capability
  int multiprocessors = 1;                           ///< streaming multiprocessors
  std::size_t shared_bytes = most_shared_bytes(80);  ///< most shared memory of a block
  bool cooperative = true;                           ///< a grid may wait for all of its blocks
};

/// @brief The ways to evaluate a head on a GPU.
enum class head_regime {
  resident,  ///< all blocks share a tile, and keep the residual blocks' weights in shared memory
  streamed,  ///< all blocks share a tile, and read the weights from the second-level cache
  wide,      ///< the same with up to 48 network rows
  tiles,     ///< each block has a tile to itself, and reads all weights
};

/// @brief The plan of a regime: what its kernel is compiled for.
constexpr tiled_plan plan_of(head_regime regime) {
  switch (regime) {
    case head_regime::resident:
      return {2, true, true, true, false, 8};
    case head_regime::streamed:
      return {2, true, false, true, false, 8};
    case head_regime::wide:
      return {6, true, false, false, true, 1};
    default:
      return {4, false, false, false, false, 1};
  }
}

/// @brief True if a head's residual blocks stay in the shared memory of a GPU's blocks, one on each multiprocessor,
/// beside the activations of a tile.
/// @tparam Format       a format, which the last argument names
/// @param architecture  10 times the compute capability
/// @param sm_count      multiprocessors
/// @param width         W
/// @param depth         D
/// @param rows          network rows of a tile, at most 16: tokens, times 2 with guidance
template <class Format>
constexpr bool fits(int architecture, int sm_count, int width, int depth, int rows, Format) {
  tiled_plan plan = plan_of(head_regime::resident);
  plan.hoisted = false;  // the modulations are computed before the weights are loaded, in the same memory
  const int panels = (width + tile_outputs - 1) / tile_outputs;  // more blocks than that would have nothing to do
  const std::size_t bytes = tiled_block_bytes<Format>(adaln_shape<>(1, 1, width, depth, width), rows,
                                                      sm_count < panels ? sm_count : panels, plan, 0);
  return rows <= 8 * plan.groups && bytes <= most_shared_bytes(architecture);
}

namespace detail {

/// Blocks that share a tile: one on each multiprocessor, but no more than there are panels to deal out. Or, where each
/// has a tile, the most that work at once.
template <class Shape>
constexpr int blocks_of_head(device_limits const& device, Shape const& shape, tiled_plan const& plan) {
  const int panels = (shape.width() + tile_outputs - 1) / tile_outputs;
  return plan.shared && panels < device.multiprocessors ? panels : device.multiprocessors;
}

/// Network rows of which modulations are computed at once: as many as a block has memory for.
template <class Format, class Shape>
constexpr int hoisted_rows_of_head(device_limits const& device, Shape const& shape) {
  const tiled_plan plan = plan_of(head_regime::streamed);
  int rows = 8 * plan.hoisted_groups;
  while (rows > 8 && tiled_block_bytes<Format>(shape, 1, 1, plan, rows) > device.shared_bytes) rows -= 8;
  return rows;
}

/// The most network rows of a regime's tiles for which a block has memory, of whole tokens; 0 if for no token.
/// @param hoisted  hoisted_rows_of_head
template <class Format, class Shape>
constexpr int rows_of_head(device_limits const& device, Shape const& shape, head_regime regime, int branches,
                           int hoisted) {
  const tiled_plan plan = plan_of(regime);
  const int blocks = blocks_of_head(device, shape, plan);
  int rows = 8 * plan.groups;
  while (rows >= branches && tiled_block_bytes<Format>(shape, rows, blocks, plan, hoisted) > device.shared_bytes)
    rows -= branches;
  return rows >= branches ? rows : 0;
}

}  // namespace detail

/// @brief Which regime for how many rows. A user's own has the same members.
///
/// Few rows cannot fill the card: what counts is to read each weight once a step, by all multiprocessors together. From
/// about a hundred rows on, a library's matrix products cost less than drawing tile after tile. Where there are none,
/// from about 16 tiles on blocks that do not wait for one another are faster, though each reads all weights. The bounds
/// follow from the arithmetic in docs/benchmarks/kernels.md. Of what they choose for MAR-B's head in bfloat16,
/// docs/benchmarks/h100.md has measured 8, 32, 128, 512 and 2048 rows; nothing says that another bound would not be
/// better.
struct default_tuning {
  static constexpr int threads = 256;             ///< threads of a block
  static constexpr int least_product_rows = 128;  ///< from here on a library's matrix products, where there is one
  static constexpr int most_rows_in_turn = 768;   ///< rows that are drawn tile after tile, by all blocks together

  /// @brief The regime for an AR step.
  /// @param device         the device
  /// @param rows           network rows of the AR step
  /// @param fits_resident  true if the weights stay in shared memory beside the rows' activations
  static constexpr head_regime choose(device_limits const& device, int rows, bool fits_resident) {
    if (!device.cooperative || rows > most_rows_in_turn) return head_regime::tiles;
    if (rows > 8 * plan_of(head_regime::streamed).groups) return head_regime::wide;
    return fits_resident ? head_regime::resident : head_regime::streamed;
  }
};

}  // namespace cuda
}  // namespace v0
}  // namespace ardent
