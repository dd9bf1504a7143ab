// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief A sampler: one policy for each choice, composed into a type whose tables the compiler computes.

#include <ardent/detail/composition.hpp>
#include <ardent/detail/pick.hpp>
#include <ardent/detail/program.hpp>
#include <ardent/prediction.hpp>
#include <ardent/solver/row.hpp>

#include <span>
#include <type_traits>
#include <utility>

namespace ardent {
inline namespace v0 {

/// @brief Policy: the type of the state x, float (the default) or double.
template <class T>
struct state {
  static constexpr bool fits = std::is_same_v<T, float> || std::is_same_v<T, double>;  ///< T is allowed
  using type = std::conditional_t<fits, T, float>;                                     ///< the type of the state
  static_assert(fits,
                "ardent::state: the state is neither float nor double. Use ardent::state<float> or "
                "ardent::state<double>.");
};

/// @brief A sampler with its policies in a fixed order. Users name it `sampler<...>` or get it from `make_sampler`.
template <class Ordering, class Annealing, class Process, class Grid, class Solver, class Guidance, class Temperature,
          class Clipping, class Predicts, class State, class Numerics>
class basic_sampler {
 public:
  using state_type = typename State::type;  ///< type of the state x
  /// @brief The rows of this sampler's program.
  using row_type = row<state_type, Solver::slots, Solver::history,
                       row_parts{Solver::reads_variance, Clipping::clips, Solver::stochastic,
                                 detail::converts<Solver>(Predicts::what), !detail::keeps_state<Solver>(),
                                 detail::tells_step_size<Solver>()}>;
  using solver_type = Solver;      ///< the solver
  using numerics_type = Numerics;  ///< what is promised of the arithmetic

  static constexpr prediction predicted = Predicts::what;         ///< what the denoiser must predict
  static constexpr bool guided = Guidance::guided;                ///< two branches a token, or one
  static constexpr int branches = guided ? 2 : 1;                 ///< network rows a token
  static constexpr bool permuted = Ordering::permuted;            ///< random order of tokens, or raster order
  static constexpr bool reads_variance = Solver::reads_variance;  ///< the network must output a variance half
  /// @brief True if the denoiser is told the length of each step, and must take it.
  static constexpr bool tells_step_size = detail::tells_step_size<Solver>();
  /// @brief True if the compiler computes the tables.
  static constexpr bool tables_at_compile_time = is_static<Ordering> && detail::constant_annealing<Annealing> &&
                                                 is_static<Process> && is_static<Grid> && is_static<Solver> &&
                                                 (is_static<Guidance> || !detail::guidance_decides_rows<Guidance>);

  /// @brief Composes the policies and, if one of them is dynamic, computes the tables.
  /// @throws std::invalid_argument where the compiler would refuse the same numbers as template arguments: what a
  ///   policy's validate() refuses; counts of the ordering, a table of the annealing or steps of an AR step that do not
  ///   fit; nodes that the grid cannot make, and rows that are not finite
  constexpr basic_sampler(Ordering ordering = detail::value_of<Ordering>(),
                          Annealing annealing = detail::value_of<Annealing>(),
                          Process process = detail::value_of<Process>(), Grid grid = detail::value_of<Grid>(),
                          Solver solver = detail::value_of<Solver>(), Guidance guidance = detail::value_of<Guidance>(),
                          Temperature temperature = detail::value_of<Temperature>(),
                          Clipping clipping = detail::value_of<Clipping>())
      : ordering_(std::move(ordering)),
        annealing_(std::move(annealing)),
        process_(std::move(process)),
        grid_(std::move(grid)),
        solver_(std::move(solver)),
        guidance_(std::move(guidance)),
        temperature_(std::move(temperature)),
        clipping_(std::move(clipping)),
        program_(validated(), annealing_, process_, grid_, solver_, guidance_) {}

  constexpr Ordering const& ordering() const { return ordering_; }           ///< the ordering
  constexpr Annealing const& annealing() const { return annealing_; }        ///< the annealing
  constexpr Process const& process() const { return process_; }              ///< the noise process
  constexpr Grid const& grid() const { return grid_; }                       ///< the step grid
  constexpr Solver const& solver() const { return solver_; }                 ///< the solver
  constexpr Guidance const& guidance() const { return guidance_; }           ///< the guidance
  constexpr Temperature const& temperature() const { return temperature_; }  ///< the temperature
  constexpr Clipping const& clipping() const { return clipping_; }           ///< the clipping of x0

  /// @brief Tokens of an image.
  constexpr int sequence_length() const { return ordering_.sequence_length(); }
  /// @brief AR steps.
  constexpr int ar_steps() const { return ordering_.ar_steps(); }
  /// @brief Tokens drawn for each image at an AR step, in [0, ar_steps()).
  constexpr int tokens(int ar_step) const { return program_.counts(ar_step).tokens; }
  /// @brief Most tokens drawn for an image at one AR step.
  constexpr int most_tokens() const {
    int most = 0;
    for (int i = 0; i < ar_steps(); ++i) most = tokens(i) > most ? tokens(i) : most;
    return most;
  }
  /// @brief Denoising steps that the annealing asks for at an AR step.
  constexpr int requested_steps(int ar_step) const { return annealing_.steps(ar_step, ar_steps()); }
  /// @brief The rows of an AR step, noisiest first: one evaluation of the denoiser each.
  constexpr std::span<row_type const> rows(int ar_step) const { return program_.rows(ar_step); }
  /// @brief Evaluations of the denoiser for one token at an AR step: after steps that fell together were dropped.
  constexpr int effective_steps(int ar_step) const { return static_cast<int>(rows(ar_step).size()); }
  /// @brief Evaluations summed over the AR steps: what a batch of one pays.
  constexpr int nfe() const {
    int sum = 0;
    for (int i = 0; i < ar_steps(); ++i) sum += effective_steps(i);
    return sum;
  }
  /// @brief Evaluations summed over the tokens of an image: what a large batch pays.
  constexpr long long token_nfe() const {
    long long sum = 0;
    for (int i = 0; i < ar_steps(); ++i) sum += static_cast<long long>(effective_steps(i)) * tokens(i);
    return sum;
  }
  /// @brief The guidance scale of an AR step.
  constexpr double guidance_scale(int ar_step) const { return guidance_.scale(progress(ar_step)); }
  /// @brief The factor on the noise of an AR step's denoising steps.
  constexpr double noise_factor(int ar_step) const { return temperature_.factor(progress(ar_step)); }

 private:
  /// The ordering, for the program, which needs all policies to be in their ranges.
  constexpr Ordering const& validated() const {
    auto const validate = [](auto const&... policies) { (detail::validate_policy(policies), ...); };
    validate(ordering_, annealing_, process_, grid_, solver_, guidance_, temperature_, clipping_);
    return ordering_;
  }

  constexpr ar_progress progress(int ar_step) const {
    return {ar_step, ar_steps(), program_.counts(ar_step).unknown_after, sequence_length()};
  }

  template <bool Static>
  using program = std::conditional_t<
      Static, detail::static_program<row_type, Ordering, Annealing, Process, Grid, Solver, Guidance, predicted>,
      detail::dynamic_program<row_type, Ordering, Annealing, Process, Grid, Solver, Guidance, predicted>>;

  [[no_unique_address]] Ordering ordering_;
  [[no_unique_address]] Annealing annealing_;
  [[no_unique_address]] Process process_;
  [[no_unique_address]] Grid grid_;
  [[no_unique_address]] Solver solver_;
  [[no_unique_address]] Guidance guidance_;
  [[no_unique_address]] Temperature temperature_;
  [[no_unique_address]] Clipping clipping_;
  [[no_unique_address]] program<tables_at_compile_time> program_;
};

/// @brief The sampler of these policies, named in any order; what is left out has a default: 50 steps at every AR step,
/// the cosine process, iDDPM's respacing clipped at 950, DDIM with eta = 0, no guidance, temperature 1, no clipping, an
/// epsilon network, a float state, invariant numerics. Equal compositions are one type.
template <class... Policies>
using sampler = typename detail::composition<Policies...>::type;

/// @brief A sampler from policies given as values, in any order.
/// @throws std::invalid_argument as basic_sampler's constructor
template <class... Policies>
constexpr auto make_sampler(Policies const&... policies) {
  return [&]<class O, class A, class P, class G, class S, class C, class T, class X, class... Rest>(
             std::type_identity<basic_sampler<O, A, P, G, S, C, T, X, Rest...>>) {
    return basic_sampler<O, A, P, G, S, C, T, X, Rest...>(
        detail::value_of<O>(policies...), detail::value_of<A>(policies...), detail::value_of<P>(policies...),
        detail::value_of<G>(policies...), detail::value_of<S>(policies...), detail::value_of<C>(policies...),
        detail::value_of<T>(policies...), detail::value_of<X>(policies...));
  }(std::type_identity<sampler<Policies...>>{});
}

}  // namespace v0
}  // namespace ardent
