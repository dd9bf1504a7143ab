// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief The cosine noise process over real time.

#include <ardent/process/process.hpp>

namespace ardent {
inline namespace v0 {
namespace process {

/// @brief abar(t) = f(t) / f(0), f(t) = cos^2((t + 0.008) / 1.008 * pi / 2), t in (0, 1): improved DDPM's schedule in
/// closed form, without the cap of the last betas.
///
/// Sampling starts at t = 0.9946, where published solvers stop short of the singular end, and ends at 0.001. The
/// denoiser is told 1000 t.
///
/// Source: Nichol and Dhariwal (arXiv 2102.09672), equation 17; the ends as in DPM-Solver (arXiv 2206.00927), appendix
/// D.1.
struct cosine_continuous {
  static constexpr bool discrete_time = false;                              ///< times are real
  static constexpr path_kind path = path_kind::smooth_variance_preserving;  ///< alpha^2 + sigma^2 = 1, with rates

  constexpr double start_time() const { return 0.9946; }  ///< nearly pure noise
  constexpr double end_time() const { return 1e-3; }      ///< nearly clean
  constexpr int table_size() const { return 0; }          ///< no table
  constexpr void fill_table(double*) const {}             ///< nothing

  /// @brief The node at t in (0, 1).
  constexpr node at(double const*, double t) const {
    using detail::real;
    const real scale = detail::pi / 2 / 1.008;
    const real start = scale * real(0.008);
    const real angle = scale * real(t) + start;
    const real alpha = real(detail::cos(angle.value)) / real(detail::cos(start.value));
    // sin^2(a) - sin^2(b) = sin(a + b) sin(a - b): no cancellation near t = 0
    const real square = real(detail::sin((angle + start).value)) * real(detail::sin((scale * real(t)).value));
    const real sigma = real(detail::sqrt(square.value)) / real(detail::cos(start.value));
    const real rate = -(scale * real(detail::sin(angle.value)) / real(detail::cos(start.value)));
    return {(real(1000) * real(t)).value,
            (alpha * alpha).value,
            alpha.value,
            sigma.value,
            rate.value,
            sigma.value == 0 ? 0.0 : (-(alpha * rate) / sigma).value,
            t};
  }
  /// @brief The time at which half_logsnr is lambda: alpha = (1 + e^(-2 lambda))^(-1/2).
  constexpr double time_of(double const*, double lambda) const {
    using detail::real;
    const real start = detail::pi / 2 * 0.008 / 1.008;
    const double alpha = (real(1) / real(detail::sqrt((real(1) + real(detail::exp(-2 * lambda))).value))).value;
    const real angle = detail::acos((real(alpha) * real(detail::cos(start.value))).value);
    return ((angle - start) * real(1.008) / real(detail::pi / 2)).value;
  }
};

}  // namespace process
}  // namespace v0
}  // namespace ardent
