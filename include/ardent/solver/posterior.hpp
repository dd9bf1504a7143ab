// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief The Gaussian posterior q(x_next | x, x0) between two nodes of a variance-preserving grid.

#include <ardent/process/process.hpp>

namespace ardent {
inline namespace v0 {

/// @brief The numbers of DDPM's reverse step from a node to the next, less noisy one.
struct posterior {
  double beta;      ///< 1 - abar / abar_next
  double coef1;     ///< mean = coef1 x0 + coef2 x
  double coef2;     ///< see coef1
  double variance;  ///< beta (1 - abar_next) / (1 - abar); 0 at the last step
};

/// @brief The posterior between two nodes. Source: DDPM (arXiv 2006.11239), equations 6 and 7.
/// @param now   where x is
/// @param next  where the step goes; less noise than at `now`
constexpr posterior posterior_between(node const& now, node const& next) {
  using detail::real;
  const real one = 1.0;
  const real abar = now.alphas_cumprod;
  const real abar_next = next.alphas_cumprod;
  const real beta = one - abar / abar_next;
  const real root_alpha = detail::sqrt((one - beta).value);
  const real root_abar_next = detail::sqrt(abar_next.value);
  return {beta.value, (beta * root_abar_next / (one - abar)).value,
          ((one - abar_next) * root_alpha / (one - abar)).value, (beta * (one - abar_next) / (one - abar)).value};
}

/// @brief log of the posterior variance of step k of n, where the last step (variance 0) takes the one before it, or
/// log beta if there is none.
/// @param nodes  n + 1 nodes, noisiest first
constexpr double clipped_log_variance(node const* nodes, int n, int k) {
  if (n == 1) return detail::log(posterior_between(nodes[0], nodes[1]).beta);
  if (k == n - 1) k = n - 2;
  return detail::log(posterior_between(nodes[k], nodes[k + 1]).variance);
}

}  // namespace v0
}  // namespace ardent
