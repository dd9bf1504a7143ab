// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief How tiled weights are kept, and how a warp multiplies them with activations on tensor cores.

#include <ardent/detail/aligned_access.hpp>
#include <ardent/float16.hpp>
#include <ardent/float8.hpp>
#include <ardent/packed_matrix.hpp>
#include <ardent/tile/fragment.hpp>

#include <cstdint>

namespace ardent {
inline namespace v0 {

/// @brief What a lane reads at once: 16 bytes.
struct ARDENT_MAY_ALIAS alignas(16) lane_words {
  std::uint32_t word[4] = {};  ///< the bits
};

namespace detail {

/// Aligned to 16.
ARDENT_INLINE lane_words load_words(void const* from) { return read_aligned<lane_words>(from); }

/// Two floats as bfloat16, the first in the lower half.
ARDENT_INLINE std::uint32_t bfloat16_pair(float low, float high) {
#if defined(__CUDA_ARCH__)
  std::uint32_t out;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(out) : "f"(high), "f"(low));
  return out;
#else
  bfloat16 a, b;
  store_weight(low, a);
  store_weight(high, b);
  return static_cast<std::uint32_t>(b.bits) << 16 | a.bits;
#endif
}

/// Two floats as half precision, the first in the lower half.
ARDENT_INLINE std::uint32_t float16_pair(float low, float high) {
#if defined(__CUDA_ARCH__)
  std::uint32_t out;
  asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(out) : "f"(high), "f"(low));
  return out;
#else
  float16 a, b;
  store_weight(low, a);
  store_weight(high, b);
  return static_cast<std::uint32_t>(b.bits) << 16 | a.bits;
#endif
}

/// The nearest TF32, halves away from zero; as cvt.rna.tf32.
ARDENT_INLINE std::uint32_t to_tf32(float x) {
  const std::uint32_t bits = float_to_bits(x);
  // a GPU's own NaN has all bits set, and would carry over into the sign
  if ((bits & 0x7fffffffu) > 0x7f800000u) return 0x7fffe000u;
  return (bits + 0x1000u) & 0xffffe000u;
}

/// Bytes 0 and 1, or 2 and 3, of four E4M3 numbers as a pair of bfloat16: exact.
ARDENT_INLINE std::uint32_t widen_e4m3(std::uint32_t four, int pair) {
  const std::uint32_t two = pair == 0 ? four : four >> 16;
  const std::uint32_t spread = (two & 0xffu) << 8 | (two & 0xff00u) << 16;
  // the fields in a bfloat16's place make 2^-120 of the value, subnormals included
  const std::uint32_t small = (spread & 0x80008000u) | (spread >> 4 & 0x07f007f0u);
#if defined(__CUDA_ARCH__)
  std::uint32_t out;
  asm("fma.rn.bf16x2 %0, %1, %2, %3;" : "=r"(out) : "r"(small), "r"(0x7b807b80u), "r"(0x80008000u));
  return out;
#else
  const float low = bits_to_float(small << 16) * 0x1p120f, high = bits_to_float(small & 0xffff0000u) * 0x1p120f;
  return float_to_bits(low) >> 16 | (float_to_bits(high) & 0xffff0000u);
#endif
}

}  // namespace detail

/// @brief Formats of tiled weights. Sums are float32 in all of them.
///
/// A chunk is 64 bytes of each of 8 weight rows: lane 4 n + t reads 16 bytes of row n, and 16 bytes (twice for fp8) of
/// each activation row, so that no exchange of lanes is needed. Which k a lane gets is free as long as weights and
/// activations agree.
///
/// - `storage`, `activation`: types of weights and activations in memory.
/// - `chunk`: inner elements of a chunk; `loads`: 16-byte reads of an activation row that it takes.
/// - `scaled`: outputs have scales.
/// - `multiply(block, c, low, high, w)`: by a warp, c [16][8] += activations times weights over a chunk; `low` and
///   `high` are what the lane read of rows lane / 4 and lane / 4 + 8.
namespace format {}  // namespace format

