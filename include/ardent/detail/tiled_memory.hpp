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
  using edge = typename edge_format<Format>::activation;
  /// In how many parts the first and last layers' inputs go through x, which is of a size for Format.
  static constexpr int phases = sizeof(edge) / sizeof(activation);

  // of the grid
  float* condition;    // [rows][W]
  float* h;            // [2][rows][W]: of even and of odd steps
  float* modulation;   // [1, 2 or all steps][rows][(3 D + 2) W]
  activation* hidden;  // [chunks of W][rows][chunk]
  edge* normal;        // the same: normalised rows, where blocks share that work; some of them in Format
  // of the block
  float* scratch;        // of products
  float* moments;        // [rows][2], of layer norms
  edge* x;               // [chunks][rows][chunk]: what a product reads, in either format
  lane_words* resident;  // weights

  /// @param own     of the block, aligned to 16
  /// @param shared  of the grid, aligned to 16
  /// @param groups  rows of the block's products divided by 8
  template <class Shape>
  ARDENT_INLINE tiled_memory(Shape const& shape, int rows, int groups, float* shared, float* own) {
    const std::ptrdiff_t size = static_cast<std::ptrdiff_t>(rows) * shape.width();
    hidden = reinterpret_cast<activation*>(shared);
    normal = reinterpret_cast<edge*>(shared + hidden_floats(shape, rows));
    condition = shared + hidden_floats(shape, rows) + normal_floats(shape, rows);
    h = condition + size;
    modulation = h + 2 * size;
    scratch = own;
    moments = own + product_scratch(groups);
    x = reinterpret_cast<edge*>(moments + moment_floats(groups));
    resident = reinterpret_cast<lane_words*>(reinterpret_cast<std::byte*>(x) +
                                             static_cast<std::ptrdiff_t>(rows) * row_bytes(shape));
  }

  /// x as the layers between read it.
  ARDENT_INLINE activation* in_format() const { return reinterpret_cast<activation*>(x); }

  template <class Shape>
  static std::size_t shared_floats(Shape const& shape, int rows, int steps) {
    return static_cast<std::size_t>(hidden_floats(shape, rows) + normal_floats(shape, rows)) +
           static_cast<std::size_t>(rows) * static_cast<std::size_t>(3 * shape.width()) +
           static_cast<std::size_t>(steps) * static_cast<std::size_t>(rows) *
               static_cast<std::size_t>(shape.modulations());
  }
  /// Bytes of a block's activations and scratch.
  template <class Shape>
  static constexpr std::size_t block_bytes(Shape const& shape, int rows, int groups) {
    return (product_scratch(groups) + moment_floats(groups)) * sizeof(float) +
           static_cast<std::size_t>(rows) * static_cast<std::size_t>(row_bytes(shape));
  }

 private:
  ARDENT_HD static constexpr std::size_t moment_floats(int groups) { return 16 * static_cast<std::size_t>(groups); }
  /// Bytes of x for a row: a layer's input in Format, or a part of the first or last layer's.
  template <class Shape>
  ARDENT_HD static constexpr int row_bytes(Shape const& shape) {
    const int of_width = padded_inputs<Format>(shape.width()) * static_cast<int>(sizeof(activation));
    const int of_edge = part_bytes(shape.width()), of_condition = part_bytes(shape.condition_width());
    const int of_token = padded_inputs<edge_format<Format>>(shape.channels()) * static_cast<int>(sizeof(edge));
    int most = of_width < of_edge ? of_edge : of_width;
    most = most < of_condition ? of_condition : most;
    return most < of_token ? of_token : most;
  }
  ARDENT_HD static constexpr int part_bytes(int inputs) {
    return 64 * phase_chunks<phases>(padded_inputs<edge_format<Format>>(inputs) / edge_format<Format>::chunk);
  }
  template <class Shape>
  ARDENT_HD static constexpr std::ptrdiff_t normal_floats(Shape const& shape, int rows) {
    return static_cast<std::ptrdiff_t>(rows) * padded_inputs<Format>(shape.width());
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
