// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief The stages of an AdaLN head's evaluation, for denoiser::adaln_mlp and heads of one's own that are made of the
/// same layers.

#include <ardent/config.hpp>
#include <ardent/denoiser/adaln_layout.hpp>
#include <ardent/detail/float_math.hpp>
#include <ardent/group/group.hpp>
#include <ardent/packed_matrix.hpp>

#include <cstddef>
#include <type_traits>

namespace ardent {
inline namespace v0 {

/// @brief Where the activations of an AdaLN head are in the memory that the grid shares.
/// @tparam Storage  float, bfloat16 or int8_weight: how weights are kept, and what their inputs are narrowed to
template <class Storage>
struct adaln_activations {
  float* condition;                ///< [rows][W]: the embedded condition
  float* h;                        ///< [rows][W]: what blocks add to
  float* normal;                   ///< [rows][W]: what adaln_normalise writes
  float* hidden;                   ///< [rows][W]: between a block's two layers
  float* y;                        ///< [steps at once][rows][W]: what adaln_activate writes
  float* modulation;               ///< [steps at once][rows][(3 D + 2) W]: shift, scale and gate of each block
  int stride;                      ///< floats from row to row, of all but modulation
  int modulation_stride;           ///< floats from row to row of modulation
  product_rows<Storage> narrow;    ///< of normal or hidden; unused with float weights
  product_rows<Storage> narrow_y;  ///< of y; likewise

  /// @brief Floats of a row in memory: an odd number of 64 bytes. A product reads some column of many rows; at a
  /// distance of 4 KiB, as of 1024 floats, they would all want the same few lines of a first-level cache.
  ARDENT_HD static constexpr int padded(int width) { return ((width + 15) / 16 | 1) * 16; }
  /// @brief Floats of a narrowed row; 0 with float weights.
  ARDENT_HD static constexpr int narrow_floats(int width) {
    return narrowed_bytes<Storage>(width) / static_cast<int>(sizeof(float));
  }

  /// @brief Shares out the memory.
  /// @param shape    an adaln_shape
  /// @param rows     network rows of the tile
  /// @param at_once  denoising steps whose modulations are computed at once
  /// @param shared   adaln_mlp::shared_floats(rows, at_once) floats
  template <class Shape>
  ARDENT_INLINE adaln_activations(Shape const& shape, int rows, int at_once, float* shared)
      : stride(padded(shape.width())), modulation_stride(padded(shape.modulations())) {
    const int width = shape.width();
    float* place = shared;
    const auto take = [&](int count, int floats) ARDENT_INLINE_LAMBDA {
      float* const start = place;
      place += static_cast<std::ptrdiff_t>(count) * floats;
      return start;
    };
    condition = take(rows, stride);
    h = take(rows, stride);
    normal = take(rows, stride);
    hidden = take(rows, stride);
    if constexpr (!std::is_same_v<Storage, float>)
      narrow = {reinterpret_cast<std::byte*>(take(rows, narrow_floats(width))), narrowed_bytes<Storage>(width)};
    y = take(rows * at_once, stride);
    if constexpr (!std::is_same_v<Storage, float>)
      narrow_y = {reinterpret_cast<std::byte*>(take(rows * at_once, narrow_floats(width))),
                  narrowed_bytes<Storage>(width)};
    modulation = take(rows * at_once, modulation_stride);
  }

  /// @brief What a product reads: normal or hidden themselves, or the narrow rows that were made of them.
  ARDENT_INLINE product_rows<Storage> input(float const* from) const {
    if constexpr (std::is_same_v<Storage, float>)
      return {from, stride};
    else
      return narrow;
  }
  /// @brief As input, of y.
  ARDENT_INLINE product_rows<Storage> input_y() const {
    if constexpr (std::is_same_v<Storage, float>)
      return {y, stride};
    else
      return narrow_y;
  }
};

/// @brief y = SiLU(sum(i, c)) of rows i in [0, count), narrowed for the layer of the modulations; then all of it is
/// there.
/// @param block  the threads
/// @param grid   the blocks that share the rows and the weights
/// @param a      the activations; y is written
/// @param count  rows: network rows, times the steps that are computed at once
/// @param width  W
/// @param sum    the embedded time and condition of row i, added
ARDENT_ANY_GROUP
template <class Block, class Grid, class Storage, class Sum>
ARDENT_INLINE void adaln_activate(Block& block, Grid& grid, adaln_activations<Storage> const& a, int count, int width,
                                  Sum const& sum) {
  float* const y = a.y;
  const std::ptrdiff_t stride = a.stride;
  const strided_range mine{grid.rank(), count, grid.size()};
  block.elements(mine, {0, width, 1},
                 [=](int i, int c) ARDENT_INLINE_LAMBDA { y[i * stride + c] = detail::silu(sum(i, c)); });
  if constexpr (!std::is_same_v<Storage, float>) {
    block.sync();
    block.narrow(y, a.stride, mine, width, a.narrow_y);
  }
  grid.sync(block);
}

/// @brief normal = LN(h) (1 + scale) + shift, narrowed for the layer that reads it, of this block's share of the rows.
/// LN has eps = 1e-6. The last layer (d = depth) has no affine part and float weights.
/// @param block       the threads
/// @param grid        the blocks that share the rows and the weights
/// @param layout      the head's weights
/// @param a           the activations; h is read, normal written
/// @param rows        rows from the first on
/// @param d           which block of the network, in [0, depth]
/// @param modulation  of the first row, at this step
/// @param own         2 rows floats of the group's own memory
ARDENT_ANY_GROUP
template <class Block, class Grid, class Storage, class Shape>
ARDENT_INLINE void adaln_normalise(Block& block, Grid& grid, adaln_layout<Storage, Shape> const& layout,
                                   adaln_activations<Storage> const& a, int rows, int d, float const* modulation,
                                   float* own) {
  const int width = layout.shape.width();
  const std::ptrdiff_t stride = a.stride, of_modulation = a.modulation_stride;
  const bool affine = d < layout.shape.depth();
  const strided_range mine{grid.rank(), rows, grid.size()};
  const float inverse = 1.0f / static_cast<float>(width);
  float const* const h = a.h;
  float* const mean = own;
  float* const factor = own + rows;
  block.row_sums(
      mine, width, [=](int r, int c) ARDENT_INLINE_LAMBDA { return h[r * stride + c]; },
      [=](int r, float sum) ARDENT_INLINE_LAMBDA { mean[r] = sum * inverse; });
  block.row_sums(
      mine, width,
      [=](int r, int c) ARDENT_INLINE_LAMBDA {
        const float centred = h[r * stride + c] - mean[r];
        return centred * centred;
      },
      [=](int r, float sum) ARDENT_INLINE_LAMBDA { factor[r] = detail::reciprocal_sqrt(sum * inverse + 1e-6f); });
  float* const normal = a.normal;
  float const* const shift = modulation + 3 * d * width;
  float const* const scale = shift + width;
  float const* const weight = affine ? layout.norm_weight(d) : nullptr;
  float const* const bias = affine ? layout.norm_bias(d) : nullptr;
  block.elements(mine, {0, width, 1}, [=](int r, int c) ARDENT_INLINE_LAMBDA {
    float v = (h[r * stride + c] - mean[r]) * factor[r];
    if (affine) v = v * weight[c] + bias[c];
    normal[r * stride + c] = v * (1.0f + scale[r * of_modulation + c]) + shift[r * of_modulation + c];
  });
  if constexpr (!std::is_same_v<Storage, float>)
    if (affine) {
      block.sync();
      block.narrow(normal, a.stride, mine, width, a.narrow);
    }
}

/// @brief Waits until all of normal is there; then add(r, c, v) of v = Linear(SiLU(Linear(normal))) in block d of the
/// network; then all of it was added.
/// @param block   the threads
/// @param grid    the blocks that share the rows and the weights
/// @param layout  the head's weights
/// @param a       the activations; normal is read, hidden written
/// @param rows    rows from the first on
/// @param d       which block, in [0, depth)
/// @param add     called once for each row and channel, by whichever thread has it
ARDENT_ANY_GROUP
template <class Block, class Grid, class Storage, class Shape, class Add>
ARDENT_INLINE void adaln_residual(Block& block, Grid& grid, adaln_layout<Storage, Shape> const& layout,
                                  adaln_activations<Storage> const& a, int rows, int d, Add const& add) {
  const std::ptrdiff_t stride = a.stride;
  const strided_range all_rows{0, rows, 1};
  const strided_range panels = share_of(layout.mlp_in(d).panels(), grid.rank(), grid.size());
  grid.sync(block);
  float* const hidden = a.hidden;
  block.product(a.input(a.normal), all_rows, layout.mlp_in(d), panels,
                [=](int r, int c, float v) ARDENT_INLINE_LAMBDA { hidden[r * stride + c] = detail::silu(v); });
  grid.sync(block);
  if constexpr (!std::is_same_v<Storage, float>) {
    block.narrow(hidden, a.stride, {grid.rank(), rows, grid.size()}, layout.shape.width(), a.narrow);
    grid.sync(block);
  }
  block.product(a.input(hidden), all_rows, layout.mlp_out(d), panels, add);
  grid.sync(block);
}

}  // namespace v0
}  // namespace ardent
