// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief K steps of equal length in time.

#include <ardent/grid/grid.hpp>

namespace ardent {
inline namespace v0 {
namespace grid {

/// @brief K + 1 evenly spaced times from the process's start_time() to its end_time().
/// Source: DPM-Solver (arXiv 2206.00927), skip type "time_uniform".
struct time_uniform {
  /// @brief K + 1.
  constexpr int most_nodes(int steps) const { return steps + 1; }
  /// @brief The K + 1 nodes.
  template <continuous_process P>
  constexpr int nodes(int steps, P const& process, double const* table, node* out) const {
    using detail::real;
    const real start = process.start_time();
    const real end = process.end_time();
    return detail::nodes_at(steps, process, table, out, [&](int k) {
      return k == steps ? end.value : (start + (end - start) * real(k) / real(steps)).value;
    });
  }
};

}  // namespace grid
}  // namespace v0
}  // namespace ardent
