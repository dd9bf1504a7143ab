// SPDX-License-Identifier: Apache-2.0
#pragma once

// From an order-free list of policies to a sampler's type: roles, defaults, and every mistake that the compiler can
// see.

#include <ardent/annealing/constant.hpp>
#include <ardent/clipping.hpp>
#include <ardent/detail/pick.hpp>
#include <ardent/detail/program.hpp>
#include <ardent/grid/clip.hpp>
#include <ardent/grid/respaced.hpp>
#include <ardent/guidance/none.hpp>
#include <ardent/numerics.hpp>
#include <ardent/ordering/raster.hpp>
#include <ardent/prediction.hpp>
#include <ardent/process/cosine.hpp>
#include <ardent/solver/ddim.hpp>
#include <ardent/temperature/temperature.hpp>

#include <type_traits>

namespace ardent {
inline namespace v0 {

template <class Ordering, class Annealing, class Process, class Grid, class Solver, class Guidance, class Temperature,
          class Clipping, class Predicts, class State, class Numerics>
class basic_sampler;

namespace detail {

/// True unless the compiler knows that an ordering's counts are wrong.
template <class Ordering>
inline constexpr bool ordering_fits = [] {
  if constexpr (is_static<Ordering>)
    return counts_fit(ordering_counts<Ordering>.data(), Ordering{}.ar_steps(), Ordering{}.sequence_length());
  else
    return true;
}();

/// True unless both are static and the annealing is a table of another length than the ordering has AR steps.
template <class Annealing, class Ordering>
inline constexpr bool table_fits = [] {
  if constexpr (is_static<Ordering> && is_static<Annealing> && requires { Annealing{}.ar_steps(); })
    return Annealing{}.ar_steps() == Ordering{}.ar_steps();
  else
    return true;
}();

/// What an annealing asks for, as far as the compiler knows; else something that fits everything.
template <class Annealing, class Ordering>
inline constexpr steps_summary known_steps = [] {
  if constexpr (is_static<Ordering> && constant_annealing<Annealing> && table_fits<Annealing, Ordering>)
    return steps_asked<Ordering, Annealing>;
  else
    return steps_summary{1 << 30, 0, false};
}();

/// True unless the compiler knows that a process has fewer training steps.
template <class Process>
constexpr bool has_training_steps(int steps) {
  if constexpr (is_static<Process>)
    return steps <= most_steps(Process{});
  else
    return true;
}

/// False if the compiler knows that a trajectory of K steps from pure noise has a coefficient that is not finite.
template <class Process, class Grid, class Solver, prediction From, int Steps>
inline constexpr bool noise_start_fits = [] {
  if constexpr (requires { Process::ends_in_pure_noise; } && is_static<Process> && is_static<Grid> &&
                is_static<Solver> && Steps >= 1)
    return has_rows<Process, Grid, Solver, From, Steps>;
  else
    return true;
}();

/// False if the compiler knows that the grid needs a log-SNR at an end without noise.
template <class Process, class Grid, int Steps>
inline constexpr bool noise_end_fits = [] {
  if constexpr (is_static<Process> && is_static<Grid> && Steps >= 1)
    return !lacks_noise_at_end<Process, Grid, Steps>;
  else
    return true;
}();

/// False if the compiler knows that the grid cannot make K steps.
template <class Process, class Grid, int Steps>
inline constexpr bool nodes_fit = [] {
  if constexpr (is_static<Process> && is_static<Grid> && Steps >= 1)
    return has_nodes<Process, Grid, Steps>;
  else
    return true;
}();

/// The policies of a pack in their fixed order, with defaults for what is left out. Everything is refused here that the
/// compiler can refuse, and something harmless is put in its place: one mistake gives one error.
template <class... Policies>
struct composition {
  static_assert((is_policy<Policies> && ...),
                "ardent::sampler: something in the list is not a policy. Name orderings, annealings, processes, grids, "
                "solvers, guidances, temperatures, clippings, predicts<>, state<> and numerics only.");
  static_assert(count_of<is_ordering, Policies...> >= 1,
                "ardent::sampler: no ordering is named. Add one, for example ordering::masked<256, 64>.");
  static_assert(count_of<is_ordering, Policies...> <= 1, "ardent::sampler: two orderings are named. Keep one.");
  static_assert(count_of<is_annealing, Policies...> <= 1, "ardent::sampler: two annealings are named. Keep one.");
  static_assert(count_of<is_process, Policies...> <= 1, "ardent::sampler: two noise processes are named. Keep one.");
  static_assert(count_of<is_grid, Policies...> <= 1, "ardent::sampler: two step grids are named. Keep one.");
  static_assert(count_of<is_solver, Policies...> <= 1, "ardent::sampler: two solvers are named. Keep one.");
  static_assert(count_of<is_guidance, Policies...> <= 1, "ardent::sampler: two guidances are named. Keep one.");
  static_assert(count_of<is_temperature, Policies...> <= 1, "ardent::sampler: two temperatures are named. Keep one.");
  static_assert(count_of<is_clipping, Policies...> <= 1, "ardent::sampler: two clippings are named. Keep one.");
  static_assert(count_of<is_predicts, Policies...> <= 1,
                "ardent::sampler: two predictions of the denoiser are named. Keep one.");
  static_assert(count_of<is_state, Policies...> <= 1, "ardent::sampler: two types of the state are named. Keep one.");

  using ordering_type = pick<is_ordering, ordering::raster<1>, Policies...>;
  using annealing_type = pick<is_annealing, annealing::constant<50>, Policies...>;
  using process_type = pick<is_process, process::cosine<>, Policies...>;
  using grid_type = pick<is_grid, grid::clip<grid::respaced, 950>, Policies...>;
  using solver_type = pick<is_solver, solver::ddim<>, Policies...>;
  using guidance_type = pick<is_guidance, guidance::none, Policies...>;
  using temperature_type = pick<is_temperature, temperature::none, Policies...>;
  using clipping_type = pick<is_clipping, clipping::none, Policies...>;
  using predicts_type = pick<is_predicts, predicts<prediction::epsilon>, Policies...>;
  using state_type = pick<is_state, state<float>, Policies...>;
  using numerics_type = pick<is_numerics, numerics::invariant, Policies...>;

  static constexpr bool grid_is_right = grid_fits<grid_type, process_type>;
  static_assert(
      grid_is_right,
      "ardent::sampler: the grid does not fit the process: one is over training steps and the other over real "
      "time. Use grid::respaced or grid::ddim_stride with a discrete process, grid::time_uniform with a "
      "continuous one.");
  static constexpr bool path_is_right = path_fits<solver_type, process_type>;
  static_assert(
      path_is_right,
      "ardent::sampler: the solver does not fit the noise process: DDPM and DDIM with noise need a "
      "variance-preserving one, flow solvers one with a velocity, Euler-Maruyama the linear path. Use a process "
      "or a solver of the other kind.");
  static constexpr bool parts_are_right = parts_fit<solver_type, grid_type>;
  static_assert(parts_are_right,
                "ardent::sampler: the grid's inner nodes do not fit the solver. Use grid::subdivided<..., 2> with "
                "singlestep_2, grid::subdivided<..., 3> with singlestep_3, and no subdivision with others.");
  static constexpr bool middles_are_right = middles_exist<grid_type>;
  static_assert(middles_are_right,
                "ardent::sampler: the step to the clean end has no middle in log(alpha / sigma) for grid::subdivided. "
                "Subdivide the grid without grid::to_clean.");
  static constexpr bool temperature_is_right = solver_type::stochastic || !temperature_type::scales_noise;
  static_assert(temperature_is_right,
                "ardent::sampler: a temperature is set, but the solver adds no noise that it could scale. Drop the "
                "temperature, or use a stochastic solver such as solver::ddpm.");
  static constexpr bool network_is_right =
      predicts_type::what != prediction::velocity || process_type::path != path_kind::variance_preserving;
  static_assert(network_is_right,
                "ardent::sampler: the denoiser predicts a velocity, but the process has no real time. Use "
                "process::flow_linear, process::flow_cosine or a continuous process.");
  static constexpr bool counts_are_right = ordering_fits<ordering_type>;
  static_assert(
      counts_are_right,
      "ardent::sampler: the ordering's token counts do not sum to the sequence length, or one is below 1. Draw "
      "every token once, and at least one in each AR step.");
  static constexpr bool table_is_right = table_fits<annealing_type, ordering_type>;
  static_assert(
      table_is_right,
      "ardent::sampler: the annealing table has another number of entries than the ordering has AR steps. Give "
      "one entry for each AR step.");
  static constexpr steps_summary steps = known_steps<annealing_type, ordering_type>;
  static constexpr bool least_is_right = steps.fewest >= 1;
  static_assert(least_is_right,
                "ardent::sampler: the annealing asks for no denoising step at some AR step. Ask for at least 1.");
  static constexpr bool order_is_right = !least_is_right || steps.fewest >= least_steps<solver_type>();
  static_assert(
      order_is_right,
      "ardent::sampler: the annealing asks for fewer denoising steps than the multistep solver's order at some "
      "AR step. Raise the lower end of the annealing, or use a solver of lower order.");
  static constexpr bool reach_is_right = !least_is_right || steps.fewest >= least_steps<grid_type>();
  static_assert(reach_is_right,
                "ardent::sampler: the annealing asks for fewer denoising steps than the grid can make at some AR step. "
                "Raise the lower end of the annealing, or use another grid.");
  static constexpr bool most_is_right = has_training_steps<process_type>(steps.most);
  static_assert(most_is_right,
                "ardent::sampler: the annealing asks for more denoising steps than the process has training steps. Use "
                "fewer steps.");
  static constexpr bool fall_is_right = may_rise<annealing_type>() || !steps.rises;
  static_assert(fall_is_right,
                "ardent::sampler: the annealing asks for more denoising steps at a later AR step. Wrap it in "
                "annealing::rising if that is meant, or give it a static constexpr bool may_rise = true.");

  static constexpr bool ranges_are_right =
      in_range<ordering_type> && in_range<annealing_type> && in_range<process_type> && in_range<grid_type> &&
      in_range<solver_type> && in_range<guidance_type> && in_range<temperature_type> && in_range<clipping_type>;
  static_assert(ranges_are_right,
                "ardent::sampler: a number among the template arguments of a policy is out of its range. Look up the "
                "range in the policy's header, where its validate() says what is expected.");
  static constexpr int tried_steps = ranges_are_right && grid_is_right && path_is_right && parts_are_right &&
                                             middles_are_right && network_is_right && least_is_right &&
                                             order_is_right && reach_is_right && most_is_right
                                         ? steps.most
                                         : 0;
  static constexpr bool start_is_right =
      noise_start_fits<process_type, grid_type, solver_type, predicts_type::what, tried_steps>;
  static_assert(
      start_is_right,
      "ardent::sampler: the grid starts in pure noise, where an epsilon network says nothing about x0 and "
      "log(alpha / sigma) is infinite. Start at less noise with grid::clip or "
      "grid::between (whose end needs noise where a log-SNR is spaced), or predict x0, v or a velocity with a "
      "solver that needs no log-SNR.");
  static constexpr bool end_is_right = noise_end_fits<process_type, grid_type, tried_steps>;
  static_assert(end_is_right,
                "ardent::sampler: the grid ends without noise, where log(alpha / sigma), which it spaces, is infinite. "
                "End it above time 0 with grid::between.");

  static constexpr bool nodes_are_right =
      !start_is_right || !end_is_right || nodes_fit<process_type, grid_type, tried_steps>;
  static_assert(nodes_are_right,
                "ardent::sampler: the grid cannot make that many steps on this process: its times leave the process's "
                "range, its noise does not fall from each node to the next, or training steps repeat. Use fewer steps "
                "or another grid; grid::clip lets training steps fall together.");

  static constexpr bool is_right = nodes_are_right && ranges_are_right && start_is_right && end_is_right &&
                                   reach_is_right && grid_is_right && path_is_right && parts_are_right &&
                                   middles_are_right && temperature_is_right && network_is_right && counts_are_right &&
                                   table_is_right && least_is_right && order_is_right && most_is_right && fall_is_right;
  using type = std::conditional_t<
      is_right,
      basic_sampler<ordering_type, annealing_type, process_type, grid_type, solver_type, guidance_type,
                    temperature_type, clipping_type, predicts_type, state_type, numerics_type>,
      basic_sampler<ordering::raster<1>, annealing::constant<1>, process::cosine<>, grid::respaced, solver::ddim<>,
                    guidance::none, temperature::none, clipping::none, predicts<prediction::epsilon>, state<float>,
                    numerics::invariant>>;
};

}  // namespace detail
}  // namespace v0
}  // namespace ardent
