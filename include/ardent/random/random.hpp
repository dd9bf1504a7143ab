// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief What a source of randomness is: noise and order keys looked up by what they are for.

#include <ardent/config.hpp>

#include <concepts>
#include <cstdint>

namespace ardent {
inline namespace v0 {

/// @brief What a random number is for; part of its key.
enum class noise_domain : std::uint32_t {
  start = 0,    ///< where a token's trajectory starts
  step = 1,     ///< noise added by a denoising step
  order = 2,    ///< order keys
  accept = 3,   ///< acceptance tests of speculative methods
  propose = 4,  ///< what speculative methods draw in place of a refused token
};

/// @brief The meaning of four normal numbers (four consecutive channels, from 4 * quad on).
///
/// Starting noise is keyed by image and position only, so that runs with other orders, AR steps or denoising steps
/// start every token from the same noise.
struct noise_key {
  noise_domain domain = noise_domain::step;  ///< what the numbers are for
  std::uint32_t image = 0;                   ///< index of the image, over all batches
  std::uint32_t position = 0;                ///< raster position of the token
  int ar_step = 0;                           ///< AR step, in [0, 65536)
  int step = 0;                              ///< denoising step of the AR step, 0 the noisiest, in [0, 65536)
  int row = 0;                               ///< row of the token within the AR step (images in turn, raster order)
  int channels = 0;                          ///< channels of a token
};

/// @brief Four numbers of type float.
struct quad {
  float value[4];  ///< for channels 4q, 4q + 1, 4q + 2, 4q + 3
};

/// @brief A source of randomness: a small value that kernels copy.
///
/// - `normal(key, q)`: standard normal numbers for channels 4 q ... 4 q + 3 (those past `channels` are not used).
/// - `order_key(image, position)`: tokens of an image are drawn in ascending order of it. Keys of an image differ.
template <class R>
concept random_source = requires(R const& r, noise_key const& key, std::uint32_t i) {
  { r.normal(key, 0) } -> std::same_as<quad>;
  { r.order_key(i, i) } -> std::same_as<std::uint64_t>;
};

}  // namespace v0
}  // namespace ardent
