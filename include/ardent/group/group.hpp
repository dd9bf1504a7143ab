// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief The groups a kernel body is written against: a block of threads, and a grid of blocks that share a tile.
///
/// A body is one template; it runs on the host as a block of one with vectorised loops (host_fast.hpp), in tests on
/// real threads with barriers (host_checked.hpp), and on a GPU. It must use a block only through the members below.

#include <ardent/config.hpp>
#include <ardent/detail/narrow.hpp>
#include <ardent/packed_matrix.hpp>
#include <ardent/tile/fragment.hpp>

#include <concepts>
#include <cstddef>

namespace ardent {
inline namespace v0 {

/// @brief first, first + step, ... below last.
struct strided_range {
  int first = 0;  ///< first index
  int last = 0;   ///< end, excluded
  int step = 1;   ///< at least 1
};

/// @brief A block of cooperating threads. All members but rank() and size() are collective: every thread of the block
/// calls them, in the same order.
///
/// - `rank()`, `size()`: this thread among the block's.
/// - `sync()`: what any thread of the block wrote before is visible to all of it after.
/// - `elements(rows, columns, f)`: f(row, column) once for each pair, by some thread. No synchronisation.
/// - `row_sums(rows, columns, f, finish)`: finish(row, sum over columns [0, columns) of f(row, column)) once for each
///   row, by some thread. Synchronises before returning; the order of the sum depends on `columns` only.
/// - `narrow(x, stride, rows, inputs, to)`: writes those rows of x, row r at x + r * stride, as the same block's
/// products
///   with weights of a narrow storage read them. No synchronisation. bfloat16: rounded; int8_weight: whole multiples of
///   a scale of the row, largest magnitude / 127.
/// - `product(x, rows, matrix, panels, f)`: f(row, column, y) once for each row and each column of the panels, by some
///   thread, y = bias + sum over k of x(row, k) * matrix(k, column). No synchronisation. The sum's order depends on the
///   inner dimension only (numerics::invariant).
template <class B>
concept block_group =
    requires(B& b, strided_range r, float* out, packed_matrix<float> const& m, product_rows<bfloat16> const& narrow) {
      { b.rank() } -> std::convertible_to<int>;
      { b.size() } -> std::convertible_to<int>;
      b.sync();
      b.elements(r, r, [](int, int) {});
      b.row_sums(r, 1, [](int, int) { return 0.0f; }, [](int, float) {});
      b.narrow(static_cast<float const*>(out), 1, r, 1, narrow);
      b.product(product_rows<float>{out, 1}, r, m, r, [](int, int, float) {});
    };

/// @brief The blocks that work on one tile. `sync(block)` also synchronises the block.
///
/// - `rank()`, `size()`: this block among the grid's.
template <class G, class B>
concept grid_group = requires(G& g, B& b) {
  { g.rank() } -> std::convertible_to<int>;
  { g.size() } -> std::convertible_to<int>;
  g.sync(b);
};

namespace detail {

ARDENT_INLINE int size_of(strided_range r) { return r.first < r.last ? (r.last - r.first + r.step - 1) / r.step : 0; }

/// block_group's elements for thread `rank` of `size`: neighbours go to neighbours.
ARDENT_ANY_GROUP
template <class F>
ARDENT_INLINE void spread_elements(int rank, int size, strided_range rows, strided_range columns, F const& f) {
  const int width = size_of(columns), all = size_of(rows) * width;
  for (int i = rank; i < all; i += size) {
    const int r = i / width;
    f(rows.first + r * rows.step, columns.first + (i - r * width) * columns.step);
  }
}

/// block_group's row_sums for a block of warps: a warp a row.
ARDENT_ANY_GROUP
template <class Block, class F, class Finish>
ARDENT_INLINE void row_sums_by_warps(Block& block, strided_range rows, int columns, F const& f, Finish const& finish) {
  for (int r = rows.first + block.warp() * rows.step; r < rows.last; r += block.warps() * rows.step) {
    float sum = 0;
    for (int c = block.lane(); c < columns; c += warp_size) sum += f(r, c);
    sum = block.warp_sum(sum);
    if (block.lane() == 0) finish(r, sum);
  }
  block.sync();
}

/// block_group's narrow for thread `rank` of `size`: a row a thread.
ARDENT_ANY_GROUP
template <class Storage>
ARDENT_INLINE void spread_narrow(int rank, int size, float const* x, int stride, strided_range rows, int inputs,
                                 product_rows<Storage> const& to) {
  for (int r = rows.first + rank * rows.step; r < rows.last; r += size * rows.step)
    narrow_row<Storage>(x + static_cast<std::ptrdiff_t>(r) * stride, inputs,
                        to.data + static_cast<std::ptrdiff_t>(r) * to.stride);
}

/// block_group's product for thread `rank` of `size`: an output a thread, without vectors.
ARDENT_ANY_GROUP
template <class Storage, class F>
ARDENT_INLINE void spread_product(int rank, int size, product_rows<Storage> const& x, strided_range rows,
                                  packed_matrix<Storage> const& matrix, strided_range panels, F const& f) {
  const strided_range columns{0, size_of(panels) * panel_width, 1};
  spread_elements(rank, size, rows, columns, [&](int r, int i) ARDENT_INLINE_LAMBDA {
    const int c = (panels.first + i / panel_width * panels.step) * panel_width + i % panel_width;
    if (c < matrix.outputs) f(r, c, single_product(x, r, matrix, c));
  });
}

/// What a block of threads makes of its rank() and size().
template <class Block>
struct spread_by_threads {
  /// See block_group.
  ARDENT_ANY_GROUP
  template <class F>
  ARDENT_INLINE void elements(strided_range rows, strided_range columns, F f) const {
    spread_elements(self().rank(), self().size(), rows, columns, f);
  }
  /// See block_group. Of a block of whole warps: a warp a row.
  ARDENT_ANY_GROUP
  template <class F, class Finish>
  ARDENT_INLINE void row_sums(strided_range rows, int columns, F f, Finish finish) {
    row_sums_by_warps(static_cast<Block&>(*this), rows, columns, f, finish);
  }
  /// See block_group. A row a thread: for weights that are not in tiles.
  ARDENT_ANY_GROUP
  template <class Storage>
  ARDENT_INLINE void narrow(float const* x, int stride, strided_range rows, int inputs,
                            product_rows<Storage> const& to) const {
    spread_narrow(self().rank(), self().size(), x, stride, rows, inputs, to);
  }
  /// See block_group. An output a thread: for weights that are not in tiles.
  ARDENT_ANY_GROUP
  template <class Storage, class F>
  ARDENT_INLINE void product(product_rows<Storage> const& x, strided_range rows, packed_matrix<Storage> const& matrix,
                             strided_range panels, F f) const {
    spread_product(self().rank(), self().size(), x, rows, matrix, panels, f);
  }

 private:
  ARDENT_INLINE Block const& self() const { return static_cast<Block const&>(*this); }
};

}  // namespace detail

/// @brief The grid of a block that has its tile to itself.
struct solo_grid {
  ARDENT_INLINE int rank() const { return 0; }  ///< 0
  ARDENT_INLINE int size() const { return 1; }  ///< 1
  /// @brief The block's sync.
  ARDENT_ANY_GROUP
  template <class Block>
  ARDENT_INLINE void sync(Block& block) {
    block.sync();
  }
};

/// @brief The consecutive part of [0, count) that is a grid rank's: parts differ by at most one, longer ones first.
ARDENT_INLINE strided_range share_of(int count, int rank, int size) {
  const int least = count / size, longer = count % size;
  const int first = rank * least + (rank < longer ? rank : longer);
  return {first, first + least + (rank < longer ? 1 : 0), 1};
}

}  // namespace v0
}  // namespace ardent
