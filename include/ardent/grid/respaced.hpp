// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief Improved DDPM's respacing: K of T training steps, evenly spread with both ends.

#include <ardent/grid/grid.hpp>

namespace ardent {
inline namespace v0 {
namespace grid {

/// @brief Step i of K stands at training step round(i (T - 1) / (K - 1)): the stride is added up from 0 in double and
/// each sum is rounded, halves to even.
///
/// K = 1 visits the noisiest step T - 1. (Published code then visits step 0 alone, which would treat pure noise as a
/// nearly clean token.)
///
/// Source: Improved DDPM (arXiv 2102.09672), section 4.
struct respaced {
  /// @param steps            K, in [1, T]
  /// @param train_timesteps  T
  /// @param out              K integers, ascending
  constexpr void timesteps(int steps, int train_timesteps, int* out) const {
    if (steps == 1) {
      out[0] = train_timesteps - 1;
      return;
    }
    const double stride = static_cast<double>(train_timesteps - 1) / (steps - 1);
    double place = 0;
    for (int i = 0; i < steps; ++i) {
      out[i] = detail::nearest_even(place);
      place += stride;
    }
  }
};

}  // namespace grid
}  // namespace v0
}  // namespace ardent
