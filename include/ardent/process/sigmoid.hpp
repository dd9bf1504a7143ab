// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief Betas along a sigmoid.

#include <ardent/process/two_betas.hpp>

namespace ardent {
inline namespace v0 {
namespace detail {

struct sigmoid_betas {
  static constexpr char const* name = "sigmoid";
  real start, height, step;
  constexpr sigmoid_betas(int count, double beta_start, double beta_end)
      : start(beta_start), height(real(beta_end) - start), step(real(12.0) / real(count - 1)) {}
  constexpr double operator()(int i) const {
    const double u = (real(-6.0) + real(i) * step).value;
    return (start + height / (real(1.0) + real(exp(-u)))).value;
  }
};

}  // namespace detail

namespace process {

/// @brief beta_i = BetaStart + (BetaEnd - BetaStart) / (1 + exp(-u_i)) with T numbers u evenly spaced in [-6, 6].
///
/// Source: GeoDiff (arXiv 2203.02923), section 4.
/// @tparam TrainTimesteps  T, the number of training steps, in [2, 100000], or `dynamic`
/// @tparam BetaStart       first beta, in (0, 1), or `dynamic`
/// @tparam BetaEnd         last beta, in (0, 1), or `dynamic`
template <auto TrainTimesteps = 1000, auto BetaStart = 0.0001, auto BetaEnd = 0.02>
class sigmoid : public two_betas<detail::sigmoid_betas, TrainTimesteps, BetaStart, BetaEnd> {
 public:
  constexpr sigmoid() = default;
  using two_betas<detail::sigmoid_betas, TrainTimesteps, BetaStart, BetaEnd>::two_betas;
};

sigmoid(int, double, double) -> sigmoid<dynamic, dynamic, dynamic>;

}  // namespace process
}  // namespace v0
}  // namespace ardent
