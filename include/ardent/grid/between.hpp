// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief Other ends for any grid over real time.

#include <ardent/grid/grid.hpp>
#include <ardent/number.hpp>

#include <stdexcept>
#include <string>
#include <utility>

namespace ardent {
inline namespace v0 {
namespace grid {

/// @brief A grid between two times that are not the process's own.
///
/// A grid that needs log(alpha / sigma) at both ends (grid::logsnr_uniform, grid::karras, grid::subdivided) needs noise
/// at the end, too: of a flow, an End above 0.
/// @tparam Grid   a grid over real time that goes from the process's start to its end; one with ends of its own
///                (grid::flowar, grid::xar, grid::times, grid::between) does not compile
/// @tparam Start  noisiest time, or `dynamic`
/// @tparam End    last time, below Start, or `dynamic`
template <class Grid, auto Start, auto End>
class between {
  static_assert(!detail::fixed_ends<Grid>(),
                "ardent::grid::between: the grid has ends of its own, which other bounds do not move. Use a grid that "
                "goes from the process's start to its end, such as grid::time_uniform.");

 public:
  static constexpr bool fixed_ends = true;                                ///< another grid::between would not move them
  static constexpr int least_steps = detail::least_steps<Grid>();         ///< as the grid's
  static constexpr int parts = detail::parts_of<Grid>();                  ///< as the grid's
  static constexpr bool ends_clean = detail::ends_clean<Grid>();          ///< as the grid's
  static constexpr bool cuts_clean_end = detail::cuts_clean_end<Grid>();  ///< as the grid's

  constexpr between() = default;
  /// @param start  noisiest time
  /// @param end    last time, below start
  /// @throws std::invalid_argument if end >= start
  constexpr between(double start, double end) : start_(start), end_(end) { validate(); }
  /// @param grid   the grid
  /// @param start  noisiest time
  /// @param end    last time, below start
  /// @throws std::invalid_argument if end >= start
  constexpr between(Grid grid, double start, double end) : grid_(std::move(grid)), start_(start), end_(end) {
    validate();
  }
  /// @brief Refuses numbers out of range. @throws std::invalid_argument
  constexpr void validate() const {
    detail::validate_policy(grid_);
    if (!(end_.get() < start_.get()))
      throw std::invalid_argument("ardent::grid::between: expected an end below the start, found " +
                                  std::to_string(end_.get()) + " and " + std::to_string(start_.get()));
  }

  /// @brief As many as the base's.
  constexpr int most_nodes(int steps) const { return grid_.most_nodes(steps); }
  /// @brief The base's nodes between the ends.
  template <continuous_process P>
  constexpr int nodes(int steps, P const& process, double const* table, node* out) const {
    return grid_.nodes(steps, bounded<P>{process, start_.get(), end_.get()}, table, out);
  }

 private:
  /// The process with other ends.
  template <class P>
  struct bounded {
    P const& process;
    double start, end;
    static constexpr bool discrete_time = false;
    static constexpr path_kind path = P::path;
    constexpr double start_time() const { return start; }
    constexpr double end_time() const { return end; }
    constexpr int table_size() const { return process.table_size(); }
    constexpr void fill_table(double* out) const { process.fill_table(out); }
    constexpr node at(double const* table, double t) const { return process.at(table, t); }
    constexpr double time_of(double const* table, double lambda) const { return process.time_of(table, lambda); }
  };

  [[no_unique_address]] Grid grid_;
  [[no_unique_address]] number<double, Start> start_;
  [[no_unique_address]] number<double, End> end_;
};

template <class Grid>
between(Grid, double, double) -> between<Grid, dynamic, dynamic>;

}  // namespace grid
}  // namespace v0
}  // namespace ardent
