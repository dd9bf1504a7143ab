// SPDX-License-Identifier: Apache-2.0
#pragma once

// Products of a few rows with panels of 16 outputs, in the compiler's vectors, for each format of weights. Where an
// instruction has no spelling that all compilers share it is written as assembly.

#include <ardent/packed_matrix.hpp>

namespace ardent {
inline namespace v0 {
namespace detail {

/// `Lanes` numbers in the compiler's vector extension (g++ and clang).
template <int Lanes>
struct vector_of {
  using floats [[gnu::vector_size(Lanes * 4)]] = float;
  using words [[gnu::vector_size(Lanes * 4)]] = std::uint32_t;
  using ints [[gnu::vector_size(Lanes * 4)]] = std::int32_t;
  using halves [[gnu::vector_size(Lanes * 2)]] = std::uint16_t;
  using bytes [[gnu::vector_size(Lanes)]] = std::int8_t;
};

/// Rows at equal distance.
struct panel_rows {
  std::byte const* first;
  std::ptrdiff_t stride;  // bytes
  ARDENT_HOST_INLINE std::byte const* row(int r) const { return first + r * stride; }
};

/// Panels at equal distance, all with the same inputs.
template <class Storage>
struct panel_weights {
  Storage const* first;
  std::ptrdiff_t stride;  // elements
};

/// Weights are read once, in order, and where they come from beyond the second-level cache the processor's own
/// prefetching keeps too few of them on their way. An address after the end does no harm.
template <class Storage>
ARDENT_HOST_INLINE void prefetch_weights(Storage const* from) {
  constexpr std::uintptr_t ahead = 2048;
  // NOLINTNEXTLINE(performance-no-int-to-ptr): pointer arithmetic past the end would be undefined
  __builtin_prefetch(reinterpret_cast<void const*>(reinterpret_cast<std::uintptr_t>(from) + ahead));
}

/// Panels that so few rows are multiplied with at once, so that sums enough are under way to hide an addition's
/// latency.
template <int Lanes>
constexpr int panels_at_once(int rows) {
  constexpr int sums = 8;
  const int panels = sums / (rows * (panel_width / Lanes));
  return panels >= 4 ? 4 : panels >= 2 ? 2 : 1;
}

/// Sums that a tile of up to `most_rows` rows may have.
template <int Lanes>
constexpr int most_sums(int most_rows) {
  int most = most_rows;
  for (int rows = 1; rows <= most_rows; ++rows)
    if (rows * panels_at_once<Lanes>(rows) > most) most = rows * panels_at_once<Lanes>(rows);
  return most * panel_width;
}

// Vectors are passed by reference: g++ warns of the ABI of the others, though everything is inlined.
template <class Vector>
ARDENT_HOST_INLINE void load_vector(void const* from, Vector& to) {
  __builtin_memcpy(&to, from, sizeof to);
}

// the sums must stay in registers at -O2 too, where g++ does not unroll loops of known length by itself
#if defined(__clang__) || defined(__CUDACC__)
#  define ARDENT_UNROLL
#else
#  define ARDENT_UNROLL _Pragma("GCC unroll 16")
#endif

/// Each vector by itself: the address of the whole array would keep it in memory.
template <int Lanes, class Vector, int Rows, int Vectors, class Sum>
ARDENT_HOST_INLINE void write_sums(Vector (&sum)[Rows][Vectors], Sum* y) {
  ARDENT_UNROLL for (int r = 0; r < Rows; ++r) {
    ARDENT_UNROLL for (int v = 0; v < Vectors; ++v) {
      const Vector last = sum[r][v];
      __builtin_memcpy(y + (r * Vectors + v) * Lanes, &last, sizeof last);
    }
  }
}

/// A word of each row: one pointer for three rows, which an address reaches by the stride, as 12 would not leave
/// registers for the rest.
template <class Word, int Rows>
class row_pointers {
 public:
  ARDENT_HOST_INLINE explicit row_pointers(panel_rows const& x) : stride_(x.stride) {
    for (int i = 0; i < (Rows + 2) / 3; ++i) at_[i] = x.row(3 * i);
  }
  ARDENT_HOST_INLINE Word const* word(int r) const {
    return reinterpret_cast<Word const*>(at_[r / 3] + r % 3 * stride_);
  }
  ARDENT_HOST_INLINE void next() { ARDENT_UNROLL for (int i = 0; i < (Rows + 2) / 3; ++i) at_[i] += sizeof(Word); }

 private:
  std::byte const* at_[(Rows + 2) / 3];
  std::ptrdiff_t stride_;
};

/// Rows of floats times floats: one accumulator chain an output, over k in order, whatever the number of rows.
template <int Lanes, int Rows, int Panels>
ARDENT_HOST_INLINE void panel_product(panel_rows const& x, int groups, panel_weights<float> const& panels, float* y) {
  constexpr int each = panel_width / Lanes, vectors = Panels * each;
  using floats = typename vector_of<Lanes>::floats;
  floats sum[Rows][vectors] = {};
  row_pointers<float, Rows> at(x);
  for (int k = 0; k < groups; ++k, at.next()) {
    ARDENT_UNROLL for (int p = 0; p < Panels; ++p) prefetch_weights(panels.first + p * panels.stride + k * panel_width);
    floats w[vectors];
    ARDENT_UNROLL for (int v = 0; v < vectors; ++v)
        load_vector(panels.first + v / each * panels.stride + k * panel_width + v % each * Lanes, w[v]);
    ARDENT_UNROLL for (int r = 0; r < Rows; ++r) {
      ARDENT_UNROLL for (int v = 0; v < vectors; ++v) sum[r][v] += w[v] * *at.word(r);
    }
  }
  write_sums<Lanes>(sum, y);
}

/// Rows of rounded floats times bfloat16, likewise.
template <int Lanes, int Rows, int Panels>
ARDENT_HOST_INLINE void panel_product(panel_rows const& x, int groups, panel_weights<bfloat16> const& panels,
                                      float* y) {
  constexpr int each = panel_width / Lanes, vectors = Panels * each;
  using floats = typename vector_of<Lanes>::floats;
  using words = typename vector_of<Lanes>::words;
  floats sum[Rows][vectors] = {};
  for (int g = 0; g < groups; ++g) ARDENT_UNROLL for (int v = 0; v < vectors; ++v) {
      words pair;
      load_vector(panels.first + v / each * panels.stride + (g * panel_width + v % each * Lanes) * 2, pair);
      const floats even = reinterpret_cast<floats>(pair << 16), odd = reinterpret_cast<floats>(pair & 0xffff0000u);
      ARDENT_UNROLL for (int r = 0; r < Rows; ++r) {
        float const* const from = reinterpret_cast<float const*>(x.row(r)) + 2 * g;
        sum[r][v] += even * from[0];
        sum[r][v] += odd * from[1];
      }
    }
  write_sums<Lanes>(sum, y);
}

/// Sums of the products of neighbours: signed 16-bit numbers, two a lane.
template <int Lanes>
ARDENT_HOST_INLINE void add_pairs(typename vector_of<Lanes>::words const& a, typename vector_of<Lanes>::words const& b,
                                  typename vector_of<Lanes>::ints& sum) {
  using ints = typename vector_of<Lanes>::ints;
#if defined(__x86_64__) && !defined(__clang__)
  ints both;
  if constexpr (Lanes == 4) {
    both = reinterpret_cast<ints>(a);
    asm("pmaddwd %1, %0" : "+x"(both) : "x"(b));
  } else if constexpr (Lanes == 8) {
    asm("vpmaddwd %2, %1, %0" : "=x"(both) : "x"(a), "x"(b));
  } else {
    asm("vpmaddwd %2, %1, %0" : "=v"(both) : "v"(a), "v"(b));
  }
  sum += both;
#else
  // clang makes the same instructions of this, and lets no assembly use vectors that the function has not declared
  const ints x = reinterpret_cast<ints>(a), y = reinterpret_cast<ints>(b);
  sum += (x << 16 >> 16) * (y << 16 >> 16) + (x >> 16) * (y >> 16);
#endif
}

/// Rows of 16-bit whole numbers times 8-bit weights plus 128. A row's group of four has its even elements first.
template <int Lanes, int Rows, int Panels>
ARDENT_HOST_INLINE void panel_product(panel_rows const& x, int groups, panel_weights<int8_weight> const& panels,
                                      std::int32_t* y) {
  constexpr int each = panel_width / Lanes, vectors = Panels * each;
  using words = typename vector_of<Lanes>::words;
  using ints = typename vector_of<Lanes>::ints;
  ints sum[Rows][vectors] = {};
  for (int g = 0; g < groups; ++g) ARDENT_UNROLL for (int v = 0; v < vectors; ++v) {
      words four;
      load_vector(panels.first + v / each * panels.stride + (g * panel_width + v % each * Lanes) * 4, four);
      const words even = four & 0x00ff00ffu, odd = four >> 8 & 0x00ff00ffu;
      ARDENT_UNROLL for (int r = 0; r < Rows; ++r) {
        std::uint32_t pair[2];
        __builtin_memcpy(pair, x.row(r) + 8 * g, sizeof pair);
        add_pairs<Lanes>(even, words{} + pair[0], sum[r][v]);
        add_pairs<Lanes>(odd, words{} + pair[1], sum[r][v]);
      }
    }
  write_sums<Lanes>(sum, y);
}

#if defined(__x86_64__)

// Functions of their own, as clang allows the instructions only in functions that declare them. A call multiplies some
// ten thousand numbers.
#  define ARDENT_DOT_TARGET [[gnu::target("avx512f,avx512bw,avx512dq,avx512vl"), gnu::noinline]]

/// Rows of bfloat16 times bfloat16 by AVX-512's dot product: two elements a lane are added to each sum.
template <int Rows, int Panels>
ARDENT_DOT_TARGET void dot_product(panel_rows const& x, int groups, panel_weights<bfloat16> const& panels, float* y) {
  vector_of<16>::floats sum[Rows][Panels] = {}, w;
  row_pointers<std::uint32_t, Rows> at(x);
  for (int g = 0; g < groups; ++g, at.next()) {
    ARDENT_UNROLL for (int p = 0; p < Panels; ++p) {
      __builtin_memcpy(&w, panels.first + p * panels.stride + 2 * g * panel_width, sizeof w);
      prefetch_weights(panels.first + p * panels.stride + 2 * g * panel_width);
      ARDENT_UNROLL for (int r = 0; r < Rows; ++r) {
        auto next = sum[r][p];  // g++ keeps an array in memory of which assembly uses an element
        asm("vdpbf16ps %2%{1to16%}, %1, %0" : "+v"(next) : "v"(w), "m"(*at.word(r)));
        sum[r][p] = next;
      }
    }
  }
  write_sums<16>(sum, y);
}

/// Rows of 8-bit whole numbers times 8-bit weights plus 128 by AVX-512's dot product: four elements a lane.
template <int Rows, int Panels>
ARDENT_DOT_TARGET void dot_product(panel_rows const& x, int groups, panel_weights<int8_weight> const& panels,
                                   std::int32_t* y) {
  vector_of<16>::ints sum[Rows][Panels] = {}, w;
  row_pointers<std::uint32_t, Rows> at(x);
  for (int g = 0; g < groups; ++g, at.next()) {
    ARDENT_UNROLL for (int p = 0; p < Panels; ++p) {
      __builtin_memcpy(&w, panels.first + p * panels.stride + 4 * g * panel_width, sizeof w);
      prefetch_weights(panels.first + p * panels.stride + 4 * g * panel_width);
      ARDENT_UNROLL for (int r = 0; r < Rows; ++r) {
        auto next = sum[r][p];
        asm("vpdpbusd %2%{1to16%}, %1, %0" : "+v"(next) : "v"(w), "m"(*at.word(r)));
        sum[r][p] = next;
      }
    }
  }
  write_sums<16>(sum, y);
}

#  undef ARDENT_DOT_TARGET
#endif

/// Chooses the number of rows of a register tile at run time, up to `Rows`. `together`: all panels_at_once of so many
/// rows, or a single one. y [rows][panels][16].
template <int Lanes, int Rows, bool Dot, class Storage, class Sum>
ARDENT_HOST_INLINE void product_of_rows(int rows, bool together, panel_rows const& x, int groups,
                                        panel_weights<Storage> const& panels, Sum* y) {
  if constexpr (Rows > 1) {
    if (rows < Rows) {
      product_of_rows<Lanes, Rows - 1, Dot>(rows, together, x, groups, panels, y);
      return;
    }
  }
  const auto multiply = [&]<int Panels>(std::integral_constant<int, Panels>) ARDENT_INLINE_LAMBDA {
#if defined(__x86_64__)
    if constexpr (Dot) return dot_product<Rows, Panels>(x, groups, panels, y);
#endif
    panel_product<Lanes, Rows, Panels>(x, groups, panels, y);
  };
  constexpr int several = panels_at_once<Lanes>(Rows);
  if constexpr (several > 1) {
    if (together) return multiply(std::integral_constant<int, several>{});
  }
  multiply(std::integral_constant<int, 1>{});
}

#undef ARDENT_UNROLL

}  // namespace detail
}  // namespace v0
}  // namespace ardent
