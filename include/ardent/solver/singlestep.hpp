// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief Singlestep solvers of orders 2 and 3 in the data form.

#include <ardent/solver/multistep.hpp>

namespace ardent {
inline namespace v0 {
namespace solver {

/// @brief DPM-Solver++ singlestep, order 2 (2S): from node s by the node half way in lambda to the node after.
///
/// With h = lambda_t - lambda_s, m at s and m' at the middle (r = its share of h):
/// x_mid = (sigma_mid / sigma_s) x + alpha_mid (1 - e^-rh) m,
/// x_t = (sigma_t / sigma_s) x + alpha_t (1 - e^-h) (m + (m' - m) / (2 r)).
/// Global order 2 in steps of two evaluations. Needs grid::subdivided<..., 2>.
/// Source: DPM-Solver++ (arXiv 2211.01095), algorithm 1.
struct singlestep_2 {
  static constexpr int slots = 2;                     ///< x and a saved state
  static constexpr int history = 2;                   ///< the newest output and the one before
  static constexpr bool reads_variance = false;       ///< no variance is asked of the network
  static constexpr bool stochastic = false;           ///< no row adds noise
  static constexpr path_need needs = path_need::any;  ///< any process
  static constexpr int parts = 2;                     ///< rows of a step
  static constexpr int least_steps = 2;               ///< one step of all its rows

  /// @brief Row k of n.
  /// @param nodes  n + 1 nodes, noisiest first
  /// @param n      number of steps
  /// @param k      in [0, n)
  /// @param from   what the denoiser predicts
  constexpr ardent::row<double, slots, history> row(node const* nodes, [[maybe_unused]] int n, int k,
                                                    prediction from) const {
    using detail::real;
    auto r = start_row<ardent::row<double, slots, history>>(nodes[k], from, prediction::x0);
    node const& next = nodes[k + 1];
    if (k % 2 == 0) {
      r.slot[0][0] = detail::data_form::carry(nodes[k], next).value;
      r.slot[1][0] = 1;
      r.model[0][0] = detail::data_form::first(nodes[k], next).value;
      return r;
    }
    node const& start = nodes[k - 1];
    const real s = half_logsnr(start);
    const real share = (real(half_logsnr(nodes[k])) - s) / (real(half_logsnr(next)) - s);
    const real first = detail::data_form::first(start, next);
    const real slope = first / (real(2) * share);
    r.slot[0][1] = detail::data_form::carry(start, next).value;
    r.model[0][0] = slope.value;
    r.model[0][1] = (first - slope).value;
    return r;
  }
};

/// @brief Singlestep order 3: from node s by the nodes a third and two thirds on in lambda.
///
/// x_1 = (sigma_1 / sigma_s) x + alpha_1 (1 - e^-h/3) m,
/// x_2 by the line through m at s and m_1, x_t by the line through m at s and m_2, each integrated exactly; with the
/// second point at two thirds that line is of order 3.
/// Global order 3 in steps of three evaluations. Needs grid::subdivided<..., 3>.
/// Source: DPM-Solver (arXiv 2206.00927), algorithm 2, in the data form.
struct singlestep_3 {
  static constexpr int slots = 2;                     ///< x and a saved state
  static constexpr int history = 3;                   ///< the newest output and two before
  static constexpr bool reads_variance = false;       ///< no variance is asked of the network
  static constexpr bool stochastic = false;           ///< no row adds noise
  static constexpr path_need needs = path_need::any;  ///< any process
  static constexpr int parts = 3;                     ///< rows of a step
  static constexpr int least_steps = 3;               ///< one step of all its rows

  /// @brief Row k of n.
  /// @param nodes  n + 1 nodes, noisiest first
  /// @param n      number of steps
  /// @param k      in [0, n)
  /// @param from   what the denoiser predicts
  constexpr ardent::row<double, slots, history> row(node const* nodes, [[maybe_unused]] int n, int k,
                                                    prediction from) const {
    using detail::real;
    auto r = start_row<ardent::row<double, slots, history>>(nodes[k], from, prediction::x0);
    const int part = k % 3;
    node const& start = nodes[k - part];
    node const& next = nodes[k + 1];
    if (part == 0) {
      r.slot[0][0] = detail::data_form::carry(start, next).value;
      r.slot[1][0] = 1;
      r.model[0][0] = detail::data_form::first(start, next).value;
      return r;
    }
    const real s = half_logsnr(start);
    const double h = (real(half_logsnr(next)) - s).value;
    const double at = (real(half_logsnr(nodes[k])) - s).value;
    const detail::exponential_weights e = detail::weights_for(h, 2, at, 0, -1);  // at offsets 0 and `at`
    r.slot[0][1] = detail::data_form::carry(start, next).value;
    r.slot[1][1] = 1;
    r.model[0][0] = (detail::data_form::scale(next) * e.of[1]).value;
    r.model[0][part] = (detail::data_form::scale(next) * e.of[0]).value;
    return r;
  }
};

}  // namespace solver
}  // namespace v0
}  // namespace ardent
