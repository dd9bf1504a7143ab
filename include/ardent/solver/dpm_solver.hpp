// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief DPM-Solver and DPM-Solver++ of order 1.

#include <ardent/solver/row.hpp>

namespace ardent {
inline namespace v0 {
namespace solver {

/// @brief DPM-Solver-1: the exponential integrator of order 1 in lambda, in the noise form.
///
/// Row (m = epsilon, h = lambda' - lambda): a = alpha' / alpha, b_0 = -sigma' (e^h - 1) =
/// sigma' - sigma alpha' / alpha, which has a limit at sigma' = 0.
///
/// Source: DPM-Solver (arXiv 2206.00927), equation 4.2. Global order 1. Equal to DDIM with eta = 0.
struct dpm_solver_1 {
  static constexpr int slots = 1;
  static constexpr int history = 1;
  static constexpr bool reads_variance = false;
  static constexpr bool stochastic = false;

  /// @brief Row k of n.
  /// @param nodes  n + 1 nodes, noisiest first
  /// @param n      number of steps, at least 1
  /// @param k      in [0, n)
  /// @param from   what the denoiser predicts
  constexpr ardent::row<double> row(node const* nodes, [[maybe_unused]] int n, int k, prediction from) const {
    using detail::real;
    node const& now = nodes[k];
    node const& next = nodes[k + 1];
    auto r = start_row(now, from, prediction::epsilon);
    r.slot[0][0] = (real(next.alpha) / real(now.alpha)).value;
    if (next.sigma > 0) {
      const double h = half_logsnr(next) - half_logsnr(now);
      r.model[0][0] = -(real(next.sigma) * real(detail::expm1(h))).value;
    } else {
      r.model[0][0] = -(real(now.sigma) * real(next.alpha) / real(now.alpha)).value;
    }
    return r;
  }
};

/// @brief DPM-Solver++-1: the same integrator in the data form.
///
/// Row (m = x0, h = lambda' - lambda): a = sigma' / sigma, b_0 = alpha' (1 - e^-h); at sigma' = 0 the limit x0.
///
/// Source: DPM-Solver++ (arXiv 2211.01095), equation 8. Global order 1. Equal to DDIM with eta = 0.
struct dpm_solver_pp_1 {
  static constexpr int slots = 1;
  static constexpr int history = 1;
  static constexpr bool reads_variance = false;
  static constexpr bool stochastic = false;

  /// @brief Row k of n.
  /// @param nodes  n + 1 nodes, noisiest first
  /// @param n      number of steps, at least 1
  /// @param k      in [0, n)
  /// @param from   what the denoiser predicts
  constexpr ardent::row<double> row(node const* nodes, [[maybe_unused]] int n, int k, prediction from) const {
    using detail::real;
    node const& now = nodes[k];
    node const& next = nodes[k + 1];
    auto r = start_row(now, from, prediction::x0);
    r.slot[0][0] = (real(next.sigma) / real(now.sigma)).value;
    if (next.sigma > 0) {
      const double h = half_logsnr(next) - half_logsnr(now);
      r.model[0][0] = -(real(next.alpha) * real(detail::expm1(-h))).value;
    } else {
      r.model[0][0] = next.alpha;
    }
    return r;
  }
};

}  // namespace solver
}  // namespace v0
}  // namespace ardent
