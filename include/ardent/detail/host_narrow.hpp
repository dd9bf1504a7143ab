// SPDX-License-Identifier: Apache-2.0
#pragma once

// Rows of activations as the host's products read them (host_panels.hpp).

#include <ardent/detail/host_panels.hpp>
#include <ardent/detail/narrow.hpp>

namespace ardent {
inline namespace v0 {
namespace detail {

/// f(k, `Lanes` floats from k on), zeros after the end.
template <int Lanes, class F>
ARDENT_HOST_INLINE void each_vector(float const* x, int inputs, F const& f) {
  using floats = typename vector_of<Lanes>::floats;
  const int whole = inputs / Lanes * Lanes;
  floats v;
  for (int k = 0; k < whole; k += Lanes) {
    load_vector(x + k, v);
    f(k, v);
  }
  if (whole < inputs) {
    float last[Lanes] = {};
    for (int k = whole; k < inputs; ++k) last[k - whole] = x[k];
    load_vector(last, v);
    f(whole, v);
  }
}

/// Rounded floats, or with `Dot` bfloat16. As `to` is padded to 64 bytes, whole vectors can be written.
template <int Lanes, bool Dot>
ARDENT_HOST_INLINE void narrow_host_row(float const* x, int inputs, std::byte* to, bfloat16 const*) {
  using words = typename vector_of<Lanes>::words;
  each_vector<Lanes>(x, inputs, [&](int k, typename vector_of<Lanes>::floats const& v) ARDENT_INLINE_LAMBDA {
    const words bits = reinterpret_cast<words>(v);
    const words rounded = bits + 0x7fffu + (bits >> 16 & 1u);
    // a NaN stays one
    const words is_nan = reinterpret_cast<words>((bits & 0x7fffffffu) > 0x7f800000u);
    const words kept = (rounded & ~is_nan) | ((bits | 0x400000u) & is_nan);
    if constexpr (Dot) {
      const auto half = __builtin_convertvector(kept >> 16, typename vector_of<Lanes>::halves);
      __builtin_memcpy(to + 2 * k, &half, sizeof half);
    } else {
      const words upper = kept & 0xffff0000u;
      __builtin_memcpy(to + 4 * k, &upper, sizeof upper);
    }
  });
}

/// 16-bit whole numbers, in each group of four the even ones first; or with `Dot` 8-bit ones in order.
template <int Lanes, bool Dot>
ARDENT_HOST_INLINE void narrow_host_row(float const* x, int inputs, std::byte* to, int8_weight const*) {
  using words = typename vector_of<Lanes>::words;
  using floats = typename vector_of<Lanes>::floats;
  using ints = typename vector_of<Lanes>::ints;
  words most = {};
  each_vector<Lanes>(x, inputs, [&](int, floats const& v) ARDENT_INLINE_LAMBDA {
    const words magnitude = reinterpret_cast<words>(v) & 0x7fffffffu;
    const words larger = reinterpret_cast<words>(magnitude > most);
    most = (magnitude & larger) | (most & ~larger);
  });
  std::uint32_t largest = 0;
  for (int i = 0; i < Lanes; ++i) largest = most[i] > largest ? most[i] : largest;
  const float factor = int8_factor(bits_to_float(largest));
  const std::uint32_t finite = largest < 0x7f800000u ? ~0u : 0u;
  ints sum = {};
  each_vector<Lanes>(x, inputs, [&](int k, floats const& v) ARDENT_INLINE_LAMBDA {
    const words whole = reinterpret_cast<words>(v * factor + 12582912.0f) - 0x4b400000u;
    const ints q = reinterpret_cast<ints>(whole & finite);
    sum += q;
    if constexpr (Dot) {
      const auto bytes = __builtin_convertvector(q, typename vector_of<Lanes>::bytes);
      __builtin_memcpy(to + sizeof(int8_row) + k, &bytes, sizeof bytes);
    } else {
      std::int16_t out[Lanes];
      for (int i = 0; i < Lanes; i += 4) {
        out[i] = static_cast<std::int16_t>(q[i]);
        out[i + 1] = static_cast<std::int16_t>(q[i + 2]);
        out[i + 2] = static_cast<std::int16_t>(q[i + 1]);
        out[i + 3] = static_cast<std::int16_t>(q[i + 3]);
      }
      __builtin_memcpy(to + sizeof(int8_row) + 2 * k, out, sizeof out);
    }
  });
  int8_row row;
  row.scale = bits_to_float(largest) * (1.0f / 127);
  for (int i = 0; i < Lanes; ++i) row.sum += sum[i];
  __builtin_memcpy(to, &row, sizeof row);
}

}  // namespace detail
}  // namespace v0
}  // namespace ardent
