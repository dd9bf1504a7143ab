// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief A bound on the noisiest step, as an adaptor of any grid over training steps.

#include <ardent/grid/grid.hpp>
#include <ardent/number.hpp>

#include <stdexcept>
#include <string>
#include <utility>

namespace ardent {
inline namespace v0 {
namespace grid {

/// @brief Replaces each timestep of a grid by min(timestep, Max); steps that fall together are visited once.
///
/// The cosine schedule is singular at its noisy end (x0 = 20291 (x - epsilon) at step 999 of 1000), so a sampler should
/// start earlier. DiSA's code uses 950 with `respaced` and 980 with `ddim_stride`. With 950, 27 steps become 26, 50
/// become 48 and 100 become 96: ask `effective_steps`.
///
/// @tparam Grid  a discrete grid
/// @tparam Max   noisiest step allowed, in [0, T), or `dynamic`
template <class Grid, auto Max>
class clip {
  static_assert(discrete_grid<Grid>,
                "ardent::grid::clip: the grid has no training steps to clip. Clip a grid over training steps, such as "
                "grid::respaced.");

 public:
  static constexpr bool may_repeat = true;                         ///< clipped steps are visited once
  static constexpr int extra_steps = detail::extra_steps<Grid>();  ///< as the grid's
  constexpr clip() = default;
  /// @param max  noisiest step allowed
  /// @throws std::invalid_argument if max < 0
  constexpr explicit clip(int max) : max_(max) { validate(); }
  /// @param grid  the grid to clip
  /// @param max   noisiest step allowed
  /// @throws std::invalid_argument if max < 0
  constexpr clip(Grid grid, int max) : grid_(std::move(grid)), max_(max) { validate(); }
  /// @brief Refuses numbers out of range. @throws std::invalid_argument
  constexpr void validate() const {
    detail::validate_policy(grid_);
    if (max() < 0)
      throw std::invalid_argument("ardent::grid::clip: max must be at least 0, found " + std::to_string(max()));
  }

  /// @brief Noisiest step allowed.
  constexpr int max() const { return max_.get(); }

  /// @brief The clipped timesteps, ascending, possibly repeated.
  constexpr void timesteps(int steps, int train_timesteps, int* out) const {
    grid_.timesteps(steps, train_timesteps, out);
    for (int i = 0; i < steps; ++i)
      if (out[i] > max()) out[i] = max();
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
  [[no_unique_address]] number<int, Max> max_;
};

template <class Grid>
clip(Grid, int) -> clip<Grid, dynamic>;

}  // namespace grid
}  // namespace v0
}  // namespace ardent
