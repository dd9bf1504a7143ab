// SPDX-License-Identifier: Apache-2.0
#pragma once

// Where a tiled head's activations are.

#include <ardent/tile/product.hpp>

#include <cstddef>

namespace ardent {
inline namespace v0 {
namespace detail {

/// A tiled head's memory for a tile of some rows.
template <class Format>
struct tiled_memory {
  using activation = typename Format::activation;

  // of the grid
  float* condition;    // [rows][W]
  float* h;            // [rows][W]
  float* modulation;   // [1 or all steps][rows][(3 D + 2) W]
  activation* hidden;  // [chunks of W][rows][chunk]
  activation* normal;  // the same: normalised rows, where blocks share that work
  // of the block
  float* scratch;        // of products
  activation* x;         // [chunks][rows][chunk]: what a product reads
  lane_words* resident;  // weights

  /// @param own     of the block, aligned to 16
  /// @param shared  of the grid, aligned to 16
  /// @param groups  rows of the block's products divided by 8
  template <class Shape>
  ARDENT_INLINE tiled_memory(Shape const& shape, int rows, int groups, float* shared, float* own) {
    const std::ptrdiff_t size = static_cast<std::ptrdiff_t>(rows) * shape.width();
    hidden = reinterpret_cast<activation*>(shared);
    normal = reinterpret_cast<activation*>(shared + hidden_floats(shape, rows));
    condition = shared + 2 * hidden_floats(shape, rows);
    h = condition + size;
    modulation = h + size;
    scratch = own;
    x = reinterpret_cast<activation*>(own + product_scratch(groups));
    resident = reinterpret_cast<lane_words*>(x + static_cast<std::ptrdiff_t>(rows) * row_size(shape));
  }

  template <class Shape>
  static std::size_t shared_floats(Shape const& shape, int rows, int steps) {
    return 2 * static_cast<std::size_t>(hidden_floats(shape, rows)) +
           static_cast<std::size_t>(rows) * static_cast<std::size_t>(2 * shape.width()) +
           static_cast<std::size_t>(steps) * static_cast<std::size_t>(rows) *
               static_cast<std::size_t>(shape.modulations());
  }
  /// Bytes of a block's activations and scratch.
  template <class Shape>
  static constexpr std::size_t block_bytes(Shape const& shape, int rows, int groups) {
    return product_scratch(groups) * sizeof(float) +
           static_cast<std::size_t>(rows) * static_cast<std::size_t>(row_size(shape)) * sizeof(activation);
  }

 private:
  template <class Shape>
  ARDENT_HD static constexpr int row_size(Shape const& shape) {
    return padded_inputs<Format>(shape.width());
  }
  template <class Shape>
  ARDENT_HD static constexpr std::ptrdiff_t hidden_floats(Shape const& shape, int rows) {
    return static_cast<std::ptrdiff_t>(rows) * padded_inputs<Format>(shape.width()) *
           static_cast<std::ptrdiff_t>(sizeof(activation)) / static_cast<std::ptrdiff_t>(sizeof(float));
  }
};

}  // namespace detail
}  // namespace v0
}  // namespace ardent
