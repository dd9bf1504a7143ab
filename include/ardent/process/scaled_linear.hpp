// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief Betas whose square roots are evenly spaced.

#include <ardent/process/two_betas.hpp>

namespace ardent {
inline namespace v0 {
namespace detail {

struct even_beta_roots {
  static constexpr char const* name = "scaled_linear";
  real start, step;
  constexpr even_beta_roots(int count, double beta_start, double beta_end)
      : start(sqrt(beta_start)), step((real(sqrt(beta_end)) - start) / real(count - 1)) {}
  constexpr double operator()(int i) const {
    const real root = start + real(i) * step;
    return (root * root).value;
  }
};

}  // namespace detail

namespace process {

/// @brief beta_i = r_i^2 with T numbers r evenly spaced from sqrt(BetaStart) to sqrt(BetaEnd).
///
/// Source: Rombach et al., latent diffusion (arXiv 2112.10752), appendix D.
/// @tparam TrainTimesteps  T, the number of training steps, in [2, 100000], or `dynamic`
/// @tparam BetaStart       first beta, in (0, 1), or `dynamic`
/// @tparam BetaEnd         last beta, in (0, 1), or `dynamic`
template <auto TrainTimesteps = 1000, auto BetaStart = 0.00085, auto BetaEnd = 0.012>
class scaled_linear : public two_betas<detail::even_beta_roots, TrainTimesteps, BetaStart, BetaEnd> {
 public:
  constexpr scaled_linear() = default;
  using two_betas<detail::even_beta_roots, TrainTimesteps, BetaStart, BetaEnd>::two_betas;
};

scaled_linear(int, double, double) -> scaled_linear<dynamic, dynamic, dynamic>;

}  // namespace process
}  // namespace v0
}  // namespace ardent
