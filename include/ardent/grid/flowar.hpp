// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief The two-part grid of FlowAR.

#include <ardent/detail/evenly_spaced.hpp>
#include <ardent/grid/grid.hpp>

namespace ardent {
inline namespace v0 {
namespace grid {

/// @brief floor(n / 2) times evenly from 1 to 0.3, then floor(n / 2) + 1 evenly from 0.25 to 0; n = 50 is evenly spaced
/// from 1 to 0 instead. An odd n makes n - 1 steps: ask `effective_steps`.
///
/// Source: FlowAR's published sampler (arXiv 2412.15205), as annealed by DiSA (arXiv 2505.20297). n = 1 and the joint's
/// uneven step are its own; for a plain grid use grid::time_uniform.
struct flowar {
  static constexpr int least_steps = 2;     ///< fewest steps it can make
  static constexpr bool fixed_ends = true;  ///< 1 and 0, whatever the process's
  /// @brief K + 1.
  constexpr int most_nodes(int steps) const { return steps + 1; }
  /// @brief The nodes; returns 2 floor(n / 2) steps.
  /// @throws std::invalid_argument if n < 2
  template <continuous_process P>
  constexpr int nodes(int steps, P const& process, double const* table, node* out) const {
    if (steps < 2)
      throw std::invalid_argument("ardent::grid::flowar: expected at least 2 steps, found " + std::to_string(steps));
    if (steps == 50)
      return detail::nodes_at(steps, process, table, out, [](int k) { return detail::evenly_spaced(1, 0, 51, k); });
    const int half = steps / 2;
    return detail::nodes_at(2 * half, process, table, out, [&](int k) {
      if (half == 1 && k == 0) return 1.0;
      return k < half ? detail::evenly_spaced(1, 0.3, half, k) : detail::evenly_spaced(0.25, 0, half + 1, k - half);
    });
  }
};

}  // namespace grid
}  // namespace v0
}  // namespace ardent
