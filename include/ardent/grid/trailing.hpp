// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief Evenly strided training steps from the noisy end.

#include <ardent/grid/grid.hpp>

namespace ardent {
inline namespace v0 {
namespace grid {

/// @brief Step i of K, counted from the noisy end, stands at round(T - i T / K) - 1, halves to even: the noisiest step
/// T - 1 is always visited.
///
/// Source: Lin et al., Common diffusion noise schedules and sample steps are flawed (arXiv 2305.08891), table 2.
struct trailing {
  /// @param steps            K, in [1, T]
  /// @param train_timesteps  T
  /// @param out              K integers, ascending
  constexpr void timesteps(int steps, int train_timesteps, int* out) const {
    const double stride = static_cast<double>(train_timesteps) / steps;
    for (int i = 0; i < steps; ++i) {
      const int t = detail::nearest_even(train_timesteps - detail::rounded(i * stride)) - 1;
      out[steps - 1 - i] = t < 0 ? 0 : t;
    }
  }
};

}  // namespace grid
}  // namespace v0
}  // namespace ardent
