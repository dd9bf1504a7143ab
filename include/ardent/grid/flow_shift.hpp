// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief A shift of time towards noise, as an adaptor of any grid over real time in [0, 1].

#include <ardent/grid/grid.hpp>
#include <ardent/number.hpp>

#include <stdexcept>
#include <string>
#include <utility>

namespace ardent {
inline namespace v0 {
namespace grid {

/// @brief Each time t of a grid becomes s t / (1 + (s - 1) t): with s > 1 more steps are spent on noisy times.
///
/// Source: Esser et al., Stable Diffusion 3 (arXiv 2403.03206), equation 23.
/// @tparam Grid   a grid over real time in [0, 1]
/// @tparam Shift  in (0, 1e6], or `dynamic`
template <class Grid, auto Shift>
class flow_shift {
 public:
  static constexpr int least_steps = detail::least_steps<Grid>();         ///< as the grid's
  static constexpr bool ends_clean = detail::ends_clean<Grid>();          ///< as the grid's: no noise at time 0
  static constexpr bool fixed_ends = detail::fixed_ends<Grid>();          ///< as the grid's
  static constexpr bool cuts_clean_end = detail::cuts_clean_end<Grid>();  ///< as the grid's

  constexpr flow_shift() = default;
  /// @param shift  in (0, 1e6]
  /// @throws std::invalid_argument otherwise
  constexpr explicit flow_shift(double shift) : shift_(shift) { validate(); }
  /// @param grid   the grid to shift
  /// @param shift  in (0, 1e6]
  /// @throws std::invalid_argument otherwise
  constexpr flow_shift(Grid grid, double shift) : grid_(std::move(grid)), shift_(shift) { validate(); }
  /// @brief Refuses numbers out of range. @throws std::invalid_argument
  constexpr void validate() const {
    detail::validate_policy(grid_);
    if (!(shift_.get() > 0 && shift_.get() <= 1e6))
      throw std::invalid_argument("ardent::grid::flow_shift: the shift must be in (0, 1e6], found " +
                                  std::to_string(shift_.get()));
  }

  /// @brief As many as the base's.
  constexpr int most_nodes(int steps) const { return grid_.most_nodes(steps); }
  /// @brief The shifted nodes.
  template <continuous_process P>
  constexpr int nodes(int steps, P const& process, double const* table, node* out) const {
    using detail::real;
    const int count = grid_.nodes(steps, process, table, out);
    for (int k = 0; k <= count; ++k) {
      const real t = out[k].time;
      const real s = shift_.get();
      out[k] = process.at(table, (s * t / (real(1) + (s - real(1)) * t)).value);
    }
    return count;
  }

 private:
  [[no_unique_address]] Grid grid_;
  [[no_unique_address]] number<double, Shift> shift_;
};

template <class Grid>
flow_shift(Grid, double) -> flow_shift<Grid, dynamic>;

}  // namespace grid
}  // namespace v0
}  // namespace ardent
