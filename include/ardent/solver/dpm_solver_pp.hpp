// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief DPM-Solver++, multistep, in the data form: orders 1, 2 and 3.

#include <ardent/solver/multistep.hpp>

namespace ardent {
inline namespace v0 {
namespace solver {

/// @brief Multistep DPM-Solver++ in the data form (m = x0).
///
/// With h = lambda' - lambda and r_0, r_1 the ratios of the last two steps to h, D = (m_0 - m_1) / r_0:
/// - order 1: x' = (sigma' / sigma) x + alpha' (1 - e^-h) m_0, which equals DDIM with eta = 0;
/// - order 2, midpoint: ... + alpha' (1 - e^-h) D / 2; Heun: ... + alpha' ((e^-h - 1) / h + 1) D;
/// - order 3: the parabola through m_0, m_1, m_2, integrated exactly.
///
/// Start, ends and global order as for solver::dpm_solver.
///
/// Source: DPM-Solver++ (arXiv 2211.01095), equations 8 and 12, algorithm 2.
///
/// @tparam Order            1, 2 or 3
/// @tparam Form             of order 2
/// @tparam FinalOrderBelow  with fewer steps than this, the last steps have lower orders (min(order, steps left));
///                          `never` by default. Published code: 10 (DPM-Solver), 15 (diffusers)
template <int Order, multistep_form Form = multistep_form::midpoint, int FinalOrderBelow = never>
class dpm_solver_pp : public detail::multistep<Order, Form, FinalOrderBelow, detail::data_form> {};

/// @brief Order 1.
using dpm_solver_pp_1 = dpm_solver_pp<1>;

/// @brief The published multistep DPM-Solver++-3, for parity: its second-difference term is half of what the parabola
/// gives, and it starts with order 1. Global order 2.
/// Source: the DPM-Solver package and diffusers, multistep update of order 3.
template <int FinalOrderBelow = never>
class dpm_solver_pp_3_published
    : public detail::multistep<3, multistep_form::published, FinalOrderBelow, detail::data_form> {};

}  // namespace solver
}  // namespace v0
}  // namespace ardent
