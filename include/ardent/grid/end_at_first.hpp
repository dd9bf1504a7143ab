// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief An end at the first training step instead of the noiseless one, as an adaptor.

#include <ardent/grid/grid.hpp>
#include <ardent/number.hpp>

#include <utility>

namespace ardent {
inline namespace v0 {
namespace grid {

/// @brief The trajectory ends at training step 0, whose noise level is small but not zero (diffusers'
/// set_alpha_to_one = False; final_sigmas_type = "sigma_min").
/// @tparam Grid  a discrete grid that does not visit step 0 itself
template <class Grid>
class end_at_first {
 public:
  static constexpr bool may_repeat = detail::may_repeat<Grid>();   ///< as the grid's
  static constexpr int extra_steps = detail::extra_steps<Grid>();  ///< as the grid's
  constexpr end_at_first() = default;
  /// @param grid  the grid
  constexpr explicit end_at_first(Grid grid) : grid_(std::move(grid)) {}
  /// @brief Refuses a grid out of range. @throws std::invalid_argument
  constexpr void validate() const { detail::validate_policy(grid_); }
  /// @brief The base's timesteps.
  constexpr void timesteps(int steps, int train_timesteps, int* out) const {
    grid_.timesteps(steps, train_timesteps, out);
  }
  /// @brief Training step 0.
  template <discrete_process P>
  constexpr node end(P const& process, double const* table) const {
    return process.at(table, 0);
  }

 private:
  [[no_unique_address]] Grid grid_;
};

}  // namespace grid
}  // namespace v0
}  // namespace ardent
