// SPDX-License-Identifier: Apache-2.0
#pragma once

// Layer norms and the last layer of a tiled head, a row a warp.

#include <ardent/dense_matrix.hpp>
#include <ardent/detail/tiled_activations.hpp>

#include <cstddef>

namespace ardent {
inline namespace v0 {
namespace detail {

/// a b + c in one rounding on a GPU, wherever the compiler finds it: warps of different kernels agree.
ARDENT_INLINE float multiply_add(float a, float b, float c) {
#if defined(__CUDA_ARCH__)
  return __fmaf_rn(a, b, c);
#else
  return a * b + c;
#endif
}

/// Where a row's layer norm reads.
/// @tparam Number  of the modulations
template <class Number>
struct norm_row {
  float const* h;               // [width]
  Number const *shift, *scale;  // [width]
  float const* weight;          // norm weight [width], then bias [width]; null in the last layer
  int width;

  /// Row r with the modulations of block d.
  ARDENT_INLINE norm_row(int r, int columns, float const* h_rows, Number const* modulation, int stride, int d,
                         float const* norm)
      : h(h_rows + static_cast<std::ptrdiff_t>(r) * columns),
        shift(modulation + static_cast<std::ptrdiff_t>(r) * stride + 3 * d * columns),
        scale(shift + columns),
        weight(norm),
        width(columns) {}
};

/// Quads of a row that a lane keeps in registers if little else is in them: 1280 columns.
inline constexpr int most_kept_quads = 10;

/// Of these, those whose modulations are read before the moments are known; registers are few.
inline constexpr int early_quads = 2;

/// A row's normalised and modulated numbers, (h - mean) factor weight + bias, times 1 + scale, plus shift.
/// @tparam Kept  quads of a row that a lane keeps in registers
template <int Kept = most_kept_quads>
struct normal_row {
  static constexpr int kept_quads = Kept;
  four_floats kept[kept_quads];  // of the first columns: quad q of this lane begins at 4 lane + 128 q
  float mean, factor;

  /// Four neighbours anywhere.
  template <class Number>
  ARDENT_INLINE four_floats quad(norm_row<Number> const& row, int c) const {
    return modulated(row, c, load_floats(row.h + c), load_numbers(row.scale + c), load_numbers(row.shift + c));
  }
  template <class Number>
  ARDENT_INLINE four_floats modulated(norm_row<Number> const& row, int c, four_floats v, four_floats const& up,
                                      four_floats const& by) const {
    for (int i = 0; i < 4; ++i) v.value[i] = (v.value[i] - mean) * factor;
    if (row.weight != nullptr) {
      const four_floats w = load_constants(row.weight + c), b = load_constants(row.weight + row.width + c);
      for (int i = 0; i < 4; ++i) v.value[i] = multiply_add(v.value[i], w.value[i], b.value[i]);
    }
    for (int i = 0; i < 4; ++i) v.value[i] = multiply_add(v.value[i], 1.0f + up.value[i], by.value[i]);
    return v;
  }
};

/// h as it is.
struct unrevised {
  static constexpr bool stores = false;
  ARDENT_INLINE four_floats operator()(int, four_floats const& v) const { return v; }
  ARDENT_INLINE void store(int, four_floats const&) const {}
};

/// By a warp. All that is read of the first columns is on its way before any of it is used or stored.
/// @param revise  revise(c, v): what becomes of four numbers of h before; revise.store(c, v) puts it back
ARDENT_ANY_GROUP
template <class Block, class Number, int kept_quads, class Revise = unrevised>
ARDENT_INLINE void normalise_row(Block& block, norm_row<Number> const& row, normal_row<kept_quads>& to,
                                 Revise const& revise = {}) {
  constexpr int step = 4 * warp_size;
  const int start = 4 * block.lane(), width = row.width;
  four_floats up[early_quads], by[early_quads];
  for (int q = 0; q < kept_quads; ++q) {
    const int c = start + q * step;
    const bool there = c < width;
    to.kept[q] = there ? revise(c, load_floats(row.h + c)) : four_floats{};
    if (q < early_quads) {
      up[q] = there ? load_numbers(row.scale + c) : four_floats{};
      by[q] = there ? load_numbers(row.shift + c) : four_floats{};
    }
  }
  if constexpr (Revise::stores) {
    for (int q = 0; q < kept_quads; ++q)
      if (start + q * step < width) revise.store(start + q * step, to.kept[q]);
    for (int c = start + kept_quads * step; c < width; c += step) revise.store(c, revise(c, load_floats(row.h + c)));
  }
  const auto each = [&](auto const& f) ARDENT_INLINE_LAMBDA {
    for (int q = 0; q < kept_quads; ++q)
      if (start + q * step < width) f(to.kept[q]);
    for (int c = start + kept_quads * step; c < width; c += step) f(load_floats(row.h + c));
  };
  const float inverse = quotient(1.0f, static_cast<float>(width));
  float sum = 0;
  each([&](four_floats const& v)
           ARDENT_INLINE_LAMBDA { sum += (v.value[0] + v.value[1]) + (v.value[2] + v.value[3]); });
  const float mean = block.warp_sum(sum) * inverse;
  float squares = 0;
  each([&](four_floats const& v) ARDENT_INLINE_LAMBDA {
    for (int i = 0; i < 4; ++i) squares = multiply_add(v.value[i] - mean, v.value[i] - mean, squares);
  });
  to.mean = mean;
  to.factor = reciprocal_sqrt(block.warp_sum(squares) * inverse + 1e-6f);
  for (int q = 0; q < kept_quads; ++q) {
    const int c = start + q * step;
    if (c >= width) continue;
    if (q < early_quads)
      to.kept[q] = to.modulated(row, c, to.kept[q], up[q], by[q]);
    else
      to.kept[q] = to.modulated(row, c, to.kept[q], load_numbers(row.scale + c), load_numbers(row.shift + c));
  }
}

/// to = LN(h) (1 + scale) + shift with the modulations of block d, for rows first, first + step ..., by one warp,
/// padded with zeros. No synchronisation.
/// @tparam Kept       quads of a row that a lane keeps in registers
/// @param h           [rows][width]
/// @param modulation  [rows][stride]
/// @param weight      norm weight [width], then bias [width]
ARDENT_ANY_GROUP
template <class Format, int Kept, class Block>
ARDENT_INLINE void normalise(Block& block, int first, int step, int rows, int width, float const* h,
                             float const* modulation, int stride, int d, float const* weight,
                             typename Format::activation* to) {
  constexpr int columns = 4 * warp_size;
  for (int r = first; r < rows; r += step) {
    const norm_row row(r, width, h, modulation, stride, d, weight);
    normal_row<Kept> normal;
    normalise_row(block, row, normal);
    int c = 4 * block.lane();
    for (int q = 0; q < normal.kept_quads; ++q, c += columns)
      if (c < padded_inputs<Format>(width))
        store_activations(normal.kept[q].value, to + activation_index<Format>(r, c, rows));
    for (; c < padded_inputs<Format>(width); c += columns) {
      const four_floats v = c < width ? normal.quad(row, c) : four_floats{};
      store_activations(v.value, to + activation_index<Format>(r, c, rows));
    }
  }
}

/// f(output, y) in one lane, y = bias + weights times a normalised row, for outputs first, first + step ..., by a warp.
ARDENT_ANY_GROUP
template <class Block, class Number, int Kept, class F>
ARDENT_INLINE void normal_products(Block& block, norm_row<Number> const& row, normal_row<Kept> const& normal,
                                   dense_matrix<float> const& m, int first, int step, F const& f) {
  const int start = 4 * block.lane();
  for (int o = first; o < m.outputs; o += step) {
    float const* const weights = m.weight + static_cast<std::ptrdiff_t>(o) * m.inputs;
    float sum = 0;
    const auto add = [&](int c, four_floats const& v) ARDENT_INLINE_LAMBDA {
      const four_floats w = load_constants(weights + c);
      for (int i = 0; i < 4; ++i) sum = multiply_add(v.value[i], w.value[i], sum);
    };
    int c = start;
    for (int q = 0; q < normal.kept_quads; ++q, c += 4 * warp_size)
      if (c < row.width) add(c, normal.kept[q]);
    for (; c < row.width; c += 4 * warp_size) add(c, normal.quad(row, c));
    sum = block.warp_sum(sum);
    if (block.lane() == 0) f(o, sum + m.bias[o]);
  }
}

}  // namespace detail
}  // namespace v0
}  // namespace ardent
