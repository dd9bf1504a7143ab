// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief UniPC of order 2: a predictor and a corrector from the same evaluations.

#include <ardent/solver/multistep.hpp>

namespace ardent {
inline namespace v0 {
namespace solver {

/// @brief UniPC-2 in the data form (m = x0), with the function B(h) = e^-h - 1 ("bh2").
///
/// Each evaluation, at the predicted x, first corrects x at that node by the outputs at it and at the two nodes before
/// (UniC-2; the first time, by two outputs), then predicts the next node by the last two outputs (UniP-2; the first
/// time, by one). Slot 1 holds the corrected x. The two are composed into one row, so n steps take n evaluations. The
/// last prediction is not corrected. A step to the noiseless end is m_0.
///
/// Order convention: UniPC-p names the order p of the predictor; the corrector raises the method's global order to
/// p + 1. Global order here: 3, if both ends have signal and noise and FinalOrderBelow does not apply.
///
/// Source: UniPC (arXiv 2302.04867), algorithms 5 to 8 and section 3.3.
///
/// @tparam FinalOrderBelow  with fewer steps than this, the last step is predicted by one output
template <int FinalOrderBelow = never>
class unipc_2 {
 public:
  static constexpr int slots = 2;                     ///< the predicted x and the corrected one
  static constexpr int history = 3;                   ///< the newest output and two before
  static constexpr bool reads_variance = false;       ///< no variance is asked of the network
  static constexpr bool stochastic = false;           ///< no row adds noise
  static constexpr path_need needs = path_need::any;  ///< any process
  static constexpr int least_steps = 2;               ///< the corrector needs an output before

  /// @brief Row k of n.
  /// @param nodes  n + 1 nodes, noisiest first
  /// @param n      number of steps
  /// @param k      in [0, n)
  /// @param from   what the denoiser predicts
  constexpr ardent::row<double, slots, history> row(node const* nodes, int n, int k, prediction from) const {
    using detail::real;
    auto r = start_row<ardent::row<double, slots, history>>(nodes[k], from, prediction::x0);
    const detail::step_weights p = predict(nodes, n, k);
    const bool corrected = k > 0 && detail::has_lambda(nodes[k - 1]) && detail::has_lambda(nodes[k]);
    if (!corrected) {
      r.slot[0][0] = p.carry.value;
      r.slot[1][0] = 1;
      for (int j = 0; j < history; ++j) r.model[0][j] = p.of[j].value;
      return r;
    }
    const detail::step_weights c = correct(nodes, k);
    r.slot[1][1] = c.carry.value;
    r.slot[0][1] = (p.carry * c.carry).value;
    for (int j = 0; j < history; ++j) {
      r.model[1][j] = c.of[j].value;
      r.model[0][j] = (p.carry * c.of[j] + p.of[j]).value;
    }
    return r;
  }

 private:
  using real = detail::real;

  /// From node k to k + 1 by the outputs at k and k - 1.
  static constexpr detail::step_weights predict(node const* nodes, int n, int k) {
    const bool last_is_low = n < FinalOrderBelow && k == n - 1;
    const bool two = k > 0 && !last_is_low && detail::has_lambda(nodes[k + 1]) && detail::has_lambda(nodes[k - 1]);
    // order 2 with weight 1/2 on the difference and B = e^-h - 1 is the midpoint form
    return detail::published_step<detail::data_form>(nodes, k, two ? 2 : 1, multistep_form::midpoint);
  }

  /// From node k - 1 to k once more, by the outputs at k (m_0), k - 1 (m_1) and, from the second time on, k - 2 (m_2).
  static constexpr detail::step_weights correct(node const* nodes, int k) {
    node const& start = nodes[k - 1];
    node const& end = nodes[k];
    const real h = real(half_logsnr(end)) - real(half_logsnr(start));
    const real first = detail::data_form::first(start, end);  // alpha' (1 - e^-h)
    detail::step_weights w{detail::data_form::carry(start, end), {}};
    if (k == 1 || !detail::has_lambda(nodes[k - 2])) {
      w.of[0] = real(0.5) * first;
      w.of[1] = real(0.5) * first;
      return w;
    }
    // with B = e^-h - 1: rho_past + rho_new = -I_1 / (h B), r rho_past + rho_new = -I_2 / (h^2 B), where I_j is the
    // integral of s^j e^-(h - s) over the step
    const real r = (real(half_logsnr(nodes[k - 2])) - real(half_logsnr(start))) / h;  // negative
    const real b = detail::expm1(-h.value);
    const real b1 = -(detail::exponential_moment(h.value, 1, -1) / h) / b;
    const real b2 = -(detail::exponential_moment(h.value, 2, -1) / (h * h)) / b;
    const real rho_past = (b2 - b1) / (r - real(1));
    const real rho_new = b1 - rho_past;
    w.of[0] = first * rho_new;
    w.of[2] = first * rho_past / r;
    w.of[1] = first - w.of[0] - w.of[2];
    return w;
  }
};

}  // namespace solver
}  // namespace v0
}  // namespace ardent
