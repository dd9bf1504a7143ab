// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief The grid of Karras et al.

#include <ardent/grid/grid.hpp>
#include <ardent/number.hpp>

#include <stdexcept>
#include <string>

namespace ardent {
inline namespace v0 {
namespace grid {

/// @brief K + 1 times at which s^(1 / rho), s = sigma / alpha, is evenly spaced from the process's start to its end.
///
/// Both ends must have signal and noise. A flow's t = 1 and t = 0 do not: bound the grid with grid::between, on both
/// sides.
/// Source: Karras et al., Elucidating the design space (arXiv 2206.00364), equation 5. Its last step to s = 0 is
/// grid::to_clean<grid::karras<>>.
/// @tparam Rho  in (0, 1e6], 7 in the paper, or `dynamic`
template <auto Rho = 7.0>
class karras {
 public:
  constexpr karras() = default;
  /// @param rho  in (0, 1e6]
  /// @throws std::invalid_argument otherwise
  constexpr explicit karras(double rho) : rho_(rho) { validate(); }
  /// @brief Refuses numbers out of range. @throws std::invalid_argument
  constexpr void validate() const {
    if (!(rho_.get() > 0 && rho_.get() <= 1e6))
      throw std::invalid_argument("ardent::grid::karras: rho must be in (0, 1e6], found " + std::to_string(rho_.get()));
  }

  /// @brief K + 1.
  constexpr int most_nodes(int steps) const { return steps + 1; }
  /// @brief The K + 1 nodes.
  /// @throws std::invalid_argument if an end has no signal or no noise
  template <continuous_process P>
  constexpr int nodes(int steps, P const& process, double const* table, node* out) const {
    using detail::real;
    const double inverse = 1 / rho_.get();
    const auto root = [&](double t) {
      return real(detail::exp(-inverse * detail::grid_logsnr("karras", process.at(table, t))));
    };
    const real start = root(process.start_time());
    const real end = root(process.end_time());
    return detail::nodes_at(steps, process, table, out, [&](int k) {
      if (k == 0) return process.start_time();
      if (k == steps) return process.end_time();
      const real r = start + (end - start) * real(k) / real(steps);
      return process.time_of(table, -rho_.get() * detail::log(r.value));
    });
  }

 private:
  [[no_unique_address]] number<double, Rho> rho_;
};

karras(double) -> karras<dynamic>;

}  // namespace grid
}  // namespace v0
}  // namespace ardent
