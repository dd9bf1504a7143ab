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

namespace detail {

/// The noise variances of two nodes of a variance-preserving grid, and beta = 1 - abar / abar_next.
struct step_noise {
  real here, next, beta;
};

/// Near the clean end 1 - abar has lost its digits where sigma has not (time is real there). Elsewhere the variance is
/// 1 - abar as in published tables, which these then equal to the last digits.
constexpr bool is_near_clean(node const& n) { return n.sigma < 1e-3; }

constexpr step_noise noise_between(node const& now, node const& next) {
  const real one = 1.0;
  const auto variance = [&](node const& n) {
    return is_near_clean(n) ? real(n.sigma) * real(n.sigma) : one - real(n.alphas_cumprod);
  };
  const real here = variance(now);
  const real there = variance(next);
  const real abar_next = next.alphas_cumprod;
  return {here, there, is_near_clean(now) ? (here - there) / abar_next : one - real(now.alphas_cumprod) / abar_next};
}

}  // namespace detail

/// @brief The posterior between two nodes. Source: DDPM (arXiv 2006.11239), equations 6 and 7.
/// @param now   where x is
/// @param next  where the step goes; less noise than at `now`
constexpr posterior posterior_between(node const& now, node const& next) {
  using detail::real;
  const auto noise = detail::noise_between(now, next);
  const real root_alpha = detail::sqrt((real(1.0) - noise.beta).value);
  const real root_abar_next = detail::sqrt(next.alphas_cumprod);
  return {noise.beta.value, (noise.beta * root_abar_next / noise.here).value,
          (noise.next * root_alpha / noise.here).value, (noise.beta * noise.next / noise.here).value};
}

/// @brief log of the posterior variance of step k. A step to the clean end, whose variance is 0, takes that of the step
/// before, or beta if there is none.
/// @param nodes  the nodes, noisiest first
/// @param k      at least 0
constexpr double clipped_log_variance(node const* nodes, int k) {
  const posterior q = posterior_between(nodes[k], nodes[k + 1]);
  if (q.variance > 0) return detail::log(q.variance);
  return detail::log(k == 0 ? q.beta : posterior_between(nodes[k - 1], nodes[k]).variance);
}

}  // namespace v0
}  // namespace ardent
