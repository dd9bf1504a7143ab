// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief A last step to the clean end, as an adaptor of any grid over real time.

#include <ardent/grid/grid.hpp>
#include <ardent/number.hpp>

#include <utility>

namespace ardent {
inline namespace v0 {
namespace grid {

/// @brief K nodes of a grid, and after them the noiseless node: the last of K steps goes from the grid's end to x0.
/// @tparam Grid  a grid over real time
template <class Grid>
class to_clean {
 public:
  static constexpr bool ends_clean = true;                                ///< the last node has no noise
  static constexpr bool fixed_ends = detail::fixed_ends<Grid>();          ///< as the grid's
  static constexpr bool cuts_clean_end = detail::cuts_clean_end<Grid>();  ///< as the grid's
  /// @brief One more than the grid's; a grid that can make one step may be left out for one.
  static constexpr int least_steps = detail::least_steps<Grid>() > 1 ? detail::least_steps<Grid>() + 1 : 1;

  constexpr to_clean() = default;
  /// @param grid  the grid of the other steps
  constexpr explicit to_clean(Grid grid) : grid_(std::move(grid)) {}
  /// @brief Refuses a grid out of range. @throws std::invalid_argument
  constexpr void validate() const { detail::validate_policy(grid_); }

  /// @brief One more than the base's for a step less.
  constexpr int most_nodes(int steps) const { return steps < 2 ? 2 : grid_.most_nodes(steps - 1) + 1; }
  /// @brief The nodes. One step goes from the process's start to the clean end.
  template <continuous_process P>
  constexpr int nodes(int steps, P const& process, double const* table, node* out) const {
    const int count = steps < 2 ? 0 : grid_.nodes(steps - 1, process, table, out);
    if (steps < 2) out[0] = process.at(table, process.start_time());
    out[count + 1] = clean_node;
    return count + 1;
  }

 private:
  [[no_unique_address]] Grid grid_;
};

}  // namespace grid
}  // namespace v0
}  // namespace ardent
