// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief Evenly spaced training steps with both ends.

#include <ardent/grid/grid.hpp>

namespace ardent {
inline namespace v0 {
namespace grid {

/// @brief Step i of K stands at round(i (T - 1) / (K - 1)), each product rounded once, halves to even; a single step at
/// T - 1. (grid::respaced adds the stride up instead, as improved DDPM does, and may differ by one step.)
struct linspace {
  /// @param steps            K, in [1, T]
  /// @param train_timesteps  T
  /// @param out              K integers, ascending
  constexpr void timesteps(int steps, int train_timesteps, int* out) const {
    if (steps == 1) {
      out[0] = train_timesteps - 1;
      return;
    }
    const double stride = static_cast<double>(train_timesteps - 1) / (steps - 1);
    for (int i = 0; i < steps; ++i)
      out[i] = i == steps - 1 ? train_timesteps - 1 : detail::nearest_even(detail::rounded(i * stride));
  }
};

}  // namespace grid
}  // namespace v0
}  // namespace ardent
