// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief Inner nodes for singlestep solvers, as an adaptor of any grid over real time.

#include <ardent/grid/grid.hpp>
#include <ardent/number.hpp>

#include <utility>

namespace ardent {
inline namespace v0 {
namespace grid {

/// @brief Between each two nodes of a grid, Parts - 1 more nodes that cut lambda = log(alpha / sigma) into equal parts.
///
/// Singlestep solvers evaluate there: solver::singlestep_2 with Parts = 2 and solver::singlestep_3 with Parts = 3. K is
/// the number of evaluations asked for; it makes floor(K / Parts) steps of Parts evaluations each, at least one.
/// Source: DPM-Solver (arXiv 2206.00927), algorithms 1 and 2 (r1 = 1/2; r1 = 1/3 and r2 = 2/3).
/// @tparam Grid   a grid over real time whose nodes all have signal and noise: of a flow, grid::between 1 and 0
/// @tparam Parts  2 or 3
template <class Grid, int Parts>
class subdivided {
  static_assert(Parts == 2 || Parts == 3,
                "ardent::grid::subdivided: a step is cut into 2 or 3 parts. Use one of these.");

 public:
  static constexpr int parts = Parts;  ///< parts of a step
  /// @brief True if the last step ends without noise, where no middle exists; samplers refuse it.
  static constexpr bool cuts_clean_end = detail::ends_clean<Grid>() || detail::cuts_clean_end<Grid>();
  static constexpr bool ends_clean = detail::ends_clean<Grid>();  ///< as the grid's
  static constexpr bool fixed_ends = detail::fixed_ends<Grid>();  ///< as the grid's
  /// @brief Parts for each of the grid's.
  static constexpr int least_steps = detail::least_steps<Grid>() > 1 ? detail::least_steps<Grid>() * Parts : 1;

  constexpr subdivided() = default;
  /// @param grid  the outer grid
  constexpr explicit subdivided(Grid grid) : grid_(std::move(grid)) {}
  /// @brief Refuses a grid out of range. @throws std::invalid_argument
  constexpr void validate() const { detail::validate_policy(grid_); }

  /// @brief Parts for each outer step, and the end.
  constexpr int most_nodes(int steps) const { return Parts * grid_.most_nodes(outer(steps)) + 1; }
  /// @brief The nodes; returns the number of evaluations.
  /// @throws std::invalid_argument if a node of the grid has no signal or no noise
  template <continuous_process P>
  constexpr int nodes(int steps, P const& process, double const* table, node* out) const {
    using detail::real;
    const int count = grid_.nodes(outer(steps), process, table, out);
    for (int k = count; k > 0; --k) {  // from the back, so that no outer node is overwritten before it is read
      const node end = out[k];
      const node start = out[k - 1];
      out[k * Parts] = end;
      const real from = detail::grid_logsnr("subdivided", start);
      const real to = detail::grid_logsnr("subdivided", end);
      for (int i = 1; i < Parts; ++i)
        out[(k - 1) * Parts + i] =
            process.at(table, process.time_of(table, (from + (to - from) * real(i) / real(Parts)).value));
      out[(k - 1) * Parts] = start;
    }
    return count * Parts;
  }

 private:
  static constexpr int outer(int steps) { return steps < Parts ? 1 : steps / Parts; }
  [[no_unique_address]] Grid grid_;
};

}  // namespace grid
}  // namespace v0
}  // namespace ardent
