// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief The two-part grid of FlowAR.

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
  /// @brief K + 1.
  constexpr int most_nodes(int steps) const { return steps + 1; }
  /// @brief The nodes; returns 2 floor(n / 2) steps.
  /// @throws std::invalid_argument if n < 2
  template <continuous_process P>
  constexpr int nodes(int steps, P const& process, double const* table, node* out) const {
    using detail::real;
    if (steps < 2)
      throw std::invalid_argument("ardent::grid::flowar: expected at least 2 steps, found " + std::to_string(steps));
    const auto spaced = [](double from, double to, int count, int i) {
      if (count > 1 && i == count - 1) return to;
      return count == 1 ? from : (real(from) + real(i) * ((real(to) - real(from)) / real(count - 1))).value;
    };
    if (steps == 50)
      return detail::nodes_at(steps, process, table, out, [&](int k) { return spaced(1, 0, 51, k); });
    const int half = steps / 2;
    return detail::nodes_at(2 * half, process, table, out, [&](int k) {
      return k < half ? spaced(1, 0.3, half, k) : spaced(0.25, 0, half + 1, k - half);
    });
  }
};

}  // namespace grid
}  // namespace v0
}  // namespace ardent
