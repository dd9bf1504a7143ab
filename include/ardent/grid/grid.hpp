// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief What a step grid is: which times are visited, and how the nodes of a process are read off at them.

#include <ardent/process/process.hpp>

#include <concepts>

namespace ardent {
inline namespace v0 {

/// @brief A grid over the integer steps of a discrete process.
///
/// `timesteps(K, T, out)` writes K integers in [0, T), ascending and possibly repeated, where T is the number of
/// training steps. Repeated ones are visited once: `effective_steps` says how many are left.
template <class G>
concept discrete_grid = requires(G const& g, int steps, int train_timesteps, int* out) {
  g.timesteps(steps, train_timesteps, out);
};

/// @brief A grid over real time.
///
/// `times(K, process, out)` writes K + 1 strictly descending times: where the denoiser is evaluated, and the end.
template <class G, class P>
concept continuous_grid = continuous_process<P> && requires(G const& g, int steps, P const& p, double* out) {
  g.times(steps, p, out);
};

namespace detail {

/// Drops repeated values of an ascending list; returns how many are left.
constexpr int drop_repeated(int* values, int count) {
  int kept = 0;
  for (int i = 0; i < count; ++i)
    if (kept == 0 || values[kept - 1] != values[i]) values[kept++] = values[i];
  return kept;
}

/// Writes the nodes of a K-step grid, noisiest first, and after them the node where the trajectory ends. Returns the
/// number of steps. `out` has room for K + 1 nodes, `scratch` for K + 1 ints or doubles.
template <discrete_grid G, discrete_process P>
constexpr int fill_nodes(G const& grid, P const& process, double const* table, int steps, int* scratch, node* out) {
  grid.timesteps(steps, process.train_timesteps(), scratch);
  const int count = drop_repeated(scratch, steps);
  for (int k = 0; k < count; ++k) out[k] = process.at(table, scratch[count - 1 - k]);
  out[count] = clean_node;
  return count;
}

template <class G, continuous_process P>
  requires continuous_grid<G, P>
constexpr int fill_nodes(G const& grid, P const& process, double const* table, int steps, double* scratch, node* out) {
  grid.times(steps, process, scratch);
  for (int k = 0; k <= steps; ++k) out[k] = process.at(table, scratch[k]);
  return steps;
}

/// int for grids over training steps, double for grids over real time.
template <class G>
struct grid_time {
  using type = double;
};
template <discrete_grid G>
struct grid_time<G> {
  using type = int;
};

}  // namespace detail
}  // namespace v0
}  // namespace ardent
