// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief Every n-th time of a finer grid: grids that are nested by construction.

#include <ardent/grid/grid.hpp>
#include <ardent/number.hpp>

#include <cstddef>
#include <stdexcept>
#include <string>
#include <utility>

namespace ardent {
inline namespace v0 {
namespace detail {

/// Memory that a constant expression may have too: there, std::vector of GCC 12's library is not one for clang.
struct transient_ints {
  int* data;
  constexpr explicit transient_ints(int count) : data(new int[static_cast<std::size_t>(count)]{}) {}
  constexpr ~transient_ints() { delete[] data; }
  transient_ints(transient_ints const&) = delete;
  transient_ints& operator=(transient_ints const&) = delete;
};

}  // namespace detail

namespace grid {

/// @brief The K-step grid of every Stride-th time of another grid's K * Stride steps, from the noisiest on, ending
/// where that one ends. A solver on it and on the finer grid visits nested times, which is what measuring its error by
/// halving steps needs; respaced and strided grids of K and 2 K steps are not nested by themselves.
/// @tparam Grid    the finer grid; if its steps may fall together, so may these
/// @tparam Stride  at least 1
template <class Grid, int Stride = 2>
class every_other {
  static_assert(Stride >= 1, "ardent::grid::every_other: the stride is below 1. Use 2 to halve the steps.");

 public:
  static constexpr bool may_repeat = detail::may_repeat<Grid>();   ///< as the grid's
  static constexpr int extra_steps = detail::extra_steps<Grid>();  ///< as the grid's
  static constexpr int least_steps =
      (detail::least_steps<Grid>() + Stride - 1) / Stride;                ///< as the grid's, rounded up
  static constexpr bool ends_clean = detail::ends_clean<Grid>();          ///< as the grid's
  static constexpr bool fixed_ends = detail::fixed_ends<Grid>();          ///< as the grid's
  static constexpr bool cuts_clean_end = detail::cuts_clean_end<Grid>();  ///< as the grid's

  constexpr every_other() = default;
  /// @param grid  the finer grid
  constexpr explicit every_other(Grid grid) : grid_(std::move(grid)) {}
  /// @brief Refuses a grid out of range. @throws std::invalid_argument
  constexpr void validate() const { detail::validate_policy(grid_); }

  /// @brief K training steps, ascending. @throws std::invalid_argument where the finer grid does, for K * Stride steps
  constexpr void timesteps(int steps, int train_timesteps, int* out) const
    requires discrete_grid<Grid>
  {
    if (steps > train_timesteps / Stride)
      throw std::invalid_argument("ardent::grid::every_other: expected at most " +
                                  std::to_string(train_timesteps / Stride) + " steps, found " + std::to_string(steps));
    const detail::transient_ints fine(steps * Stride + extra_steps);
    grid_.timesteps(steps * Stride, train_timesteps, fine.data);
    for (int i = 0; i < steps; ++i) out[i] = fine.data[(i + 1) * Stride - 1];
  }

  /// @brief Where the finer grid ends, if it says so.
  template <class P>
  constexpr node end(P const& process, double const* table) const
    requires detail::has_own_end<Grid, P>
  {
    return grid_.end(process, table);
  }

  /// @brief Nodes that K steps may take.
  constexpr int most_nodes(int steps) const
    requires(!discrete_grid<Grid>)
  {
    return grid_.most_nodes(steps * Stride);
  }
  /// @brief The nodes; returns the number of steps. If the finer grid has a number of steps that is no multiple of
  /// Stride, the last step is shorter.
  template <continuous_process P>
    requires(!discrete_grid<Grid>)
  constexpr int nodes(int steps, P const& process, double const* table, node* out) const {
    const int fine = grid_.nodes(steps * Stride, process, table, out);
    int count = 0;
    for (int k = 0; k < fine; k += Stride) out[count++] = out[k];
    out[count] = out[fine];
    return count;
  }

 private:
  [[no_unique_address]] Grid grid_;
};

}  // namespace grid
}  // namespace v0
}  // namespace ardent
