// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief A grid of a user's own times.

#include <ardent/grid/grid.hpp>
#include <utility>
#include <vector>

namespace ardent {
inline namespace v0 {
namespace grid {

/// @brief The times as given: the number of steps asked for must be one less than their number.
class times {
 public:
  static constexpr bool fixed_ends = true;  ///< as given, whatever the process's

  /// @param values  strictly descending, at least two; the last is where the trajectory ends
  /// @throws std::invalid_argument otherwise
  explicit times(std::vector<double> values) : values_(std::move(values)) {
    if (values_.size() < 2)
      throw std::invalid_argument("ardent::grid::times: expected at least 2 times, found " +
                                  std::to_string(values_.size()));
    for (std::size_t i = 1; i < values_.size(); ++i)
      if (!(values_[i] < values_[i - 1]))
        throw std::invalid_argument("ardent::grid::times: expected strictly descending times, found " +
                                    std::to_string(values_[i]) + " after " + std::to_string(values_[i - 1]));
  }

  /// @brief As many as there are.
  int most_nodes(int) const { return static_cast<int>(values_.size()); }
  /// @brief The nodes.
  /// @throws std::invalid_argument if another number of steps is asked for
  template <continuous_process P>
  int nodes(int steps, P const& process, double const* table, node* out) const {
    if (steps + 1 != static_cast<int>(values_.size()))
      throw std::invalid_argument("ardent::grid::times: expected to be asked for " +
                                  std::to_string(values_.size() - 1) + " steps, found " + std::to_string(steps));
    return detail::nodes_at(steps, process, table, out, [&](int k) { return values_[static_cast<std::size_t>(k)]; });
  }

 private:
  std::vector<double> values_;
};

}  // namespace grid
}  // namespace v0
}  // namespace ardent
