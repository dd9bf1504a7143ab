// SPDX-License-Identifier: Apache-2.0
#pragma once

// The vector loops behind host_block. A body is written once, always inlined, and instantiated inside wrappers that
// carry the instruction-set attribute: no compiler flag, no per-ISA translation unit, one binary for any CPU.

#include <ardent/group/group.hpp>

namespace ardent {
inline namespace v0 {

/// @brief An instruction-set level of the host.
enum class simd_level {
  baseline,  ///< what the compiler was told to assume
  avx2,      ///< x86-64-v3: AVX2 and FMA
  avx512,    ///< x86-64-v4: AVX-512 F, BW, DQ, VL
};

namespace detail {

#if defined(__x86_64__)
#  define ARDENT_TARGET_avx2 [[gnu::target("avx2,fma")]]
#  define ARDENT_TARGET_avx512 [[gnu::target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl")]]
#else
#  define ARDENT_TARGET_avx2
#  define ARDENT_TARGET_avx512
#endif

/// `Lanes` floats in the compiler's vector extension (g++ and clang).
template <int Lanes>
struct vector_of {
  using floats [[gnu::vector_size(Lanes * 4)]] = float;
  using words [[gnu::vector_size(Lanes * 4)]] = std::uint32_t;
  using halves [[gnu::vector_size(Lanes * 2)]] = std::uint16_t;
};

template <int Lanes>
ARDENT_HOST_INLINE void load_panel(float const* from, typename vector_of<Lanes>::floats& to) {
  __builtin_memcpy(&to, from, sizeof to);
}
template <int Lanes>
ARDENT_HOST_INLINE void load_panel(bfloat16 const* from, typename vector_of<Lanes>::floats& to) {
  typename vector_of<Lanes>::halves narrow;
  __builtin_memcpy(&narrow, from, sizeof narrow);
  const auto wide = __builtin_convertvector(narrow, typename vector_of<Lanes>::words) << 16;
  __builtin_memcpy(&to, &wide, sizeof to);
}

// the sums must stay in registers at -O2 too, where g++ does not unroll loops of known length by itself
#if defined(__clang__) || defined(__CUDACC__)
#  define ARDENT_UNROLL
#else
#  define ARDENT_UNROLL _Pragma("GCC unroll 16")
#endif

/// Rows x 16 outputs: one accumulator chain an output, over k in order, whatever the number of rows.
template <int Lanes, int Rows, class Storage>
ARDENT_HOST_INLINE void panel_product(float const* const* x, int inputs, Storage const* panel,
                                      float (*y)[panel_width]) {
  constexpr int vectors = panel_width / Lanes;
  using floats = typename vector_of<Lanes>::floats;
  floats sum[Rows][vectors] = {};
  for (int k = 0; k < inputs; ++k) {
    floats w[vectors];
    ARDENT_UNROLL for (int v = 0; v < vectors; ++v) load_panel<Lanes>(panel + k * panel_width + v * Lanes, w[v]);
    ARDENT_UNROLL for (int r = 0; r < Rows; ++r) {
      ARDENT_UNROLL for (int v = 0; v < vectors; ++v) sum[r][v] += w[v] * x[r][k];
    }
  }
  __builtin_memcpy(y, sum, sizeof sum);
}

/// Chooses the number of rows of a register tile at run time, up to `Rows`.
template <int Lanes, int Rows, class Storage>
ARDENT_HOST_INLINE void panel_product_rows(int rows, float const* const* x, int inputs, Storage const* panel,
                                           float (*y)[panel_width]) {
  if constexpr (Rows > 1) {
    if (rows < Rows) {
      panel_product_rows<Lanes, Rows - 1>(rows, x, inputs, panel, y);
      return;
    }
  }
  panel_product<Lanes, Rows>(x, inputs, panel, y);
}

template <int Lanes, int MaxRows, class Storage, class F>
ARDENT_HOST_INLINE void product_body(float const* x, int stride, strided_range rows,
                                     packed_matrix<Storage> const& matrix, strided_range panels, F const& f) {
  const int count = rows.first < rows.last ? (rows.last - rows.first + rows.step - 1) / rows.step : 0;
  const int tiles = (count + MaxRows - 1) / MaxRows;
  for (int p = panels.first; p < panels.last; p += panels.step) {
    Storage const* panel = matrix.data + static_cast<std::ptrdiff_t>(p) * matrix.inputs * panel_width;
    const int first = p * panel_width;
    const int width = matrix.outputs - first < panel_width ? matrix.outputs - first : panel_width;
    for (int t = 0; t < tiles; ++t) {
      const int begin = count * t / tiles;
      const int tile_rows = count * (t + 1) / tiles - begin;
      float const* from[MaxRows];
      for (int r = 0; r < tile_rows; ++r)
        from[r] = x + static_cast<std::ptrdiff_t>(rows.first + (begin + r) * rows.step) * stride;
      float y[MaxRows][panel_width];
      panel_product_rows<Lanes, MaxRows>(tile_rows, from, matrix.inputs, panel, y);
      for (int r = 0; r < tile_rows; ++r) {
        const int row = rows.first + (begin + r) * rows.step;
        if (width == panel_width) {
          for (int j = 0; j < panel_width; ++j) f(row, first + j, y[r][j] + matrix.bias[first + j]);
        } else {
          for (int j = 0; j < width; ++j) f(row, first + j, y[r][j] + matrix.bias[first + j]);
        }
      }
    }
  }
}

template <class F>
ARDENT_HOST_INLINE void elements_body(strided_range rows, strided_range columns, F const& f) {
  for (int r = rows.first; r < rows.last; r += rows.step) {
    if (columns.step == 1) {
#if !defined(__clang__)
#  pragma GCC ivdep
#endif
      for (int c = columns.first; c < columns.last; ++c) f(r, c);
    } else {
      for (int c = columns.first; c < columns.last; c += columns.step) f(r, c);
    }
  }
}

/// 16 partial sums whatever the vector width, so that the level does not change the order.
template <class F, class Finish>
ARDENT_HOST_INLINE void row_sums_body(strided_range rows, int columns, F const& f, Finish const& finish) {
  for (int r = rows.first; r < rows.last; r += rows.step) {
    float partial[16] = {};
    const int whole = columns / 16 * 16;
    for (int c = 0; c < whole; c += 16)
      for (int j = 0; j < 16; ++j) partial[j] += f(r, c + j);
    for (int c = whole; c < columns; ++c) partial[c - whole] += f(r, c);
    for (int width = 8; width > 0; width /= 2)
      for (int j = 0; j < width; ++j) partial[j] += partial[j + width];
    finish(r, partial[0]);
  }
}

/// The three loops at one level: lanes of a vector, and rows of the register tile.
#define ARDENT_HOST_SIMD(level, target, lanes, max_rows)                                                             \
  template <>                                                                                                        \
  struct host_simd<simd_level::level> {                                                                              \
    template <class F>                                                                                               \
    target static void elements(strided_range rows, strided_range columns, F const& f) {                             \
      elements_body(rows, columns, f);                                                                               \
    }                                                                                                                \
    template <class F, class Finish>                                                                                 \
    target static void row_sums(strided_range rows, int columns, F const& f, Finish const& finish) {                 \
      row_sums_body(rows, columns, f, finish);                                                                       \
    }                                                                                                                \
    template <class Storage, class F>                                                                                \
    target static void product(float const* x, int stride, strided_range rows, packed_matrix<Storage> const& matrix, \
                               strided_range panels, F const& f) {                                                   \
      product_body<lanes, max_rows>(x, stride, rows, matrix, panels, f);                                             \
    }                                                                                                                \
  }

template <simd_level Level>
struct host_simd;
ARDENT_HOST_SIMD(baseline, , 4, 2);
ARDENT_HOST_SIMD(avx2, ARDENT_TARGET_avx2, 8, 6);
ARDENT_HOST_SIMD(avx512, ARDENT_TARGET_avx512, 16, 12);

#undef ARDENT_HOST_SIMD
#undef ARDENT_UNROLL
#undef ARDENT_TARGET_avx2
#undef ARDENT_TARGET_avx512

}  // namespace detail

/// @brief The highest level that this CPU has and this library uses.
inline simd_level host_level() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("fma"))
    return simd_level::avx512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return simd_level::avx2;
#endif
  return simd_level::baseline;
}

}  // namespace v0
}  // namespace ardent
