// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief K steps of equal length in time.

#include <ardent/grid/grid.hpp>

namespace ardent {
inline namespace v0 {
namespace grid {

/// @brief K + 1 evenly spaced times from the process's start_time() down to its end_time().
/// Source: DPM-Solver (arXiv 2206.00927), skip type "time_uniform".
struct time_uniform {
  /// @param steps    K, at least 1
  /// @param process  gives start_time() and end_time()
  /// @param out      K + 1 times, descending
  template <class Process>
  constexpr void times(int steps, Process const& process, double* out) const
    requires requires {
      process.start_time();
      process.end_time();
    }
  {
    using detail::real;
    const real start = process.start_time();
    const real end = process.end_time();
    for (int k = 0; k <= steps; ++k) out[k] = (start + (end - start) * real(k) / real(steps)).value;
    out[steps] = end.value;
  }
};

}  // namespace grid
}  // namespace v0
}  // namespace ardent