namespace detail {

/// Weights and activations of one 16-bit type.
template <class Element, fragment_kind Kind>
struct sixteen_bits {
  using storage = Element;                     ///< weights
  using activation = Element;                  ///< activations
  static constexpr fragment_kind kind = Kind;  ///< the multiplication's
  static constexpr int chunk = 32;             ///< inner elements of a chunk
  static constexpr int loads = 1;              ///< reads of an activation row
  static constexpr bool scaled = false;        ///< no scales
  /// @brief See format.
  ARDENT_ANY_GROUP
  template <class Block>
  ARDENT_INLINE static void multiply(Block& block, float (&c)[4], lane_words const (&low)[1],
                                     lane_words const (&high)[1], lane_words const& w) {
    for (int s = 0; s < 2; ++s) {
      const std::uint32_t a[4] = {low[0].word[2 * s], high[0].word[2 * s], low[0].word[2 * s + 1],
                                  high[0].word[2 * s + 1]};
      const std::uint32_t b[2] = {w.word[2 * s], w.word[2 * s + 1]};
      block.template multiply<kind>(c, a, b);
    }
  }
};

}  // namespace detail

namespace format {

/// @brief bfloat16 weights and activations.
struct bf16 : detail::sixteen_bits<bfloat16, fragment_kind::bf16> {};

/// @brief Half precision weights and activations. What overflows becomes infinite, and so do the outputs it reaches.
struct fp16 : detail::sixteen_bits<float16, fragment_kind::fp16> {};

/// @brief E4M3 weights with a scale for each output; bfloat16 activations. Weights become bfloat16 exactly.
struct fp8 {
  using storage = float8_e4m3;                                ///< weights
  using activation = bfloat16;                                ///< activations
  static constexpr fragment_kind kind = fragment_kind::bf16;  ///< the multiplication's
  static constexpr int chunk = 64;                            ///< inner elements of a chunk
  static constexpr int loads = 2;                             ///< reads of an activation row
  static constexpr bool scaled = true;                        ///< a scale for each output
  /// @brief See above.
  ARDENT_ANY_GROUP
  template <class Block>
  ARDENT_INLINE static void multiply(Block& block, float (&c)[4], lane_words const (&low)[2],
                                     lane_words const (&high)[2], lane_words const& w) {
    for (int half = 0; half < 2; ++half) {
      lane_words wide;
      for (int i = 0; i < 4; ++i) wide.word[i] = detail::widen_e4m3(w.word[2 * half + i / 2], i % 2);
      const lane_words l[1] = {low[half]}, h[1] = {high[half]};
      bf16::multiply(block, c, l, h, wide);
    }
  }
};

/// @brief float weights and activations: each is split into two TF32 numbers, and three of the four products are kept.
/// A product's relative error is below 2^-21.
struct fp32 {
  using storage = float;                                      ///< weights
  using activation = float;                                   ///< activations
  static constexpr fragment_kind kind = fragment_kind::tf32;  ///< the multiplication's
  static constexpr int chunk = 16;                            ///< inner elements of a chunk
  static constexpr int loads = 1;                             ///< reads of an activation row
  static constexpr bool scaled = false;                       ///< no scales
  /// @brief See above.
  ARDENT_ANY_GROUP
  template <class Block>
  ARDENT_INLINE static void multiply(Block& block, float (&c)[4], lane_words const (&low)[1],
                                     lane_words const (&high)[1], lane_words const& w) {
    for (int s = 0; s < 2; ++s) {
      const std::uint32_t from_a[4] = {low[0].word[2 * s], high[0].word[2 * s], low[0].word[2 * s + 1],
                                       high[0].word[2 * s + 1]};
      std::uint32_t a[4], a_rest[4], b[2], b_rest[2];
      for (int i = 0; i < 4; ++i) split(from_a[i], a[i], a_rest[i]);
      for (int i = 0; i < 2; ++i) split(w.word[2 * s + i], b[i], b_rest[i]);
      block.template multiply<kind>(c, a_rest, b);
      block.template multiply<kind>(c, a, b_rest);
      block.template multiply<kind>(c, a, b);
    }
  }

 private:
  ARDENT_INLINE static void split(std::uint32_t from, std::uint32_t& whole, std::uint32_t& rest) {
    const float x = detail::bits_to_float(from);
    whole = detail::to_tf32(x);
    rest = detail::to_tf32(x - detail::bits_to_float(whole));
  }
};

}  // namespace format
}  // namespace v0
}  // namespace ardent
