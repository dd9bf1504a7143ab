// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief The linear path of rectified flows: x = (1 - t) x0 + t epsilon.

#include <ardent/process/process.hpp>

namespace ardent {
inline namespace v0 {
namespace process {

/// @brief alpha = 1 - t, sigma = t, t from 1 (noise) to 0. The denoiser is told t.
///
/// Source: Lipman et al., Flow matching (arXiv 2210.02747), example II; Liu et al., Rectified flow (arXiv 2209.03003).
/// Used by FlowAR (arXiv 2412.15205) and xAR (arXiv 2502.20388).
struct flow_linear {
  static constexpr bool discrete_time = false;               ///< times are real
  static constexpr path_kind path = path_kind::linear_flow;  ///< alpha = 1 - t, sigma = t
  static constexpr bool ends_in_pure_noise = true;           ///< alpha = 0 at t = 1

  constexpr double start_time() const { return 1; }  ///< pure noise
  constexpr double end_time() const { return 0; }    ///< the token
  constexpr int table_size() const { return 0; }     ///< no table
  constexpr void fill_table(double*) const {}        ///< nothing

  /// @brief The node at t in [0, 1].
  constexpr node at(double const*, double t) const { return path_node(t, 1 - t, t, -1, 1); }
  /// @brief t = 1 / (1 + e^lambda).
  constexpr double time_of(double const*, double lambda) const { return 1 / (1 + detail::exp(lambda)); }
};

}  // namespace process
}  // namespace v0
}  // namespace ardent
