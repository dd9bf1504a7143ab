// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief What a step grid is: which times are visited, and how the nodes of a process are read off at them.

#include <ardent/detail/least_steps.hpp>
#include <ardent/process/process.hpp>

#include <concepts>
#include <stdexcept>
#include <string>

namespace ardent {
inline namespace v0 {

/// @brief A grid over the integer steps of a discrete process.
///
/// - `timesteps(K, T, out)` writes K integers in [0, T), ascending, where T is the number of training steps.
/// - `may_repeat`, optional: true if some of them may be equal. They are then visited once: `effective_steps` says how
///   many are left. Any other grid must not repeat a step.
/// - `extra_steps`, optional: how many integers more than K it may write to `out`.
/// - `end(process, table)`, optional: the node where the trajectory ends, if it is not the noiseless one.
template <class G>
concept discrete_grid =
    requires(G const& g, int steps, int train_timesteps, int* out) { g.timesteps(steps, train_timesteps, out); };

/// @brief A grid over real time.
///
/// - `nodes(K, process, table, out)` writes the strictly descending nodes of a K-step trajectory, the end included, and
///   returns the number of steps; `most_nodes(K)` bounds how many nodes that are.
/// - `least_steps`, optional: the fewest steps it can make.
/// - `ends_clean`, optional: true if its last node never has noise, whatever the process's end.
/// - `fixed_ends`, optional: true if its ends are not the process's start_time() and end_time(); grid::between refuses
///   it.
/// - `parts`, optional: into how many parts it cuts a step for a singlestep solver; with `cuts_clean_end`, true if the
///   last step is cut though it ends without noise, which samplers refuse.
///
/// An adaptor hands these on from its grid.
template <class G, class P>
concept continuous_grid =
    continuous_process<P> && requires(G const& g, int steps, P const& p, double const* table, node* out) {
      { g.nodes(steps, p, table, out) } -> std::same_as<int>;
      { g.most_nodes(steps) } -> std::same_as<int>;
    };

namespace detail {

/// True for a grid some of whose steps may be equal.
template <class G>
constexpr bool may_repeat() {
  if constexpr (requires { G::may_repeat; })
    return G::may_repeat;
  else
    return false;
}

/// How many integers more than K a grid over training steps may write.
template <class G>
constexpr int extra_steps() {
  if constexpr (requires { G::extra_steps; })
    return G::extra_steps;
  else
    return 0;
}

/// True for a grid whose last node never has noise.
template <class G>
constexpr bool ends_clean() {
  if constexpr (requires { G::ends_clean; })
    return G::ends_clean;
  else
    return false;
}

/// True for a grid whose ends are its own.
template <class G>
constexpr bool fixed_ends() {
  if constexpr (requires { G::fixed_ends; })
    return G::fixed_ends;
  else
    return false;
}

/// Parts of a step for singlestep solvers; 1 for a grid without inner nodes.
template <class G>
constexpr int parts_of() {
  if constexpr (requires { G::parts; })
    return G::parts;
  else
    return 1;
}

/// True for a grid that cuts a step to a node without noise.
template <class G>
constexpr bool cuts_clean_end() {
  if constexpr (requires { G::cuts_clean_end; })
    return G::cuts_clean_end;
  else
    return false;
}

/// True for a grid over training steps that says where the trajectory ends.
template <class G, class P>
concept has_own_end = requires(G const& g, P const& p, double const* table) { g.end(p, table); };

/// half_logsnr at a node where a grid needs it.
constexpr double grid_logsnr(char const* grid, node const& n) {
  const auto refuse = [&](char const* expected, char const* instead) {
    throw std::invalid_argument(std::string("ardent::grid::") + grid + ": expected " + expected + " at time " +
                                std::to_string(n.time) + ", for log(alpha / sigma) is infinite without. " + instead);
  };
  if (n.alpha == 0) refuse("signal", "Start at less noise with grid::between.");
  if (n.sigma == 0) refuse("noise", "End at a time with noise, above 0, with grid::between.");
  return half_logsnr(n);
}

/// Drops repeated values of an ascending list; returns how many are left.
constexpr int drop_repeated(int* values, int count) {
  int kept = 0;
  for (int i = 0; i < count; ++i)
    if (kept == 0 || values[kept - 1] != values[i]) values[kept++] = values[i];
  return kept;
}

/// Refuses nodes that are off their path or do not get less noisy from one to the next.
constexpr void check_descending(node const* nodes, int steps) {
  for (int k = 0; k <= steps; ++k)
    if (!(nodes[k].alpha >= 0 && nodes[k].sigma >= 0))
      throw std::invalid_argument("ardent::grid: expected alpha and sigma of at least 0 at every node, found " +
                                  std::to_string(nodes[k].alpha) + " and " + std::to_string(nodes[k].sigma) +
                                  " at node " + std::to_string(k) + ": its time is outside the process's range");
  for (int k = 0; k < steps; ++k)
    if (!(nodes[k + 1].sigma * nodes[k].alpha < nodes[k].sigma * nodes[k + 1].alpha))
      throw std::invalid_argument("ardent::grid: expected strictly less noise at every node, found no less at node " +
                                  std::to_string(k + 1));
}

/// Nodes that a K-step grid may write.
template <class G>
constexpr int most_nodes(G const& grid, int steps) {
  if constexpr (discrete_grid<G>)
    return steps + 1;
  else
    return grid.most_nodes(steps);
}

/// Writes the nodes of a K-step grid, noisiest first, and after them the node where the trajectory ends. Returns the
/// number of steps. `out` has room for most_nodes, `scratch` for K + extra_steps ints.
template <class G, class P>
constexpr int fill_nodes(G const& grid, P const& process, double const* table, int steps, int* scratch, node* out) {
  int count = 0;
  if constexpr (discrete_grid<G>) {
    grid.timesteps(steps, process.train_timesteps(), scratch);
    count = drop_repeated(scratch, steps);
    if (count != steps && !may_repeat<G>())
      throw std::invalid_argument("ardent::grid: expected " + std::to_string(steps) +
                                  " different training steps, found " + std::to_string(count) +
                                  " (grid::clip lets steps fall together)");
    for (int k = 0; k < count; ++k) out[k] = process.at(table, scratch[count - 1 - k]);
    if constexpr (has_own_end<G, P>)
      out[count] = grid.end(process, table);
    else
      out[count] = clean_node;
  } else {
    count = grid.nodes(steps, process, table, out);
  }
  check_descending(out, count);
  return count;
}

/// The nodes at K + 1 times given by a function of k.
template <class P, class Time>
constexpr int nodes_at(int steps, P const& process, double const* table, node* out, Time time) {
  for (int k = 0; k <= steps; ++k) out[k] = process.at(table, time(k));
  return steps;
}

}  // namespace detail
}  // namespace v0
}  // namespace ardent
