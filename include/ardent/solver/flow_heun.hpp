// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief Heun's method on a flow's velocity.

#include <ardent/solver/row.hpp>

namespace ardent {
inline namespace v0 {
namespace solver {

/// @brief x~ = x + h v(x, t), x' = x + h / 2 (v(x, t) + v(x~, t')), h = t' - t: two evaluations a step.
///
/// A last step to the noiseless end is Euler's, so that the denoiser is never asked there: n steps take 2 n - 1
/// evaluations, or 2 n if the end has noise. Global order 2 either way.
/// Source: Karras et al. (arXiv 2206.00364), algorithm 1, on the velocity.
struct flow_heun {
  static constexpr int slots = 2;                          ///< x and a saved state
  static constexpr int history = 2;                        ///< the newest output and the one before
  static constexpr bool reads_variance = false;            ///< no variance is asked of the network
  static constexpr bool stochastic = false;                ///< no row adds noise
  static constexpr path_need needs = path_need::velocity;  ///< a real time, in which x moves
  static constexpr prediction native(prediction) { return prediction::velocity; }  ///< whatever the denoiser predicts

  /// @brief Rows of n steps.
  constexpr int evaluations(node const* nodes, int n) const { return nodes[n].sigma > 0 ? 2 * n : 2 * n - 1; }

  /// @brief Row k.
  /// @param nodes  n + 1 nodes, noisiest first
  /// @param n      number of steps
  /// @param k      in [0, evaluations(nodes, n)): even rows predict, odd rows correct
  /// @param from   what the denoiser predicts
  constexpr ardent::row<double, slots, history> row(node const* nodes, int n, int k, prediction from) const {
    using detail::real;
    const int step = k / 2;
    const bool predicts = k % 2 == 0;
    auto r = start_row<ardent::row<double, slots, history>>(nodes[predicts ? step : step + 1], from, native(from));
    const real h = real(nodes[step + 1].time) - real(nodes[step].time);
    static_cast<void>(n);
    if (predicts) {
      r.slot[0][0] = 1;
      r.slot[1][0] = 1;
      r.model[0][0] = h.value;
    } else {
      r.slot[0][1] = 1;
      r.model[0][0] = (h / real(2)).value;
      r.model[0][1] = r.model[0][0];
    }
    return r;
  }
};

}  // namespace solver
}  // namespace v0
}  // namespace ardent
