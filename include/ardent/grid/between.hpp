// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief Other ends for any grid over real time.

#include <ardent/grid/grid.hpp>
#include <ardent/number.hpp>

namespace ardent {
inline namespace v0 {
namespace grid {

/// @brief A grid between two times that are not the process's own.
/// @tparam Grid   a grid over real time
/// @tparam Start  noisiest time, or `dynamic`
/// @tparam End    last time, below Start, or `dynamic`
template <class Grid, auto Start, auto End>
class between {
 public:
  constexpr between() = default;
  /// @param start  noisiest time
  /// @param end    last time, below start
  /// @throws std::invalid_argument if end >= start
  constexpr between(double start, double end) : start_(start), end_(end) {
    if (!(end < start))
      throw std::invalid_argument("ardent::grid::between: expected an end below the start, found " +
                                  std::to_string(end) + " and " + std::to_string(start));
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

  [[no_unique_address]] Grid grid_{};
  [[no_unique_address]] number<double, Start> start_{};
  [[no_unique_address]] number<double, End> end_{};
};

}  // namespace grid
}  // namespace v0
}  // namespace ardent
