// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief The table a solver fills: one row an evaluation of the denoiser, a small linear program.

#include <ardent/prediction.hpp>
#include <ardent/process/process.hpp>

#include <concepts>

namespace ardent {
inline namespace v0 {

/// @brief One evaluation of the denoiser and what follows from it, as coefficients.
///
/// The output at (x, timestep) is guided and converted, m_0 = of_x x + of_output output, and joins the earlier ones
/// m_1, m_2, ... Then every slot becomes a linear combination of the slots, of the m and (slot 0 only) of noise:
///
///     slot_i <- sum_j slot[i][j] slot_j + sum_j model[i][j] m_j + (i == 0) noise z,   z ~ N(0, 1)
///
/// Slot 0 is the state x. A second slot holds a saved state, which Heun, singlestep and predictor-corrector solvers
/// need; with one slot the row reads x <- a x + sum_j b_j m_j + s z.
///
/// If the network has a learned-range variance (half_log_variance_*, used by solvers whose `reads_variance` is true),
/// the noise coefficient is `noise * exp(f * half_log_variance_max + (1 - f) * half_log_variance_min)`, f = (v + 1) / 2
/// with v the second half of the network's output (arXiv 2102.09672, equation 15).
///
/// @tparam T        the state's type, float or double; tables are computed in double and rounded once
/// @tparam Slots    1 or 2
/// @tparam History  number of model outputs used, at least 1
template <class T, int Slots = 1, int History = 1>
struct row {
  using value_type = T;
  static constexpr int slots = Slots;      ///< number of slots
  static constexpr int history = History;  ///< number of model outputs used

  float timestep = 0;           ///< what the denoiser is told
  T alpha = 1;                  ///< signal level where the denoiser is evaluated
  T sigma = 0;                  ///< noise level where the denoiser is evaluated
  T of_x = 0;                   ///< m_0 = of_x * x + of_output * output
  T of_output = 1;              ///< see of_x
  T slot[Slots][Slots] = {};    ///< coefficients of the slots
  T model[Slots][History] = {}; ///< coefficients of the converted outputs, newest first
  T noise = 0;                  ///< coefficient of the noise added to slot 0 (0: none is drawn)
  T half_log_variance_min = 0;  ///< learned-range variance: half the log of the smallest variance
  T half_log_variance_max = 0;  ///< learned-range variance: half the log of the largest variance
};

namespace detail {

/// A row rounded to another type of state.
template <class To, class From, int Slots, int History>
constexpr row<To, Slots, History> round_row(row<From, Slots, History> const& from) {
  row<To, Slots, History> to;
  to.timestep = from.timestep;
  to.alpha = static_cast<To>(from.alpha);
  to.sigma = static_cast<To>(from.sigma);
  to.of_x = static_cast<To>(from.of_x);
  to.of_output = static_cast<To>(from.of_output);
  for (int i = 0; i < Slots; ++i) {
    for (int j = 0; j < Slots; ++j) to.slot[i][j] = static_cast<To>(from.slot[i][j]);
    for (int j = 0; j < History; ++j) to.model[i][j] = static_cast<To>(from.model[i][j]);
  }
  to.noise = static_cast<To>(from.noise);
  to.half_log_variance_min = static_cast<To>(from.half_log_variance_min);
  to.half_log_variance_max = static_cast<To>(from.half_log_variance_max);
  return to;
}

}  // namespace detail

/// @brief A row with where the denoiser is evaluated and the conversion of its output filled in: what every solver
/// starts from.
/// @tparam Row  row<double, slots, history>
/// @param n     the node of the evaluation
/// @param from  what the denoiser predicts
/// @param to    what the solver's coefficients multiply
template <class Row = row<double>>
constexpr Row start_row(node const& n, prediction from, prediction to) {
  Row r;
  r.timestep = static_cast<float>(n.timestep);
  r.alpha = n.alpha;
  r.sigma = n.sigma;
  const affine c = convert(from, to, n);
  r.of_x = c.of_x;
  r.of_output = c.of_output;
  return r;
}

/// @brief A solver: a function from the nodes of a grid to rows.
///
/// - `slots`, `history`: shape of its rows.
/// - `reads_variance`: true if the network must output a second half with the variance.
/// - `stochastic`: true if a row may add noise.
/// - `row(nodes, n, k, from)`: row k of n steps. `nodes` has n + 1 entries, noisiest first; `from` is what the denoiser
///   predicts.
/// - `evaluations(n)`, optional: number of rows for n steps where it is not n.
template <class S>
concept solver_policy = requires(S const& s, node const* nodes) {
  { S::slots } -> std::convertible_to<int>;
  { S::history } -> std::convertible_to<int>;
  { S::reads_variance } -> std::convertible_to<bool>;
  { S::stochastic } -> std::convertible_to<bool>;
  { s.row(nodes, 1, 0, prediction::epsilon) } -> std::same_as<row<double, S::slots, S::history>>;
};

namespace detail {

template <solver_policy S>
constexpr int evaluations(S const& solver, int steps) {
  if constexpr (requires { solver.evaluations(steps); })
    return solver.evaluations(steps);
  else
    return steps;
}

}  // namespace detail
}  // namespace v0
}  // namespace ardent
