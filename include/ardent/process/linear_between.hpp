// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief Betas evenly spaced between two values.

#include <ardent/process/two_betas.hpp>

namespace ardent {
inline namespace v0 {
namespace detail {

struct even_betas {
  static constexpr char const* name = "linear_between";
  real start, step;
  constexpr even_betas(int count, double beta_start, double beta_end)
      : start(beta_start), step((real(beta_end) - start) / real(count - 1)) {}
  constexpr double operator()(int i) const { return (start + real(i) * step).value; }
};

}  // namespace detail

namespace process {

/// @brief T betas evenly spaced from BetaStart to BetaEnd. Known elsewhere as the "linear" beta schedule.
///
/// Source: Ho et al., DDPM (arXiv 2006.11239), section 4.
/// @tparam TrainTimesteps  T, the number of training steps, in [2, 100000], or `dynamic`
/// @tparam BetaStart       first beta, in (0, 1), or `dynamic`
/// @tparam BetaEnd         last beta, in (0, 1), or `dynamic`
template <auto TrainTimesteps = 1000, auto BetaStart = 0.0001, auto BetaEnd = 0.02>
class linear_between : public two_betas<detail::even_betas, TrainTimesteps, BetaStart, BetaEnd> {
 public:
  constexpr linear_between() = default;
  using two_betas<detail::even_betas, TrainTimesteps, BetaStart, BetaEnd>::two_betas;
};

linear_between(int, double, double) -> linear_between<dynamic, dynamic, dynamic>;

}  // namespace process
}  // namespace v0
}  // namespace ardent
