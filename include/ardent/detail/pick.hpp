// SPDX-License-Identifier: Apache-2.0
#pragma once

// Which role a policy plays, and picking the one of a role from an order-free list.

#include <ardent/annealing/annealing.hpp>
#include <ardent/clipping.hpp>
#include <ardent/grid/grid.hpp>
#include <ardent/guidance/guidance.hpp>
#include <ardent/numerics.hpp>
#include <ardent/ordering/ordering.hpp>
#include <ardent/prediction.hpp>
#include <ardent/process/process.hpp>
#include <ardent/solver/row.hpp>
#include <ardent/temperature/temperature.hpp>

#include <stdexcept>
#include <string>
#include <type_traits>

namespace ardent {
inline namespace v0 {
template <class T>
struct state;
namespace detail {

template <class P>
struct is_ordering : std::bool_constant<ordering_policy<P>> {};
template <class P>
struct is_annealing : std::bool_constant<annealing_policy<P>> {};
template <class P>
struct is_process : std::bool_constant<noise_process<P>> {};
/// Stands for any continuous process when a grid over real time is recognised.
struct some_process {
  static constexpr bool discrete_time = false;
  static constexpr path_kind path = path_kind::linear_flow;
  constexpr int train_timesteps() const { return 1; }
  constexpr int table_size() const { return 0; }
  constexpr void fill_table(double*) const {}
  constexpr node at(double const*, double) const { return {}; }
  constexpr double start_time() const { return 1; }
  constexpr double end_time() const { return 0; }
  constexpr double time_of(double const*, double) const { return 0; }
};

template <class P>
struct is_grid : std::bool_constant<discrete_grid<P> || continuous_grid<P, some_process>> {};
template <class P>
struct is_solver : std::bool_constant<solver_policy<P>> {};
template <class P>
struct is_guidance : std::bool_constant<guidance_policy<P>> {};
template <class P>
struct is_temperature : std::bool_constant<temperature_policy<P>> {};
template <class P>
struct is_clipping : std::bool_constant<clipping_policy<P>> {};
template <class P>
struct is_predicts : std::false_type {};
template <prediction What>
struct is_predicts<predicts<What>> : std::true_type {};
template <class P>
struct is_state : std::false_type {};
template <class T>
struct is_state<state<T>> : std::true_type {};
template <class P>
struct is_numerics : std::is_same<P, numerics::invariant> {};

template <class P>
inline constexpr bool is_policy =
    is_ordering<P>::value || is_annealing<P>::value || is_process<P>::value || is_grid<P>::value ||
    is_solver<P>::value || is_guidance<P>::value || is_temperature<P>::value || is_clipping<P>::value ||
    is_predicts<P>::value || is_state<P>::value || is_numerics<P>::value;

template <template <class> class Is, class... Policies>
inline constexpr int count_of = (0 + ... + static_cast<int>(Is<Policies>::value));

template <template <class> class Is, class Default, class... Policies>
struct pick_first {
  using type = Default;
};
template <template <class> class Is, class Default, class First, class... Rest>
struct pick_first<Is, Default, First, Rest...> {
  using type =
      typename std::conditional_t<Is<First>::value, std::type_identity<First>, pick_first<Is, Default, Rest...>>::type;
};
template <template <class> class Is, class Default, class... Policies>
using pick = typename pick_first<Is, Default, Policies...>::type;

/// The value of type T among the arguments, or a default-constructed one.
template <class T>
constexpr T value_of() {
  static_assert(std::is_default_constructible_v<T>,
                "ardent::sampler: a policy has a number that is given at run time, and was not. Construct the sampler "
                "from its policies with their numbers, or use make_sampler.");
  if constexpr (std::is_default_constructible_v<T>)
    return T{};
  else
    throw std::logic_error("unreachable");
}
template <class T, class First, class... Rest>
constexpr T value_of(First const& first, Rest const&... rest) {
  if constexpr (std::is_same_v<T, First>)
    return first;
  else
    return value_of<T>(rest...);
}

template <class Grid, class Process>
inline constexpr bool grid_fits = (discrete_grid<Grid> && discrete_process<Process>) || continuous_grid<Grid, Process>;

/// True if a solver's need is met by a process's path.
template <class Solver, class Process>
inline constexpr bool path_fits = [] {
  switch (need_of<Solver>()) {
    case path_need::any:
      return true;
    case path_need::variance_preserving:
      return Process::path != path_kind::linear_flow;
    case path_need::velocity:
      return Process::path != path_kind::variance_preserving;
    case path_need::linear_flow:
      return Process::path == path_kind::linear_flow;
  }
  return false;
}();

/// False for a grid that would cut the step to the clean end.
template <class Grid>
inline constexpr bool middles_exist = !cuts_clean_end<Grid>();

/// True if a singlestep solver stands on a grid that has its inner nodes, and no other solver on such a grid.
template <class Solver, class Grid>
inline constexpr bool parts_fit = parts_of<Solver>() == parts_of<Grid>();

}  // namespace detail
}  // namespace v0
}  // namespace ardent
