// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief The grid of xAR.

#include <ardent/detail/evenly_spaced.hpp>
#include <ardent/grid/grid.hpp>
#include <ardent/number.hpp>

namespace ardent {
inline namespace v0 {
namespace grid {

/// @brief n times evenly from 1 to Last, then 0: n evaluations.
///
/// Source: xAR's published sampler (arXiv 2502.20388), Last = 0.04.
/// @tparam Last  the last evaluated time, in (0, 1), or `dynamic`
template <auto Last = 0.04>
class xar {
 public:
  static constexpr bool fixed_ends = true;  ///< 1 and 0, whatever the process's

  constexpr xar() = default;
  /// @param last  in (0, 1)
  /// @throws std::invalid_argument otherwise
  constexpr explicit xar(double last) : last_(last) { validate(); }
  /// @brief Refuses numbers out of range. @throws std::invalid_argument
  constexpr void validate() const {
    if (!(last_.get() > 0 && last_.get() < 1))
      throw std::invalid_argument("ardent::grid::xar: the last time must be in (0, 1), found " +
                                  std::to_string(last_.get()));
  }

  /// @brief K + 1.
  constexpr int most_nodes(int steps) const { return steps + 1; }
  /// @brief The K + 1 nodes.
  template <continuous_process P>
  constexpr int nodes(int steps, P const& process, double const* table, node* out) const {
    return detail::nodes_at(steps, process, table, out, [&](int k) {
      if (k == steps) return 0.0;
      return k == 0 ? 1.0 : detail::evenly_spaced(1, last_.get(), steps, k);
    });
  }

 private:
  [[no_unique_address]] number<double, Last> last_;
};

xar(double) -> xar<dynamic>;

}  // namespace grid
}  // namespace v0
}  // namespace ardent
