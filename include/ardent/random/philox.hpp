// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief Philox4x32-10: counter-based noise, keyed by what it is for and by nothing else.

#include <ardent/detail/float_math.hpp>
#include <ardent/random/random.hpp>

namespace ardent {
inline namespace v0 {
namespace detail {

/// The 64 bits of a product of two words.
struct product {
  std::uint32_t low, high;
};

ARDENT_INLINE product full_product(std::uint32_t a, std::uint32_t b) {
#if defined(__CUDA_ARCH__)
  return {a * b, __umulhi(a, b)};  // of a 64-bit product nvcc 13.0 adds a zero to every upper half
#else
  const std::uint64_t all = std::uint64_t{a} * b;
  return {static_cast<std::uint32_t>(all), static_cast<std::uint32_t>(all >> 32)};
#endif
}

}  // namespace detail

namespace random {

/// @brief Four 32-bit words.
struct words {
  std::uint32_t value[4];  ///< the words
};

/// @brief The Philox4x32-10 bijection. Source: Salmon et al., Parallel random numbers: as easy as 1, 2, 3 (SC 2011).
/// @param counter   which block of four words
/// @param key_low   the key's low word
/// @param key_high  its high word
ARDENT_INLINE words philox4x32(words counter, std::uint32_t key_low, std::uint32_t key_high) {
  std::uint32_t c0 = counter.value[0], c1 = counter.value[1], c2 = counter.value[2], c3 = counter.value[3];
  for (int round = 0; round < 10; ++round) {
    const detail::product p0 = detail::full_product(0xD2511F53u, c0), p1 = detail::full_product(0xCD9E8D57u, c2);
    c0 = p1.high ^ c1 ^ key_low;
    c2 = p0.high ^ c3 ^ key_high;
    c1 = p1.low;
    c3 = p0.low;
    key_low += 0x9E3779B9u;
    key_high += 0xBB67AE85u;
  }
  return {{c0, c1, c2, c3}};
}

/// @brief The library's own randomness. Equal keys give equal numbers on any thread, tile, batch or machine kind.
///
/// Packing, version 1 (a change of it is a breaking change): the Philox key is the seed, low word first; the counter
/// is {image, position, ar_step << 16 | step, domain << 24 | q}, q = channel / 4 below 2^24. Starting noise and order
/// keys have ar_step = step = 0; order keys have q = 0.
///
/// Normal numbers are Box-Muller pairs of words (0, 1) and (2, 3): radius from (w + 1/2) / 2^32 and angle from the
/// upper 24 bits, in float; they lie within 6.8 standard deviations.
class philox {
 public:
  static constexpr int packing_version = 1;  ///< see above

  /// @param seed  any 64-bit number
  ARDENT_HD constexpr explicit philox(std::uint64_t seed) : seed_(seed) {}

  /// @brief The four words of a key.
  ARDENT_INLINE words bits(noise_key const& key, int q) const {
    const bool stepped = key.domain != noise_domain::start && key.domain != noise_domain::order;
    const std::uint32_t when =
        stepped ? static_cast<std::uint32_t>(key.ar_step) << 16 | static_cast<std::uint32_t>(key.step) : 0u;
    return philox4x32(
        {{key.image, key.position, when, static_cast<std::uint32_t>(key.domain) << 24 | static_cast<std::uint32_t>(q)}},
        static_cast<std::uint32_t>(seed_), static_cast<std::uint32_t>(seed_ >> 32));
  }

  /// @brief Standard normal numbers for channels 4 q ... 4 q + 3.
  ARDENT_INLINE quad normal(noise_key const& key, int q) const {
    const words w = bits(key, q);
    quad out;
    for (int i = 0; i < 4; i += 2) {
      const float u = static_cast<float>(w.value[i]) * 0x1p-32f + 0x1p-33f;
      const float squared_radius = -2.0f * detail::log_float(u);
      const float radius = squared_radius * detail::reciprocal_sqrt(squared_radius + 1e-30f);
      const detail::sine_cosine angle =
          detail::sine_cosine_of_turns(static_cast<float>(w.value[i + 1] >> 8) * 0x1p-24f);
      out.value[i] = radius * angle.cosine;
      out.value[i + 1] = radius * angle.sine;
    }
    return out;
  }

  /// @brief A number uniform in (0, 1), one for each key: an odd multiple of 2^-24, so that float holds all of them.
  ARDENT_INLINE float uniform(noise_key const& key) const {
    return static_cast<float>(bits(key, 0).value[0] >> 9) * 0x1p-23f + 0x1p-24f;
  }

  /// @brief A random word above the position: no ties, the same on every backend.
  ARDENT_INLINE std::uint64_t order_key(std::uint32_t image, std::uint32_t position) const {
    noise_key key;
    key.domain = noise_domain::order;
    key.image = image;
    key.position = position;
    return static_cast<std::uint64_t>(bits(key, 0).value[0]) << 32 | position;
  }

 private:
  std::uint64_t seed_;
};

}  // namespace random
}  // namespace v0
}  // namespace ardent
