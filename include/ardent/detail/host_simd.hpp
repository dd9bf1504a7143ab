// SPDX-License-Identifier: Apache-2.0
#pragma once

// The vector loops behind host_block. A body is written once, always inlined, and instantiated inside wrappers that
// carry the instruction-set attribute: no compiler flag, no per-ISA translation unit, one binary for any CPU.

#include <ardent/detail/host_narrow.hpp>
#include <ardent/detail/host_panels.hpp>
#include <ardent/group/group.hpp>

namespace ardent {
inline namespace v0 {

/// @brief An instruction-set level of the host.
enum class simd_level {
  baseline,    ///< what the compiler was told to assume
  avx2,        ///< x86-64-v3: AVX2 and FMA
  avx512,      ///< x86-64-v4: AVX-512 F, BW, DQ, VL
  avx512_dot,  ///< and dot products of bfloat16 and of 8-bit numbers: AVX-512 BF16, VNNI
};

namespace detail {

#if defined(__x86_64__)
#  define ARDENT_TARGET_avx2 [[gnu::target("avx2,fma")]]
#  define ARDENT_TARGET_avx512 [[gnu::target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl")]]
#else
#  define ARDENT_TARGET_avx2
#  define ARDENT_TARGET_avx512
#endif

/// Rows whose activations stay in the second-level cache while all panels pass by.
inline constexpr int rows_in_cache = 96;

/// Up to `MaxRows` rows with some panels, see product_of_rows: f(row, column, y).
template <int Lanes, int MaxRows, bool Dot, class Storage, class F>
ARDENT_HOST_INLINE void product_tile(product_rows<Storage> const& x, strided_range rows, int begin, int count,
                                     packed_matrix<Storage> const& matrix, int panel, int panels, F const& f) {
  using row_bytes = std::conditional_t<std::is_same_v<Storage, float>, float, std::byte>;
  const int groups = grouped_inputs<Storage>(matrix.inputs) / weight_group<Storage>;
  const std::ptrdiff_t size = static_cast<std::ptrdiff_t>(grouped_inputs<Storage>(matrix.inputs)) * panel_width;
  constexpr bool whole = std::is_same_v<Storage, int8_weight>;
  const std::ptrdiff_t bytes = static_cast<std::ptrdiff_t>(sizeof(row_bytes)) * x.stride;
  const panel_rows from{reinterpret_cast<std::byte const*>(x.data) + (rows.first + begin * rows.step) * bytes +
                            (whole ? sizeof(int8_row) : 0),
                        rows.step * bytes};
  std::conditional_t<whole, std::int32_t, float> sums[most_sums<Lanes>(MaxRows)];
  product_of_rows<Lanes, MaxRows, Dot>(count, panels > 1, from, groups,
                                       panel_weights<Storage>{matrix.data + panel * size, size}, sums);
  for (int r = 0; r < count; ++r) {
    const int row = rows.first + (begin + r) * rows.step;
    for (int p = 0; p < panels; ++p) {
      const int first = (panel + p) * panel_width;
      auto const* const y = sums + (r * panels + p) * panel_width;
      const auto finish = [&](int j) ARDENT_INLINE_LAMBDA {
        if constexpr (whole) {
          int8_row head;
          __builtin_memcpy(&head, from.row(r) - sizeof head, sizeof head);
          // the weights are stored plus 128
          const float sum = static_cast<float>(y[j] - 128 * head.sum);
          f(row, first + j, sum * (head.scale * matrix.scale[first + j]) + matrix.bias[first + j]);
        } else {
          f(row, first + j, y[j] + matrix.bias[first + j]);
        }
      };
      if (matrix.outputs - first >= panel_width) {
        for (int j = 0; j < panel_width; ++j) finish(j);
      } else {
        for (int j = 0; j < matrix.outputs - first; ++j) finish(j);
      }
    }
  }
}

template <int Lanes, int MaxRows, bool Dot, class Storage, class F>
ARDENT_HOST_INLINE void product_body(product_rows<Storage> const& x, strided_range rows,
                                     packed_matrix<Storage> const& matrix, strided_range panels, F const& f) {
  const int all = size_of(rows), parts = (all + rows_in_cache - 1) / rows_in_cache;
  for (int part = 0; part < parts; ++part) {
    const int start = all * part / parts, count = all * (part + 1) / parts - start;
    const int tiles = (count + MaxRows - 1) / MaxRows;
    const int most = tiles == 1 && panels.step == 1 ? panels_at_once<Lanes>(count) : 1;
    int together = 1;
    for (int p = panels.first; p < panels.last; p += together * panels.step) {
      together = panels.last - p >= most ? most : 1;
      for (int t = 0; t < tiles; ++t) {
        const int begin = count * t / tiles, some = count * (t + 1) / tiles - begin;
        product_tile<Lanes, MaxRows, Dot>(x, rows, start + begin, some, matrix, p, together, f);
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

template <int Lanes, bool Dot, class Storage>
ARDENT_HOST_INLINE void narrow_body(float const* x, int stride, strided_range rows, int inputs,
                                    product_rows<Storage> const& to) {
  for (int r = rows.first; r < rows.last; r += rows.step)
    narrow_host_row<Lanes, Dot>(x + static_cast<std::ptrdiff_t>(r) * stride, inputs,
                                to.data + static_cast<std::ptrdiff_t>(r) * to.stride,
                                static_cast<Storage const*>(nullptr));
}

/// The loops at one level: lanes of a vector, rows of the register tile for floats and for narrow weights, and whether
/// there are dot products to choose.
#define ARDENT_HOST_SIMD(level, target, lanes, max_rows, narrow_rows, dots)                              \
  template <>                                                                                            \
  struct host_simd<simd_level::level> {                                                                  \
    template <class F>                                                                                   \
    target static void elements(strided_range rows, strided_range columns, F const& f) {                 \
      elements_body(rows, columns, f);                                                                   \
    }                                                                                                    \
    template <class F, class Finish>                                                                     \
    target static void row_sums(strided_range rows, int columns, F const& f, Finish const& finish) {     \
      row_sums_body(rows, columns, f, finish);                                                           \
    }                                                                                                    \
    template <class Storage>                                                                             \
    target static void narrow(bool dot, float const* x, int stride, strided_range rows, int inputs,      \
                              product_rows<Storage> const& to) {                                         \
      if constexpr (dots)                                                                                \
        if (dot) return narrow_body<lanes, true>(x, stride, rows, inputs, to);                           \
      static_cast<void>(dot);                                                                            \
      narrow_body<lanes, false>(x, stride, rows, inputs, to);                                            \
    }                                                                                                    \
    template <class Storage, class F>                                                                    \
    target static void product(bool dot, product_rows<Storage> const& x, strided_range rows,             \
                               packed_matrix<Storage> const& matrix, strided_range panels, F const& f) { \
      constexpr bool narrow_weights = !std::is_same_v<Storage, float>;                                   \
      constexpr int most = narrow_weights ? narrow_rows : max_rows;                                      \
      if constexpr (dots && narrow_weights)                                                              \
        if (dot) return product_body<lanes, most, true>(x, rows, matrix, panels, f);                     \
      static_cast<void>(dot);                                                                            \
      product_body<lanes, most, false>(x, rows, matrix, panels, f);                                      \
    }                                                                                                    \
  }

#if defined(__x86_64__)
inline constexpr bool has_dots = true;
#else
inline constexpr bool has_dots = false;
#endif

template <simd_level Level>
struct host_simd;
ARDENT_HOST_SIMD(baseline, , 4, 2, 2, false);  // NOLINT(bugprone-branch-clone): as many rows for both
ARDENT_HOST_SIMD(avx2, ARDENT_TARGET_avx2, 8, 6, 4, false);
ARDENT_HOST_SIMD(avx512, ARDENT_TARGET_avx512, 16, 12, 12, has_dots);  // NOLINT(bugprone-branch-clone): as above

#undef ARDENT_HOST_SIMD
#undef ARDENT_TARGET_avx2
#undef ARDENT_TARGET_avx512

}  // namespace detail

/// @brief The highest level that this CPU has and this library uses.
inline simd_level host_level() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("fma"))
    return __builtin_cpu_supports("avx512bf16") && __builtin_cpu_supports("avx512vnni") ? simd_level::avx512_dot
                                                                                        : simd_level::avx512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return simd_level::avx2;
#endif
  return simd_level::baseline;
}

}  // namespace v0
}  // namespace ardent
