// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief Euler's method on a flow's velocity.

#include <ardent/solver/row.hpp>

namespace ardent {
inline namespace v0 {
namespace solver {

/// @brief x' = x + (t' - t) velocity.
///
/// Global order 1. On the linear path, and only there, it equals DDIM with eta = 0.
/// Source: Lipman et al., Flow matching (arXiv 2210.02747), section 2; FlowAR's and xAR's deterministic sampler.
struct flow_euler {
  static constexpr int slots = 1;                          ///< x alone
  static constexpr int history = 1;                        ///< the newest output alone
  static constexpr bool reads_variance = false;            ///< no variance is asked of the network
  static constexpr bool stochastic = false;                ///< no row adds noise
  static constexpr path_need needs = path_need::velocity;  ///< a real time, in which x moves
  static constexpr bool keeps_state = true;                ///< the coefficient of x is always 1
  static constexpr prediction native(prediction) { return prediction::velocity; }  ///< whatever the denoiser predicts

  /// @brief Row k of n.
  /// @param nodes  n + 1 nodes, noisiest first
  /// @param n      number of steps
  /// @param k      in [0, n)
  /// @param from   what the denoiser predicts
  constexpr ardent::row<double, slots, history> row(node const* nodes, [[maybe_unused]] int n, int k,
                                                    prediction from) const {
    using detail::real;
    auto r = start_row(nodes[k], from, native(from));
    r.slot[0][0] = 1;
    r.model[0][0] = nodes[k + 1].time - nodes[k].time;
    return r;
  }
};

}  // namespace solver
}  // namespace v0
}  // namespace ardent
