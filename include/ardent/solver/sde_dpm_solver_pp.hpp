// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief SDE-DPM-Solver++ of orders 1 and 2: the stochastic multistep solver in the data form.

#include <ardent/solver/multistep.hpp>

namespace ardent {
inline namespace v0 {
namespace solver {

/// @brief Multistep solver of the reverse SDE in the data form (m = x0).
///
/// With h = lambda' - lambda, D = (m_0 - m_1) / r_0:
/// x' = (sigma' / sigma) e^-h x + alpha' (1 - e^-2h) m_0 + sigma' sqrt(1 - e^-2h) z for order 1;
/// order 2 adds alpha' (1 - e^-2h) D / 2 (midpoint) or alpha' (1 - (1 - e^-2h) / (2 h)) D (Heun). Order 2 starts with
/// order 1. A step to the noiseless end is m_0. Weak global order: Order.
///
/// Source: DPM-Solver++ (arXiv 2211.01095), section 5 and appendix B.5.
///
/// @tparam Order            1 or 2
/// @tparam Form             of order 2: midpoint or heun
/// @tparam FinalOrderBelow  with fewer steps than this, the last step has order 1
template <int Order, multistep_form Form = multistep_form::midpoint, int FinalOrderBelow = never>
class sde_dpm_solver_pp {
  static_assert(Order == 1 || Order == 2, "ardent::solver::sde_dpm_solver_pp: there is no such order. Use 1 or 2.");
  static_assert(Form != multistep_form::published,
                "ardent::solver::sde_dpm_solver_pp: there is no such form. Use midpoint or heun.");

 public:
  static constexpr int slots = 1;                                            ///< x alone
  static constexpr int history = Order;                                      ///< as many outputs as its order
  static constexpr bool reads_variance = false;                              ///< no variance is asked of the network
  static constexpr bool stochastic = true;                                   ///< rows add noise
  static constexpr path_need needs = path_need::any;                         ///< any process
  static constexpr int least_steps = Order;                                  ///< fewer do not reach the order
  static constexpr prediction native(prediction) { return prediction::x0; }  ///< whatever the denoiser predicts

  /// @brief Row k of n.
  /// @param nodes  n + 1 nodes, noisiest first
  /// @param n      number of steps
  /// @param k      in [0, n)
  /// @param from   what the denoiser predicts
  constexpr ardent::row<double, slots, history> row(node const* nodes, int n, int k, prediction from) const {
    using detail::real;
    node const& now = nodes[k];
    node const& next = nodes[k + 1];
    auto r = start_row<ardent::row<double, slots, history>>(now, from, native(from));
    // e^-h = sigma' alpha / (sigma alpha'): it has limits at both ends
    const real decay = real(next.sigma) * real(now.alpha) / (real(now.sigma) * real(next.alpha));
    const bool finite = detail::has_lambda(now) && detail::has_lambda(next);
    const double h = finite ? (real(half_logsnr(next)) - real(half_logsnr(now))).value : 0.0;
    const real gone = finite ? real(-detail::expm1(-2 * h)) : real(1) - decay * decay;
    real first = real(next.alpha) * gone;
    r.slot[0][0] = (real(next.sigma) / real(now.sigma) * decay).value;
    r.noise = (real(next.sigma) * real(detail::sqrt(gone.value))).value;
    if constexpr (Order == 2) {
      const bool full = k > 0 && finite && detail::has_lambda(nodes[k - 1]) && !(n < FinalOrderBelow && k == n - 1);
      if (full) {
        const real r0 = (real(half_logsnr(now)) - real(half_logsnr(nodes[k - 1]))) / real(h);
        const real slope = Form == multistep_form::midpoint ? real(0.5) * real(next.alpha) * gone
                                                            : real(next.alpha) * (real(1) - gone / (real(2) * real(h)));
        r.model[0][1] = -(slope / r0).value;
        first = first + slope / r0;
      }
    }
    r.model[0][0] = first.value;
    return r;
  }
};

}  // namespace solver
}  // namespace v0
}  // namespace ardent
