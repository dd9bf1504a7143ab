// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a head evaluated by a library's matrix products does between them: kernel bodies, each for a share of the rows.

#include <ardent/detail/tiled_norm.hpp>
#include <ardent/group/group.hpp>

#include <cstddef>

namespace ardent {
inline namespace v0 {
namespace detail {

/// f(r, c) gives four neighbours and store(r, c, v) stores them, for `rows` and all columns of a width that is a
/// multiple of 4. A thread reads several quads before it stores the first, so that they are on their way together.
ARDENT_ANY_GROUP
template <int AtOnce, class Block, class F, class Store>
ARDENT_INLINE void dense_quads(Block& block, strided_range rows, int width, F const& f, Store const& store) {
  const int quads = width / 4, all = size_of(rows) * quads;
  for (int first = block.rank(); first < all; first += AtOnce * block.size()) {
    decltype(f(0, 0)) v[AtOnce];
    for (int j = 0; j < AtOnce; ++j) {
      const int i = first + j * block.size();
      if (i < all) v[j] = f(rows.first + i / quads * rows.step, i % quads * 4);
    }
    for (int j = 0; j < AtOnce; ++j) {
      const int i = first + j * block.size();
      if (i < all) store(rows.first + i / quads * rows.step, i % quads * 4, v[j]);
    }
  }
}

/// to [rows][width] = from.
struct dense_copy {
  float const* from;  // [rows][width]
  int width;
  float* to;

  ARDENT_ANY_GROUP
  template <class Block>
  ARDENT_INLINE void operator()(Block& block, strided_range rows) const {
    const dense_copy& a = *this;
    block.elements(rows, {0, width, 1}, [&a](int r, int c) ARDENT_INLINE_LAMBDA {
      const std::ptrdiff_t i = static_cast<std::ptrdiff_t>(r) * a.width + c;
      a.to[i] = a.from[i];
    });
  }
};

/// y = SiLU(time + condition), and h of the second branch, which begins as the first's.
template <class Storage>
struct dense_embed {
  float const* times;      // [times][width]
  int const* time_index;   // of this evaluation
  float const* condition;  // [rows][width]
  int width, tokens;
  Storage* y;  // [rows][width]
  float* h;    // [rows][width]

  ARDENT_ANY_GROUP
  template <class Block>
  ARDENT_INLINE void operator()(Block& block, strided_range rows) const {
    struct embedded {
      four_floats y, h;
    };
    const dense_embed& a = *this;
    float const* const time = times + static_cast<std::ptrdiff_t>(*time_index) * width;
    dense_quads<2>(
        block, rows, width,
        [&a, time](int r, int c) ARDENT_INLINE_LAMBDA {
          const four_floats of_time = load_floats(time + c);
          embedded v{load_floats(a.condition + (static_cast<std::ptrdiff_t>(r) * a.width + c)), {}};
          if (r >= a.tokens) v.h = load_floats(a.h + (static_cast<std::ptrdiff_t>(r - a.tokens) * a.width + c));
          for (int j = 0; j < 4; ++j) v.y.value[j] = silu(of_time.value[j] + v.y.value[j]);
          return v;
        },
        [&a](int r, int c, embedded const& v) ARDENT_INLINE_LAMBDA {
          const std::ptrdiff_t i = static_cast<std::ptrdiff_t>(r) * a.width + c;
          store_activations(v.y.value, a.y + i);
          if (r >= a.tokens) store_activations(v.h.value, a.h + i);
        });
  }
};

/// A row's h + gate * update.
template <class Number>
struct gated_update {
  static constexpr bool stores = true;
  Number const *update, *gate;
  float* h;
  ARDENT_INLINE four_floats operator()(int c, four_floats v) const {
    const four_floats u = load_numbers(update + c), g = load_numbers(gate + c);
    for (int i = 0; i < 4; ++i) v.value[i] = multiply_add(g.value[i], u.value[i], v.value[i]);
    return v;
  }
  ARDENT_INLINE void store(int c, four_floats const& v) const { store_activations(v.value, h + c); }
};

/// h += gate * update if there is one; then to = LN(h) (1 + scale) + shift, a warp a row.
/// @tparam Number   of what products gave
/// @tparam Storage  of the result
template <class Number, class Storage>
struct dense_normalise {
  float* h;                  // [rows][width]
  Number const* update;      // [rows][width]; null before the first block
  Number const* gate;        // [rows][gate_stride] of the block before
  Number const* modulation;  // [rows][stride]: shift, scale
  float const* norm;         // weight [width], bias [width]; null in the last layer
  int width, stride, gate_stride;
  Storage* to;  // [rows][width]

  ARDENT_ANY_GROUP
  template <class Block>
  ARDENT_INLINE void operator()(Block& block, strided_range rows) const {
    constexpr int columns = 4 * warp_size;
    for (int r = rows.first + block.warp() * rows.step; r < rows.last; r += block.warps() * rows.step) {
      const norm_row row(r, width, h, modulation, stride, 0, norm);
      const std::ptrdiff_t at = static_cast<std::ptrdiff_t>(r) * width;
      normal_row<8> normal;
      if (update != nullptr)
        normalise_row(block, row, normal,
                      gated_update<Number>{update + at, gate + static_cast<std::ptrdiff_t>(r) * gate_stride, h + at});
      else
        normalise_row(block, row, normal);
      int c = 4 * block.lane();
      for (int q = 0; q < normal.kept_quads; ++q, c += columns)
        if (c < width) store_activations(normal.kept[q].value, to + (at + c));
      for (; c < width; c += columns) store_activations(normal.quad(row, c).value, to + (at + c));
    }
  }
};

/// to [rows][width] = SiLU(from), rounded.
template <class Number, class Storage>
struct dense_silu {
  Number const* from;
  int width;
  Storage* to;

  ARDENT_ANY_GROUP
  template <class Block>
  ARDENT_INLINE void operator()(Block& block, strided_range rows) const {
    const dense_silu& a = *this;
    dense_quads<4>(
        block, rows, width,
        [&a](int r, int c) ARDENT_INLINE_LAMBDA {
          four_floats v = load_numbers(a.from + (static_cast<std::ptrdiff_t>(r) * a.width + c));
          for (int j = 0; j < 4; ++j) v.value[j] = silu(v.value[j]);
          return v;
        },
        [&a](int r, int c, four_floats const& v) ARDENT_INLINE_LAMBDA {
          store_activations(v.value, a.to + (static_cast<std::ptrdiff_t>(r) * a.width + c));
        });
  }
};

}  // namespace detail
}  // namespace v0
}  // namespace ardent
