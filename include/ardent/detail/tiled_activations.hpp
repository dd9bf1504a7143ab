// SPDX-License-Identifier: Apache-2.0
#pragma once

// Activations of tiled layers: how they are loaded, rounded and stored.

#include <ardent/tile/product.hpp>

#include <cstddef>

namespace ardent {
inline namespace v0 {
namespace detail {

struct alignas(16) four_floats {
  float value[4];
};

ARDENT_INLINE four_floats load_floats(float const* from) {
#if defined(__CUDA_ARCH__)
  const float4 v = *reinterpret_cast<float4 const*>(from);
  return {{v.x, v.y, v.z, v.w}};
#else
  four_floats v;
  __builtin_memcpy(&v, from, sizeof v);
  return v;
#endif
}

ARDENT_INLINE void store_activation(float v, float& to) { to = v; }
ARDENT_INLINE void store_activation(float v, bfloat16& to) {
  to.bits = static_cast<std::uint16_t>(bfloat16_pair(v, 0.0f));
}

ARDENT_INLINE void store_activation(float v, float16& to) { store_weight(v, to); }

/// Four neighbours of a row; `to` is aligned to four of them.
ARDENT_INLINE void store_activations(float const (&v)[4], float* to) {
#if defined(__CUDA_ARCH__)
  *reinterpret_cast<float4*>(to) = make_float4(v[0], v[1], v[2], v[3]);
#else
  for (int i = 0; i < 4; ++i) to[i] = v[i];
#endif
}
/// Two pairs of 16-bit elements.
template <class Element>
ARDENT_INLINE void store_pairs(std::uint32_t low, std::uint32_t high, Element* to) {
#if defined(__CUDA_ARCH__)
  *reinterpret_cast<uint2*>(to) = make_uint2(low, high);
#else
  to[0].bits = static_cast<std::uint16_t>(low);
  to[1].bits = static_cast<std::uint16_t>(low >> 16);
  to[2].bits = static_cast<std::uint16_t>(high);
  to[3].bits = static_cast<std::uint16_t>(high >> 16);
#endif
}
ARDENT_INLINE void store_activations(float const (&v)[4], bfloat16* to) {
  store_pairs(bfloat16_pair(v[0], v[1]), bfloat16_pair(v[2], v[3]), to);
}
ARDENT_INLINE void store_activations(float const (&v)[4], float16* to) {
  store_pairs(float16_pair(v[0], v[1]), float16_pair(v[2], v[3]), to);
}

ARDENT_INLINE void store_activation(float v, split_bfloat16& to) {
  const std::uint32_t high = bfloat16_pair(v, 0.0f);
  to.high.bits = static_cast<std::uint16_t>(high);
  store_activation(v - bits_to_float(high << 16), to.low);
}
ARDENT_INLINE void store_activations(float const (&v)[4], split_bfloat16* to) {
#if defined(__CUDA_ARCH__)
  std::uint32_t word[4];
  for (int i = 0; i < 4; ++i) {
    const std::uint32_t high = bfloat16_pair(v[i], 0.0f);
    word[i] = bfloat16_pair(0.0f, v[i] - bits_to_float(high << 16)) | high;
  }
  *reinterpret_cast<uint4*>(to) = make_uint4(word[0], word[1], word[2], word[3]);
#else
  for (int i = 0; i < 4; ++i) store_activation(v[i], to[i]);
#endif
}

/// Counts what is infinite or not a number, if there is a counter.
ARDENT_INLINE void count_nonfinite(float v, unsigned long long* counter) {
  if (counter == nullptr || (float_to_bits(v) & 0x7f800000u) != 0x7f800000u) return;
#if defined(__CUDA_ARCH__)
  atomicAdd(counter, 1ull);
#else
  __atomic_fetch_add(counter, 1ull, __ATOMIC_RELAXED);
#endif
}

/// to(r, k) = f(r, k) for k below `inputs`, and zeros up to a whole chunk; of chunks first to last, with which `to`
/// begins. No synchronisation.
ARDENT_ANY_GROUP
template <class Format, class Block, class F>
ARDENT_INLINE void to_activations(Block& block, typename Format::activation* to, int rows, int inputs, int first,
                                  int last, F const& f) {
  const int start = first * Format::chunk;
  block.elements({0, rows, 1}, {start, last * Format::chunk, 1}, [&](int r, int k) ARDENT_INLINE_LAMBDA {
    const float v = k < inputs ? f(r, k) : 0.0f;
    store_activation(v, to[activation_index<Format>(r, k - start, rows)]);
  });
}

/// The same for four neighbours at a time: to(r, k ... k + 3) = f(r, k), `inputs` a multiple of 4.
ARDENT_ANY_GROUP
template <class Format, class Block, class F>
ARDENT_INLINE void to_activation_quads(Block& block, typename Format::activation* to, int rows, int inputs,
                                       F const& f) {
  block.elements({0, rows, 1}, {0, padded_inputs<Format>(inputs) / 4, 1}, [&](int r, int q) ARDENT_INLINE_LAMBDA {
    const four_floats v = 4 * q < inputs ? f(r, 4 * q) : four_floats{};
    store_activations(v.value, to + activation_index<Format>(r, 4 * q, rows));
  });
}

}  // namespace detail
}  // namespace v0
}  // namespace ardent
