// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief The Adams-Bashforth method of order 2 on a flow's velocity.

#include <ardent/solver/row.hpp>

namespace ardent {
inline namespace v0 {
namespace solver {

/// @brief x' = x + h ((1 + r / 2) v_0 - (r / 2) v_1), h = t' - t, r the ratio of h to the step before; the first step
/// is Euler's.
///
/// Global order 2, with steps of any lengths.
/// Source: Hairer, Norsett, Wanner, Solving ordinary differential equations I, section III.5, equation 5.1 with k = 2.
struct flow_ab2 {
  static constexpr int slots = 1;                          ///< x alone
  static constexpr int history = 2;                        ///< the newest output and the one before
  static constexpr bool reads_variance = false;            ///< no variance is asked of the network
  static constexpr bool stochastic = false;                ///< no row adds noise
  static constexpr path_need needs = path_need::velocity;  ///< a real time, in which x moves
  static constexpr bool keeps_state = true;                ///< the coefficient of x is always 1
  static constexpr prediction native(prediction) { return prediction::velocity; }  ///< whatever the denoiser predicts
  static constexpr int least_steps = 2;                                            ///< one would be Euler's

  /// @brief Row k of n.
  /// @param nodes  n + 1 nodes, noisiest first
  /// @param n      number of steps
  /// @param k      in [0, n)
  /// @param from   what the denoiser predicts
  constexpr ardent::row<double, slots, history> row(node const* nodes, [[maybe_unused]] int n, int k,
                                                    prediction from) const {
    using detail::real;
    auto r = start_row<ardent::row<double, slots, history>>(nodes[k], from, native(from));
    const real h = real(nodes[k + 1].time) - real(nodes[k].time);
    r.slot[0][0] = 1;
    r.model[0][0] = h.value;
    if (k > 0) {
      const real half_ratio = h / (real(nodes[k].time) - real(nodes[k - 1].time)) / real(2);
      r.model[0][0] = (h * (real(1) + half_ratio)).value;
      r.model[0][1] = -(h * half_ratio).value;
    }
    return r;
  }
};

}  // namespace solver
}  // namespace v0
}  // namespace ardent
