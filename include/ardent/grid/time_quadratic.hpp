// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief K steps whose times are evenly spaced squares.

#include <ardent/grid/grid.hpp>

namespace ardent {
inline namespace v0 {
namespace grid {

/// @brief K + 1 times whose square roots are evenly spaced from the process's start_time() to its end_time(): shorter
/// steps near the clean end.
/// Source: DPM-Solver (arXiv 2206.00927), skip type "time_quadratic", after DDIM (arXiv 2010.02502), appendix D.2.
struct time_quadratic {
  /// @brief K + 1.
  constexpr int most_nodes(int steps) const { return steps + 1; }
  /// @brief The K + 1 nodes.
  template <continuous_process P>
  constexpr int nodes(int steps, P const& process, double const* table, node* out) const {
    using detail::real;
    const real start = detail::sqrt(process.start_time());
    const real end = detail::sqrt(process.end_time());
    return detail::nodes_at(steps, process, table, out, [&](int k) {
      if (k == 0) return process.start_time();
      if (k == steps) return process.end_time();
      const real root = start + (end - start) * real(k) / real(steps);
      return (root * root).value;
    });
  }
};

}  // namespace grid
}  // namespace v0
}  // namespace ardent
