// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief The cosine path of flows: x = cos(pi t / 2) x0 + sin(pi t / 2) epsilon.

#include <ardent/process/process.hpp>

namespace ardent {
inline namespace v0 {
namespace process {

/// @brief alpha = cos(pi t / 2), sigma = sin(pi t / 2), t from 1 (noise) to 0; alpha^2 + sigma^2 = 1. The denoiser is
/// told t.
///
/// Source: Albergo et al., Stochastic interpolants (arXiv 2303.08797), the trigonometric interpolant; Ma et al., SiT
/// (arXiv 2401.08740), "GVP".
struct flow_cosine {
  static constexpr bool discrete_time = false;                              ///< times are real
  static constexpr path_kind path = path_kind::smooth_variance_preserving;  ///< alpha^2 + sigma^2 = 1, with rates
  static constexpr bool ends_in_pure_noise = true;                          ///< alpha = 0 at t = 1

  constexpr double start_time() const { return 1; }  ///< pure noise
  constexpr double end_time() const { return 0; }    ///< the token
  constexpr int table_size() const { return 0; }     ///< no table
  constexpr void fill_table(double*) const {}        ///< nothing

  /// @brief The node at t in [0, 1].
  constexpr node at(double const*, double t) const {
    using detail::real;
    const real half_pi = detail::pi / 2;
    const real angle = half_pi * real(t);
    // at t = 1 the cosine is exactly 0, which no double angle gives
    const real alpha = t == 1 ? 0.0 : detail::cos(angle.value);
    const real sigma = detail::sin(angle.value);
    return path_node(t, alpha.value, sigma.value, -(half_pi * sigma).value, (half_pi * alpha).value);
  }
  /// @brief t = 2 / pi atan(e^-lambda).
  constexpr double time_of(double const*, double lambda) const {
    return 2 / detail::pi * detail::atan(detail::exp(-lambda));
  }
};

}  // namespace process
}  // namespace v0
}  // namespace ardent
