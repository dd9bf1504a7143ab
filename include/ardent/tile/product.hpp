// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief Products of activations with tiled weights, by the warps of a block on tensor cores.

#include <ardent/group/group.hpp>
#include <ardent/tile/matrix.hpp>

#include <concepts>

namespace ardent {
inline namespace v0 {

/// @brief A block made of warps that multiply fragments. Beyond block_group:
///
/// - `lane()`, `warp()`, `warps()`: this thread in its warp, its warp in the block, whole warps of the block.
/// - `multiply<kind>(c, a, b)`: by all lanes of a warp, one multiplication of fragments (tile/fragment.hpp).
/// - `warp_sum(v)`: by all lanes of a warp, the sum of their v, added in halves; the same in every lane.
template <class B>
concept tile_block =
    block_group<B> && requires(B& b, float (&c)[4], std::uint32_t const (&a)[4], std::uint32_t const (&w)[2]) {
      { b.lane() } -> std::convertible_to<int>;
      { b.warp() } -> std::convertible_to<int>;
      { b.warps() } -> std::convertible_to<int>;
      b.template multiply<fragment_kind::bf16>(c, a, w);
      { b.warp_sum(1.0f) } -> std::same_as<float>;
    };

/// @brief Parts into which a product's inner dimension is cut. Each part is a chain of multiply-adds, and the parts are
/// added in order, whoever computed them: so the result depends on the inner dimension only.
inline constexpr int product_slices = 4;

/// @brief Floats of scratch that a block's products need.
/// @param groups  rows of a product divided by 8, rounded up
ARDENT_HD constexpr std::size_t product_scratch(int groups) {
  return static_cast<std::size_t>(product_slices) * static_cast<std::size_t>(groups < 2 ? 2 : groups) * 64;
}

/// @brief What is done with a product: `before(row, column)` reads what it needs besides, early, and
/// `then(row, column, y, what before gave)` uses both.
template <class Before, class Then>
struct product_use {
  Before before;  ///< reads only
  Then then;      ///< reads and writes
};

namespace detail {

struct nothing {};

template <class F>
ARDENT_INLINE auto read_before(F const& f, int row, int column) {
  if constexpr (requires { f.before(row, column); })
    return f.before(row, column);
  else
    return nothing{};
}
template <class F, class T>
ARDENT_INLINE void use_product(F const& f, int row, int column, float y, T const& read) {
  if constexpr (requires { f.then(row, column, y, read); })
    f.then(row, column, y, read);
  else
    f(row, column, y);
}

/// c [tile][4] = the products of one panel with all rows, over a slice of the chunks.
ARDENT_ANY_GROUP
template <int Groups, class Format, class Block>
ARDENT_INLINE void slice_product(Block& block, typename Format::activation const* x, int rows,
                                 typename Format::storage const* panel, int chunks, int slice,
                                 float (&c)[(Groups + 1) / 2][4]) {
  constexpr int tiles = (Groups + 1) / 2, step = activation_chunk<Format>;
  const int lane = block.lane();
  for (int i = 0; i < tiles; ++i)
    for (int j = 0; j < 4; ++j) c[i][j] = 0;
  const int last = chunks * (slice + 1) / product_slices;
  // a row that does not exist is read as the last one; what comes of it is not used
  int from[2 * tiles];
  for (int i = 0; i < 2 * tiles; ++i) {
    const int row = 8 * i + lane / 4;
    from[i] = (row < rows ? row : rows - 1) * step + lane % 4 * (step / 4);
  }
  // chunks on their way at once, as many as registers allow
  [[maybe_unused]] constexpr int at_once = Groups <= 2 ? 8 : Groups == 6 ? 3 / Format::loads : 4;
#if defined(__CUDA_ARCH__)
#  pragma unroll at_once
#endif
  for (int chunk = chunks * slice / product_slices; chunk < last; ++chunk) {
    const lane_words w =
        load_words(panel + (static_cast<std::ptrdiff_t>(chunk) * warp_size + lane) * (Format::chunk / 4));
    for (int i = 0; i < tiles; ++i) {
      lane_words low[Format::loads], high[Format::loads];
      for (int l = 0; l < Format::loads; ++l) {
        const int place = (chunk * Format::loads + l) * rows * step;
        low[l] = load_words(x + (place + from[2 * i]));
        if (2 * i + 1 < Groups) high[l] = load_words(x + (place + from[2 * i + 1]));
      }
      Format::multiply(block, c[i], low, high, w);
    }
  }
}

/// What makes an output of a sum.
struct output_scaling {
  float scale, bias;
};

template <class Format>
ARDENT_INLINE output_scaling scaling_of(tiled_matrix<Format> const& m, int column) {
  if constexpr (Format::scaled) return {m.scale[column], m.bias[column]};
  return {1, m.bias[column]};
}
template <class Format>
ARDENT_INLINE float finished(output_scaling const& a, float sum) {
  return Format::scaled ? sum * a.scale + a.bias : sum + a.bias;
}

/// f(row, column, y) for what a lane holds of a panel's products.
template <int Groups, class Format, class F>
ARDENT_INLINE void give_products(int lane, int rows, tiled_matrix<Format> const& m, int panel,
                                 float const (&c)[(Groups + 1) / 2][4], F const& f) {
  for (int j = 0; j < 2; ++j) {
    const int column = panel * tile_outputs + fragment::c_column(lane, j);
    if (column >= m.outputs) continue;
    const output_scaling a = scaling_of(m, column);
    for (int i = 0; i < (Groups + 1) / 2; ++i)
      for (int half = 0; half < 2; ++half) {
        const int row = 16 * i + fragment::c_row(lane, j + 2 * half);
        if (row < rows)
          use_product(f, row, column, finished<Format>(a, c[i][j + 2 * half]), read_before(f, row, column));
      }
  }
}

}  // namespace detail

/// @brief f(row, column, y) (or a product_use) once for each row and each column of the panels, by some thread, y =
/// bias + sum over k of x(row, k) * weight(column, k).
///
/// Every thread of the block calls it, with the same arguments. x must be visible to the block before. No
/// synchronisation after: sync before `scratch` or x is written.
///
/// @tparam Groups   rows / 8, rounded up, at most
/// @tparam Sliced   the warps share out the slices of each panel, for few panels; or each warp computes whole panels
/// @param block     this thread's block
/// @param x         activations in the order of activation_index for `rows` rows
/// @param rows      in [1, 8 Groups]
/// @param m         the weights' sizes, bias and scales
/// @param panels    which panels; every warp of the block must be given the same
/// @param place     place(panel): where the panel's weights are
/// @param scratch   product_scratch(Groups) floats of the block, if it is sliced
/// @param f         what the products are given to
ARDENT_ANY_GROUP
template <int Groups, bool Sliced, class Format, class Block, class Place, class F>
ARDENT_INLINE void tile_product(Block& block, typename Format::activation const* x, int rows,
                                tiled_matrix<Format> const& m, strided_range panels, Place const& place, float* scratch,
                                F const& f) {
  constexpr int tiles = (Groups + 1) / 2;
  const int lane = block.lane(), warp = block.warp(), warps = block.warps(), chunks = m.chunks();
  const int count = panels.first < panels.last ? (panels.last - panels.first + panels.step - 1) / panels.step : 0;
  if constexpr (!Sliced) {
    for (int i = warp; i < count; i += warps) {
      const int panel = panels.first + i * panels.step;
      auto const* const weights = place(panel);
      float sum[tiles][4], part[tiles][4];
      detail::slice_product<Groups, Format>(block, x, rows, weights, chunks, 0, sum);
#if defined(__CUDA_ARCH__)
#  pragma unroll 1
#endif
      for (int s = 1; s < product_slices; ++s) {
        detail::slice_product<Groups, Format>(block, x, rows, weights, chunks, s, part);
        for (int t = 0; t < tiles; ++t)
          for (int j = 0; j < 4; ++j) sum[t][j] += part[t][j];
      }
      detail::give_products<Groups>(lane, rows, m, panel, sum, f);
    }
  } else {
    // two panels at a time, for twice the warps, if scratch has room for the sums of these rows
    const int held = (rows + 7) / 8 * 8, per_round = 2 * held <= 8 * (Groups < 2 ? 2 : Groups) ? 2 : 1;
    for (int first = 0; first < count; first += per_round) {
      const int here = count - first < per_round ? count - first : per_round;
      // sums of this round: thread i has number i, i + threads ...; what else the first needs is read before the
      // product
      const int width = here * tile_outputs, all = rows * width;
      const auto column_of = [&](int i) ARDENT_INLINE_LAMBDA {
        const int c = i % width;
        return (panels.first + (first + c / tile_outputs) * panels.step) * tile_outputs + c % tile_outputs;
      };
      const auto is_there = [&](int i) ARDENT_INLINE_LAMBDA { return i < all && column_of(i) < m.outputs; };
      int i = block.rank();
      detail::output_scaling a{};
      decltype(detail::read_before(f, 0, 0)) read{};
      const auto read_for = [&](int number) ARDENT_INLINE_LAMBDA {
        a = detail::scaling_of(m, column_of(number));
        read = detail::read_before(f, number / width, column_of(number));
      };
      if (is_there(i)) read_for(i);
      if (first > 0) block.sync();  // the last round's sums are read
      for (int task = warp; task < here * product_slices; task += warps) {
        float part[tiles][4];
        const int panel = panels.first + (first + task / product_slices) * panels.step;
        detail::slice_product<Groups, Format>(block, x, rows, place(panel), chunks, task % product_slices, part);
        float* const to = scratch + task * held * tile_outputs;
        for (int t = 0; t < tiles; ++t)
          for (int j = 0; j < 4; ++j)
            if (16 * t + 8 * (j / 2) < held)
              to[(16 * t + fragment::c_row(lane, j)) * tile_outputs + fragment::c_column(lane, j)] = part[t][j];
      }
      block.sync();
      for (bool early = true; i < all; i += block.size(), early = false) {
        if (!is_there(i)) continue;
        if (!early) read_for(i);
        const int r = i / width, c = i % width;
        float const* const from =
            scratch + (c / tile_outputs * product_slices * held + r) * tile_outputs + c % tile_outputs;
        float sum = from[0];
        for (int s = 1; s < product_slices; ++s) sum += from[s * held * tile_outputs];
        detail::use_product(f, r, column_of(i), detail::finished<Format>(a, sum), read);
      }
    }
  }
}

}  // namespace v0
}  // namespace ardent
