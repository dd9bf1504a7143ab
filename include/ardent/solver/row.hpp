// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief The table a solver fills: one row an evaluation of the denoiser, a small linear program.

#include <ardent/detail/least_steps.hpp>
#include <ardent/prediction.hpp>
#include <ardent/process/process.hpp>

#include <concepts>
#include <type_traits>

namespace ardent {
inline namespace v0 {

/// @brief What a row has beyond the linear program.
struct row_parts {
  bool learned_variance = true;  ///< the noise's size is read from the network
  bool clipped_x0 = true;        ///< the output is converted by way of a clipped x0
  bool noise = true;             ///< noise may be added
  bool conversion = true;        ///< m_0 is not the output itself
  bool state_factor = true;      ///< the coefficient of x is not always 1
  bool step_size = true;         ///< the denoiser is told the length of the step
};

namespace detail {

struct no_part_1 {};
struct no_part_2 {};

template <class T>
struct noise_part {
  T noise = 0;  ///< coefficient of the noise added to slot 0 (0: none is drawn)
};

/// In a kernel that draws no noise, nothing of it is left.
template <class T>
struct no_noise_part {
  static constexpr T noise = 0;  ///< none is drawn
};

template <class T>
struct conversion_part {
  T of_x = 0;       ///< m_0 = of_x * x + of_output * output
  T of_output = 1;  ///< see of_x
};

/// In a kernel whose solver takes the output as it is, nothing of the conversion is left.
template <class T>
struct no_conversion_part {
  static constexpr T of_x = 0;       ///< m_0 is the output
  static constexpr T of_output = 1;  ///< see of_x
};

template <class T>
struct step_size_part {
  T step_size = 0;  ///< the length of the step in time, which the denoiser is told
};

/// In a kernel whose solver tells no step size, nothing of it is left.
template <class T>
struct no_step_size_part {
  static constexpr T step_size = 0;  ///< none is told
};

template <class T>
struct variance_part {
  T half_log_variance_min = 0;  ///< learned-range variance: half the log of the smallest variance
  T half_log_variance_max = 0;  ///< learned-range variance: half the log of the largest variance
};

template <class T>
struct clip_part {
  T x0_of_x = 0;       ///< x0 = x0_of_x * x + x0_of_output * output, which is then clipped
  T x0_of_output = 1;  ///< see x0_of_x
  T m_of_x = 0;        ///< m_0 = m_of_x * x + m_of_x0 * clipped x0
  T m_of_x0 = 1;       ///< see m_of_x
};

}  // namespace detail

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
/// With a learned-range variance the noise coefficient is `noise * exp(f * half_log_variance_max + (1 - f) *
/// half_log_variance_min)`, f = (v + 1) / 2 with v the second half of the network's output (arXiv 2102.09672,
/// equation 15). If x0 is clipped, m_0 is converted by way of it instead (`x0_of_x` ... `m_of_x0`).
///
/// @tparam T        the state's type, float or double; tables are computed in double and rounded once
/// @tparam Slots    1 or 2
/// @tparam History  number of model outputs used, at least 1
/// @tparam Parts    what else it has; solvers fill rows that have everything
template <class T, int Slots = 1, int History = 1, row_parts Parts = row_parts{}>
struct row : std::conditional_t<Parts.learned_variance, detail::variance_part<T>, detail::no_part_1>,
             std::conditional_t<Parts.clipped_x0, detail::clip_part<T>, detail::no_part_2>,
             std::conditional_t<Parts.noise, detail::noise_part<T>, detail::no_noise_part<T>>,
             std::conditional_t<Parts.conversion, detail::conversion_part<T>, detail::no_conversion_part<T>>,
             std::conditional_t<Parts.step_size, detail::step_size_part<T>, detail::no_step_size_part<T>> {
  static_assert(Slots == 1 || Parts.state_factor, "ardent::row: with two slots every coefficient is read.");
  using value_type = T;                      ///< the type of the state and of the coefficients
  static constexpr int slots = Slots;        ///< number of slots
  static constexpr int history = History;    ///< number of model outputs used
  static constexpr row_parts parts = Parts;  ///< what else it has

  T timestep = 0;                ///< what the denoiser is told, rounded to float
  bool guided = true;            ///< false where guidance is restricted to other times: the conditional output is used
  T alpha = 1;                   ///< signal level where the denoiser is evaluated
  T sigma = 0;                   ///< noise level where the denoiser is evaluated
  T slot[Slots][Slots] = {};     ///< coefficients of the slots
  T model[Slots][History] = {};  ///< coefficients of the converted outputs, newest first
};

namespace detail {

/// A row rounded to another type of state, with the parts that its kernel reads; earlier outputs beyond its own count
/// 0.
template <class To, class From>
constexpr To round_row(From const& from) {
  using T = typename To::value_type;
  To to;
  to.timestep = static_cast<T>(from.timestep);
  to.guided = from.guided;
  to.alpha = static_cast<T>(from.alpha);
  to.sigma = static_cast<T>(from.sigma);
  for (int i = 0; i < To::slots; ++i) {
    for (int j = 0; j < To::slots; ++j) to.slot[i][j] = static_cast<T>(from.slot[i][j]);
    for (int j = 0; j < To::history && j < From::history; ++j) to.model[i][j] = static_cast<T>(from.model[i][j]);
  }
  if constexpr (To::parts.conversion) {
    to.of_x = static_cast<T>(from.of_x);
    to.of_output = static_cast<T>(from.of_output);
  }
  if constexpr (To::parts.step_size) to.step_size = static_cast<T>(from.step_size);
  if constexpr (To::parts.noise) to.noise = static_cast<T>(from.noise);
  if constexpr (To::parts.learned_variance) {
    to.half_log_variance_min = static_cast<T>(from.half_log_variance_min);
    to.half_log_variance_max = static_cast<T>(from.half_log_variance_max);
  }
  if constexpr (To::parts.clipped_x0) {
    to.x0_of_x = static_cast<T>(from.x0_of_x);
    to.x0_of_output = static_cast<T>(from.x0_of_output);
    to.m_of_x = static_cast<T>(from.m_of_x);
    to.m_of_x0 = static_cast<T>(from.m_of_x0);
  }
  return to;
}

}  // namespace detail

/// @brief The same step in a row with room for more earlier outputs, which count 0: for solvers that are chosen at run
/// time and share one kernel.
/// @tparam History  number of model outputs, at least the row's
template <int History, class T, int Slots, int Fewer, row_parts Parts>
constexpr row<T, Slots, History, Parts> with_history(row<T, Slots, Fewer, Parts> const& from) {
  static_assert(History >= Fewer, "ardent::with_history: the row uses more model outputs. Ask for at least as many.");
  return detail::round_row<row<T, Slots, History, Parts>>(from);
}

/// @brief A row with where the denoiser is evaluated and the conversion of its output filled in: what every solver
/// starts from.
/// @tparam Row  row<double, slots, history>
/// @param n     the node of the evaluation
/// @param from  what the denoiser predicts
/// @param to    what the solver's coefficients multiply
template <class Row = row<double>>
constexpr Row start_row(node const& n, prediction from, prediction to) {
  Row r;
  r.timestep = n.timestep;
  r.alpha = n.alpha;
  r.sigma = n.sigma;
  const affine direct = convert(from, to, n);
  r.of_x = direct.of_x;
  r.of_output = direct.of_output;
  if (from == prediction::epsilon && !(n.alpha > 0)) return r;  // epsilon says nothing about x0 there
  const affine x0 = convert(from, prediction::x0, n);
  const affine m = convert(prediction::x0, to, n);
  r.x0_of_x = x0.of_x;
  r.x0_of_output = x0.of_output;
  r.m_of_x = m.of_x;
  r.m_of_x0 = m.of_output;
  return r;
}

/// @brief What a solver needs of its noise process.
enum class path_need {
  any,                  ///< alpha and sigma at every node
  variance_preserving,  ///< alpha^2 + sigma^2 = 1
  velocity,             ///< a real time, so that dx/dt is defined
  linear_flow,          ///< alpha = 1 - t, sigma = t
};

/// @brief A solver: a function from the nodes of a grid to rows.
///
/// - `slots`, `history`: shape of its rows.
/// - `reads_variance`: true if the network must output a second half with the variance.
/// - `stochastic`: true if a row may add noise.
/// - `needs`, optional: what it needs of the process, if not only alpha and sigma.
/// - `row(nodes, n, k, from)`: row k of a trajectory of n steps. `nodes` has n + 1 entries, noisiest first; `from` is
///   what the denoiser predicts.
/// - `evaluations(nodes, n)`, optional: number of rows for n steps where it is not n.
/// - `least_steps`, optional: the fewest steps it can make.
/// - `native(from)`, optional: what its coefficients multiply if the denoiser predicts `from`. Where that is `from`
///   itself, kernels leave the conversion out.
/// - `keeps_state`, optional: true if the coefficient of x is 1 in every row, and kernels need not read it.
/// - `tells_step_size`, optional: true if rows have a step size, and the denoiser must take one.
/// - `parts`, optional: into how many parts grid::subdivided must cut a step.
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
constexpr int evaluations(S const& solver, node const* nodes, int steps) {
  if constexpr (requires { solver.evaluations(nodes, steps); })
    return solver.evaluations(nodes, steps);
  else
    return steps;
}

template <class S>
constexpr path_need need_of() {
  if constexpr (requires { S::needs; })
    return S::needs;
  else
    return path_need::any;
}

/// False if the output is what the solver's coefficients multiply.
template <class S>
constexpr bool converts([[maybe_unused]] prediction from) {
  if constexpr (requires { S::native(from); })
    return S::native(from) != from;
  else
    return true;
}

template <class S>
constexpr bool keeps_state() {
  if constexpr (requires { S::keeps_state; })
    return S::keeps_state;
  else
    return false;
}

template <class S>
constexpr bool tells_step_size() {
  if constexpr (requires { S::tells_step_size; })
    return S::tells_step_size;
  else
    return false;
}

}  // namespace detail
}  // namespace v0
}  // namespace ardent
