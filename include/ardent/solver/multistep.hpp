// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief What the multistep solvers in half the log signal-to-noise ratio share: orders, starts, ends, forms.

#include <ardent/detail/exponential_weights.hpp>
#include <ardent/solver/row.hpp>

namespace ardent {
inline namespace v0 {

/// @brief The form of a multistep update beyond order 1.
enum class multistep_form {
  midpoint,   ///< half of the first-order weight on the difference (the published default)
  heun,       ///< the line through two outputs, integrated exactly
  published,  ///< order 3 as published, with half of the second difference; see dpm_solver_pp_3_published
};

/// @brief For FinalOrderBelow: the last steps keep their order.
inline constexpr int never = 0;
/// @brief For FinalOrderBelow: the last steps always have lower orders. The global order is then at most 2: the last
/// step, of order 1, has a local error of order 2.
inline constexpr int always = 1 << 30;

namespace detail {

/// x' = (sigma' / sigma) x + alpha' integral of e^-(h - s) m(s), m = x0.
struct data_form {
  static constexpr prediction native = prediction::x0;
  static constexpr int sign = -1;
  static constexpr real carry(node const& now, node const& next) { return real(next.sigma) / real(now.sigma); }
  static constexpr real scale(node const& next) { return next.alpha; }
  /// The weight of order 1 without logarithms: it has limits at both ends.
  static constexpr real first(node const& now, node const& next) {
    return real(next.alpha) - real(now.alpha) * carry(now, next);
  }
};

/// x' = (alpha' / alpha) x - sigma' integral of e^(h - s) m(s), m = epsilon.
struct noise_form {
  static constexpr prediction native = prediction::epsilon;
  static constexpr int sign = 1;
  static constexpr real carry(node const& now, node const& next) { return real(next.alpha) / real(now.alpha); }
  static constexpr real scale(node const& next) { return -next.sigma; }
  static constexpr real first(node const& now, node const& next) {
    return real(next.sigma) - real(now.sigma) * carry(now, next);
  }
};

constexpr bool has_lambda(node const& n) { return n.alpha > 0 && n.sigma > 0; }

/// Coefficients of one step: x' = carry x + sum of[j] m_j.
struct step_weights {
  real carry;
  real of[3] = {};
};

/// The exact exponential integral of the polynomial through the outputs at nodes[k], nodes[k - 1], ... (count of them).
template <class Form>
constexpr step_weights exact_step(node const* nodes, int k, int count) {
  step_weights w{Form::carry(nodes[k], nodes[k + 1]), {}};
  if (count == 1) {
    w.of[0] = Form::first(nodes[k], nodes[k + 1]);
    return w;
  }
  const real now = half_logsnr(nodes[k]);
  const double h = (real(half_logsnr(nodes[k + 1])) - now).value;
  const double s1 = (real(half_logsnr(nodes[k - 1])) - now).value;
  const double s2 = count > 2 ? (real(half_logsnr(nodes[k - 2])) - now).value : 0.0;
  const exponential_weights e = weights_for(h, count, s1, s2, Form::sign);
  for (int j = 0; j < count; ++j) w.of[j] = Form::scale(nodes[k + 1]) * e.of[j];
  return w;
}

/// The published updates of order 2 (midpoint, Heun) and 3.
template <class Form>
constexpr step_weights published_step(node const* nodes, int k, int order, multistep_form form) {
  if (order == 1 || (order == 2 && form == multistep_form::heun)) return exact_step<Form>(nodes, k, order);
  const real now = half_logsnr(nodes[k]);
  const double h = (real(half_logsnr(nodes[k + 1])) - now).value;
  const real r0 = (now - real(half_logsnr(nodes[k - 1]))) / real(h);
  const real scale = Form::scale(nodes[k + 1]);
  const real i0 = Form::first(nodes[k], nodes[k + 1]);
  step_weights w{Form::carry(nodes[k], nodes[k + 1]), {i0, 0.0, 0.0}};
  const auto add_difference = [&](real weight, real of0, real of1, real of2) {
    w.of[0] = w.of[0] + weight * of0;
    w.of[1] = w.of[1] + weight * of1;
    w.of[2] = w.of[2] + weight * of2;
  };
  const real one = 1.0;
  if (order == 2) {
    add_difference(real(0.5) * i0, one / r0, -(one / r0), 0.0);
    return w;
  }
  const real r1 = (real(half_logsnr(nodes[k - 1])) - real(half_logsnr(nodes[k - 2]))) / real(h);
  // with d0 = (m0 - m1) / r0, d1 = (m1 - m2) / r1: D2 = (d0 - d1) / (r0 + r1), D1 = d0 + r0 D2
  const real second[3] = {one / (r0 * (r0 + r1)), -(one / (r0 + r1)) * (one / r0 + one / r1), one / (r1 * (r0 + r1))};
  const real first[3] = {one / r0 + r0 * second[0], -(one / r0) + r0 * second[1], r0 * second[2]};
  const real phi2 = exponential_moment(h, 1, Form::sign) / real(h);
  const real phi3 = exponential_moment(h, 2, Form::sign) / (real(2.0) * real(h) * real(h));
  add_difference(scale * phi2, first[0], first[1], first[2]);
  add_difference(scale * phi3, second[0], second[1], second[2]);
  return w;
}

/// A multistep solver of order 1, 2 or 3; see solver/dpm_solver.hpp.
template <int Order, multistep_form Kind, int FinalOrderBelow, class Form>
class multistep {
  static_assert(Order >= 1 && Order <= 3, "ardent::solver::dpm_solver: there is no such order. Use 1, 2 or 3.");
  static constexpr bool corrects_start = Order == 3 && Kind != multistep_form::published;

 public:
  static constexpr int slots = corrects_start ? 2 : 1;  ///< x, and the start where it is taken again
  static constexpr int history = Order;                 ///< as many outputs as its order
  static constexpr bool reads_variance = false;         ///< no variance is asked of the network
  static constexpr bool stochastic = false;             ///< no row adds noise
  static constexpr path_need needs = path_need::any;    ///< any process
  static constexpr int least_steps = Order;             ///< fewer do not reach the order
  /// @brief What the form's coefficients multiply.
  // of order 1 the two forms are one step: other networks take it without a detour by epsilon, which would magnify
  // rounding by 1 / alpha
  static constexpr prediction native(prediction from) {
    return Order == 1 && from != prediction::epsilon ? prediction::x0 : Form::native;
  }

  /// @brief Row k of n.
  /// @param nodes  n + 1 nodes, noisiest first
  /// @param n      number of steps
  /// @param k      in [0, n)
  /// @param from   what the denoiser predicts
  constexpr ardent::row<double, slots, history> row(node const* nodes, int n, int k, prediction from) const {
    if constexpr (Order == 1 && Form::native == prediction::epsilon)
      if (native(from) != Form::native) return multistep<1, Kind, FinalOrderBelow, data_form>{}.row(nodes, n, k, from);
    auto r = start_row<ardent::row<double, slots, history>>(nodes[k], from, native(from));
    const step_weights w = step(nodes, n, k);
    r.slot[0][0] = w.carry.value;
    for (int j = 0; j < history; ++j) r.model[0][j] = w.of[j].value;
    if constexpr (corrects_start) {
      if (k == 0) r.slot[1][0] = 1;  // keep where the trajectory started
      if (k == 1 && order_at(nodes, n, 1) > 1) {
        // x at node 1 once more, now from the line through both outputs; then on from there
        const step_weights again = corrected_first_step(nodes);
        r.slot[0][0] = 0;
        r.slot[0][1] = (w.carry * again.carry).value;
        for (int j = 0; j < 2; ++j) r.model[0][j] = (w.carry * again.of[j] + w.of[j]).value;
      }
    }
    return r;
  }

 private:
  /// The order of step k: as many outputs as there are with a finite lambda, and fewer at a low-order end.
  static constexpr int order_at(node const* nodes, int n, int k) {
    int order = Order < k + 1 ? Order : k + 1;
    if (n < FinalOrderBelow && order > n - k) order = n - k;
    if (!has_lambda(nodes[k + 1])) order = 1;
    while (order > 1 && !has_lambda(nodes[k - order + 1])) --order;
    return order;
  }

  static constexpr step_weights step(node const* nodes, int n, int k) {
    const int order = order_at(nodes, n, k);
    if (order == 3 && Kind != multistep_form::published) return exact_step<Form>(nodes, k, 3);
    // the start of the exact third order uses exact lines as well
    return published_step<Form>(nodes, k, order, corrects_start ? multistep_form::heun : Kind);
  }

  /// The step from node 0 to node 1 by the line through the outputs at both: weights of {node 1, node 0}.
  static constexpr step_weights corrected_first_step(node const* nodes) {
    const double h = (real(half_logsnr(nodes[1])) - real(half_logsnr(nodes[0]))).value;
    const exponential_weights e = weights_for(h, 2, h, 0, Form::sign);  // at offsets 0 and h
    return {Form::carry(nodes[0], nodes[1]), {Form::scale(nodes[1]) * e.of[1], Form::scale(nodes[1]) * e.of[0], 0.0}};
  }
};

}  // namespace detail
}  // namespace v0
}  // namespace ardent
