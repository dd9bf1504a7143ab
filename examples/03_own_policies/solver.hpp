// SPDX-License-Identifier: Apache-2.0
//
// A solver of one's own: a function from the nodes of a grid to rows.
#pragma once

#include <ardent/solver/row.hpp>

namespace own {

/// @brief Adams-Bashforth of order 2 where DDIM is Euler's method: with y = x / alpha and r = sigma / alpha, the
/// probability-flow ODE is dy/dr = epsilon, and with h = r' - r and q the ratio of h to the step before
///
///     y' = y + h ((1 + q / 2) epsilon - (q / 2) epsilon_before)
///
/// which, times alpha', is a row. The first step has no epsilon before and is Euler's, and so is one to r' = 0, whose
/// length compares with nothing before it. DEIS (arXiv 2204.13902) derives it so, as its rho-AB.
struct rho_adams_bashforth {
  static constexpr int slots = 1;                // x alone: no state is saved
  static constexpr int history = 2;              // m_0 and m_1: this evaluation's epsilon and the one before
  static constexpr bool reads_variance = false;  // the network has no second half
  static constexpr bool stochastic = false;      // no row adds noise

  static constexpr double ratio(ardent::node const& n) { return n.sigma / n.alpha; }

  constexpr ardent::row<double, slots, history> row(ardent::node const* nodes, int, int k,
                                                    ardent::prediction from) const {
    ardent::node const &now = nodes[k], &next = nodes[k + 1];
    double const h = ratio(next) - ratio(now);
    double const q = k > 0 && next.sigma > 0 ? h / (ratio(now) - ratio(nodes[k - 1])) : 0.0;
    // m_0 = epsilon, whatever the network predicts
    auto r = ardent::start_row<ardent::row<double, slots, history>>(now, from, ardent::prediction::epsilon);
    r.slot[0][0] = next.alpha / now.alpha;
    r.model[0][0] = next.alpha * h * (1 + q / 2);
    r.model[0][1] = -next.alpha * h * q / 2;
    return r;
  }
};

static_assert(ardent::solver_policy<rho_adams_bashforth>);

}  // namespace own
