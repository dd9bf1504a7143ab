// SPDX-License-Identifier: Apache-2.0
#pragma once

// Activations of tiled layers: how they are read, rounded and stored.

#include <ardent/detail/aligned_access.hpp>
#include <ardent/tile/product.hpp>

#include <cstddef>

namespace ardent {
inline namespace v0 {
namespace detail {

struct ARDENT_MAY_ALIAS alignas(16) four_floats {
  float value[4];
};

/// Aligned to 16.
ARDENT_INLINE four_floats load_floats(float const* from) {
#if defined(__CUDA_ARCH__)
  const float4 v = *reinterpret_cast<float4 const*>(from);
  return {{v.x, v.y, v.z, v.w}};
#else
  return read_aligned<four_floats>(from);
#endif
}

struct ARDENT_MAY_ALIAS alignas(8) two_words {
  std::uint32_t word[2];
};

/// Four neighbours as floats; `from` is aligned to four of them.
ARDENT_INLINE four_floats load_numbers(float const* from) { return load_floats(from); }
template <class Small>
ARDENT_INLINE four_floats load_numbers(Small const* from) {
  const two_words v = read_aligned<two_words>(from);
  four_floats out;
  for (int i = 0; i < 4; ++i) {
    Small number;
    number.bits = static_cast<std::uint16_t>(v.word[i / 2] >> (16 * (i % 2)));
    out.value[i] = to_float(number);
  }
  return out;
}

/// Of what nobody writes while the kernel runs.
ARDENT_INLINE four_floats load_constants(float const* from) {
#if defined(__CUDA_ARCH__)
  const float4 v = __ldg(reinterpret_cast<float4 const*>(from));
  return {{v.x, v.y, v.z, v.w}};
#else
  return load_floats(from);
#endif
}

ARDENT_INLINE void store_activation(float v, float& to) { to = v; }
ARDENT_INLINE void store_activation(float v, bfloat16& to) {
  to.bits = static_cast<std::uint16_t>(bfloat16_pair(v, 0.0f));
}

ARDENT_INLINE void store_activation(float v, float16& to) { store_weight(v, to); }

/// Four neighbours of a row; `to` is aligned to four of them.
ARDENT_INLINE void store_activations(float const (&v)[4], float* to) {
  write_aligned(four_floats{{v[0], v[1], v[2], v[3]}}, to);
}

/// Two pairs of 16-bit elements; the first of a pair is its lower half.
template <class Element>
ARDENT_INLINE void store_pairs(std::uint32_t low, std::uint32_t high, Element* to) {
  write_aligned(two_words{{low, high}}, to);
}
ARDENT_INLINE void store_activations(float const (&v)[4], bfloat16* to) {
  store_pairs(bfloat16_pair(v[0], v[1]), bfloat16_pair(v[2], v[3]), to);
}
ARDENT_INLINE void store_activations(float const (&v)[4], float16* to) {
  store_pairs(float16_pair(v[0], v[1]), float16_pair(v[2], v[3]), to);
}

/// to(r, k ... k + 3) = f(r, k) for k below `inputs`, a multiple of 4, and zeros up to a whole chunk. No
/// synchronisation.
///
/// A thread takes several quads before it stores the first: stores could change what is read next, for all that a
/// compiler knows, and each would wait for its own reads.
ARDENT_ANY_GROUP
template <class Format, class Block, class F>
ARDENT_INLINE void to_activation_quads(Block& block, typename Format::activation* to, int rows, int inputs,
                                       F const& f) {
  constexpr int at_once = 4;
  const int width = padded_inputs<Format>(inputs) / 4, all = rows * width;
  for (int first = block.rank(); first < all; first += at_once * block.size()) {
    four_floats v[at_once];
    for (int j = 0; j < at_once; ++j) {
      const int i = first + j * block.size(), r = i / width, k = 4 * (i - r * width);
      v[j] = i < all && k < inputs ? f(r, k) : four_floats{};
    }
    for (int j = 0; j < at_once; ++j) {
      const int i = first + j * block.size(), r = i / width, k = 4 * (i - r * width);
      if (i < all) store_activations(v[j].value, to + activation_index<Format>(r, k, rows));
    }
  }
}

}  // namespace detail
}  // namespace v0
}  // namespace ardent
