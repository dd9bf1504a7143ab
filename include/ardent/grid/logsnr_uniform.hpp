// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief K steps of equal length in half the log signal-to-noise ratio.

#include <ardent/grid/grid.hpp>

namespace ardent {
inline namespace v0 {
namespace grid {

/// @brief K + 1 times at which lambda = log(alpha / sigma) is evenly spaced from the process's start to its end. It is
/// also the "exponential" grid: log(sigma / alpha) = -lambda is evenly spaced.
///
/// Both ends must have signal and noise. A flow's t = 1 and t = 0 do not: bound the grid with grid::between, on both
/// sides.
/// Source: DPM-Solver (arXiv 2206.00927), section 3.3, skip type "logSNR".
struct logsnr_uniform {
  /// @brief K + 1.
  constexpr int most_nodes(int steps) const { return steps + 1; }
  /// @brief The K + 1 nodes.
  /// @throws std::invalid_argument if an end has no signal or no noise
  template <continuous_process P>
  constexpr int nodes(int steps, P const& process, double const* table, node* out) const {
    using detail::real;
    const real start = detail::grid_logsnr("logsnr_uniform", process.at(table, process.start_time()));
    const real end = detail::grid_logsnr("logsnr_uniform", process.at(table, process.end_time()));
    return detail::nodes_at(steps, process, table, out, [&](int k) {
      if (k == 0) return process.start_time();
      if (k == steps) return process.end_time();
      return process.time_of(table, (start + (end - start) * real(k) / real(steps)).value);
    });
  }
};

/// @brief Evenly spaced log(sigma / alpha): the same grid under the name of k-diffusion.
using exponential = logsnr_uniform;

}  // namespace grid
}  // namespace v0
}  // namespace ardent
