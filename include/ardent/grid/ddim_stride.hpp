// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief DDIM's integer stride.

#include <ardent/grid/grid.hpp>

namespace ardent {
inline namespace v0 {
namespace grid {

/// @brief Step i of K stands at training step i s, with the smallest integer stride s that has exactly K multiples
/// below n; n is T, or the largest smaller number for which there is such a stride.
///
/// The grid does not reach the noisiest training step: with T = 1000 and K = 50 it starts at 980.
///
/// Source: DDIM (arXiv 2010.02502), appendix D.2, "linear" selection, as in improved DDPM's "ddimK".
struct ddim_stride {
  /// @param steps            K, in [1, T]
  /// @param train_timesteps  T
  /// @param out              K integers, ascending
  constexpr void timesteps(int steps, int train_timesteps, int* out) const {
    const int stride = stride_for(steps, train_timesteps);
    for (int i = 0; i < steps; ++i) out[i] = i * stride;
  }

  /// @brief The stride s for K of T steps; K in [1, T].
  static constexpr int stride_for(int steps, int train_timesteps) {
    for (int n = train_timesteps; n > steps; --n) {
      // multiples of s below n: ceil(n / s). The smallest s with at most K of them is ceil(n / K).
      const int stride = (n + steps - 1) / steps;
      if ((n + stride - 1) / stride == steps) return stride;
    }
    return 1;
  }
};

}  // namespace grid
}  // namespace v0
}  // namespace ardent
