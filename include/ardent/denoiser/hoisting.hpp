// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief When a head computes its modulations ahead of the denoising steps.

#include <cstddef>

namespace ardent {
inline namespace v0 {

/// @brief When an AdaLN head computes shift, scale and gate of many denoising steps at once, on the host.
///
/// They depend on time and condition only, so those of all steps can be one large matrix product before the first step.
/// That removes reading (3 D + 2) W^2 weights at each step, not arithmetic: it pays where rows are few and a step is
/// bound by reading. docs/benchmarks/head.md has the measured crossover.
struct hoisting {
  std::size_t bytes = std::size_t{256} << 20;  ///< memory for modulations; more steps are computed in parts
  int most_rows = 32;                          ///< with more network rows on a tile, each step computes its own

  /// @brief Steps that are computed at once, in [1, steps].
  /// @param rows       network rows of a tile
  /// @param steps      denoising steps of the trajectory, at least 1
  /// @param row_bytes  memory for a row and step
  constexpr int steps(int rows, int steps, std::size_t row_bytes) const {
    if (rows > most_rows || rows < 1) return 1;
    const std::size_t fit = bytes / (row_bytes * static_cast<std::size_t>(rows));
    return fit < 1 ? 1 : fit < static_cast<std::size_t>(steps) ? static_cast<int>(fit) : steps;
  }
};

/// @brief No step's modulations ahead of it.
inline constexpr hoisting in_loop{0, 0};

}  // namespace v0
}  // namespace ardent
