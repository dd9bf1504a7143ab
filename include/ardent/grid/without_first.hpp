// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief A grid one step finer, of which the cleanest step is left out.

#include <ardent/grid/grid.hpp>
#include <ardent/number.hpp>

#include <utility>

namespace ardent {
inline namespace v0 {
namespace grid {

/// @brief The K noisiest of the K + 1 steps of a grid, as the multistep DPM-Solver of diffusers spaces its timesteps:
/// its first step would be next to the clean end, which is where the trajectory ends anyway.
/// @tparam Grid  a discrete grid
template <class Grid>
class without_first {
  static_assert(discrete_grid<Grid>,
                "ardent::grid::without_first: the grid has no training steps. Use a grid over training steps, such as "
                "grid::linspace.");

 public:
  static constexpr bool may_repeat = detail::may_repeat<Grid>();       ///< as the grid's
  static constexpr int extra_steps = detail::extra_steps<Grid>() + 1;  ///< the step that is left out
  constexpr without_first() = default;
  /// @param grid  the finer grid
  constexpr explicit without_first(Grid grid) : grid_(std::move(grid)) {}
  /// @brief Refuses a grid out of range. @throws std::invalid_argument
  constexpr void validate() const { detail::validate_policy(grid_); }

  /// @param steps            K, in [1, T)
  /// @param train_timesteps  T
  /// @param out              K integers, ascending; room for extra_steps more
  constexpr void timesteps(int steps, int train_timesteps, int* out) const {
    grid_.timesteps(steps + 1, train_timesteps, out);
    for (int i = 0; i < steps; ++i) out[i] = out[i + 1];
  }

  /// @brief Where the grid ends, if it says so.
  template <class P>
  constexpr node end(P const& process, double const* table) const
    requires detail::has_own_end<Grid, P>
  {
    return grid_.end(process, table);
  }

 private:
  [[no_unique_address]] Grid grid_;
};

}  // namespace grid
}  // namespace v0
}  // namespace ardent
