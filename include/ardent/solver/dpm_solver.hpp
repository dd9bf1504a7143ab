// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief DPM-Solver, multistep, in the noise form: orders 1, 2 and 3.

#include <ardent/solver/multistep.hpp>

namespace ardent {
inline namespace v0 {
namespace solver {

/// @brief Multistep DPM-Solver in the noise form (m = epsilon).
///
/// With h = lambda' - lambda and r_0, r_1 the ratios of the last two steps to h, D = (m_0 - m_1) / r_0:
/// - order 1: x' = (alpha' / alpha) x - sigma' (e^h - 1) m_0, which equals DDIM with eta = 0;
/// - order 2, midpoint: ... - sigma' (e^h - 1) D / 2; Heun: ... - sigma' ((e^h - 1) / h - 1) D;
/// - order 3: the parabola through m_0, m_1, m_2, integrated exactly.
///
/// Start: order 2 starts with order 1, whose local error is of the order that the solver's global error has; order 3
/// corrects the first step, when the second evaluation is known, to order 2. A step from pure noise or to the noiseless
/// end, where lambda is infinite, has order 1. Global order: Order, if both ends have signal and noise and
/// FinalOrderBelow does not apply.
///
/// A network that predicts something else than epsilon is converted by way of it, which loses digits in proportion to
/// 1 / alpha at the noisy end (order 1 takes the data form's equal step instead): prefer solver::dpm_solver_pp for it.
///
/// Source: DPM-Solver (arXiv 2206.00927), equations 4.2 and appendix B (singlestep); multistep as in DPM-Solver++
/// (arXiv 2211.01095), section 4.2, applied to epsilon.
///
/// @tparam Order            1, 2 or 3
/// @tparam Form             of order 2
/// @tparam FinalOrderBelow  with fewer steps than this, the last steps have lower orders (min(order, steps left));
///                          `never` by default. Published code: 10 (DPM-Solver), 15 (diffusers)
template <int Order, multistep_form Form = multistep_form::midpoint, int FinalOrderBelow = never>
class dpm_solver : public detail::multistep<Order, Form, FinalOrderBelow, detail::noise_form> {};

/// @brief Order 1.
using dpm_solver_1 = dpm_solver<1>;

/// @brief The published multistep DPM-Solver-3, for parity: its second-difference term is half of what the parabola
/// gives, and it starts with order 1. Global order 2.
/// Source: the DPM-Solver package and diffusers, multistep update of order 3.
template <int FinalOrderBelow = never>
class dpm_solver_3_published
    : public detail::multistep<3, multistep_form::published, FinalOrderBelow, detail::noise_form> {};

}  // namespace solver
}  // namespace v0
}  // namespace ardent
