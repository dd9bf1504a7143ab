// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief The Euler-Maruyama method on a flow's SDE.

#include <ardent/solver/row.hpp>

namespace ardent {
inline namespace v0 {
namespace solver {

/// @brief x' = x + h d + sqrt(2 t |h|) z, d = v - t s, with the score s = -((1 - t) v + x) / t of the linear path:
/// d = (2 - t) v + x. A last step to t = 0 takes the drift without noise.
///
/// Weak global order 1 while it stays away from t = 0, where the score is singular.
/// Source: Ma et al., SiT (arXiv 2401.08740), equation 10 with w = 2 t; xAR's sampler (arXiv 2502.20388).
struct flow_euler_maruyama {
  static constexpr int slots = 1;                             ///< x alone
  static constexpr int history = 1;                           ///< the newest output alone
  static constexpr bool reads_variance = false;               ///< no variance is asked of the network
  static constexpr bool stochastic = true;                    ///< rows add noise
  static constexpr path_need needs = path_need::linear_flow;  ///< alpha = 1 - t, sigma = t
  static constexpr prediction native(prediction) { return prediction::velocity; }  ///< whatever the denoiser predicts

  /// @brief Row k of n.
  /// @param nodes  n + 1 nodes, noisiest first
  /// @param n      number of steps
  /// @param k      in [0, n)
  /// @param from   what the denoiser predicts
  constexpr ardent::row<double, slots, history> row(node const* nodes, [[maybe_unused]] int n, int k,
                                                    prediction from) const {
    using detail::real;
    node const& now = nodes[k];
    node const& next = nodes[k + 1];
    auto r = start_row(now, from, native(from));
    const real h = real(next.time) - real(now.time);
    r.slot[0][0] = (real(1) + h).value;
    r.model[0][0] = (h * (real(2) - real(now.time))).value;
    if (next.sigma > 0) r.noise = detail::sqrt(-(real(2) * real(now.time) * h).value);
    return r;
  }
};

}  // namespace solver
}  // namespace v0
}  // namespace ardent
