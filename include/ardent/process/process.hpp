// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief What a noise process is: signal and noise level over time, x_t = alpha_t x0 + sigma_t epsilon.

#include <ardent/config.hpp>
#include <ardent/detail/math.hpp>

#include <concepts>

namespace ardent {
inline namespace v0 {

/// @brief One time on a denoising grid, with the process's signal and noise level there.
struct node {
  double timestep = 0;            ///< what the denoiser is told: an index of the training steps, possibly fractional
  double alphas_cumprod = 1;      ///< alpha^2 / (alpha^2 + sigma^2), in [0, 1]
  double alpha = 1;               ///< signal level
  double sigma = 0;               ///< noise level (standard deviation)
};

/// @brief A variance-preserving node from alphas_cumprod: alpha = sqrt(abar), sigma = sqrt(1 - abar).
/// @param timestep        what the denoiser is told
/// @param alphas_cumprod  in [0, 1]
constexpr node variance_preserving_node(double timestep, double alphas_cumprod) {
  return {timestep, alphas_cumprod, detail::sqrt(alphas_cumprod), detail::sqrt(1 - alphas_cumprod)};
}

/// @brief The noiseless end of every denoising grid: alpha = 1, sigma = 0. The denoiser is never evaluated there.
inline constexpr node clean_node{0, 1, 1, 0};

/// @brief Half the log signal-to-noise ratio, lambda = log(alpha / sigma); sigma > 0.
/// Source: DPM-Solver (arXiv 2206.00927), section 2.2.
constexpr double half_logsnr(node const& n) { return detail::log(n.alpha) - detail::log(n.sigma); }

/// @brief A noise process: it fills a table once, and reads nodes off it.
///
/// - `table_size()`: doubles in the table.
/// - `fill_table(double*)`: computes it.
/// - `at(double const* table, time)`: the node at a time.
/// - `discrete_time`: true if times are the integers 0 ... train_timesteps() - 1 of a training table, false if they
///   are real numbers (then `at` takes a double).
template <class P>
concept noise_process = requires(P const& p, double* out, double const* table) {
  { P::discrete_time } -> std::convertible_to<bool>;
  { p.table_size() } -> std::same_as<int>;
  p.fill_table(out);
  { p.at(table, 0) } -> std::same_as<node>;
};

/// @brief A noise process given by T training steps.
template <class P>
concept discrete_process = noise_process<P> && P::discrete_time && requires(P const& p) {
  { p.train_timesteps() } -> std::same_as<int>;
};

/// @brief A noise process over real time.
template <class P>
concept continuous_process = noise_process<P> && !P::discrete_time;

namespace detail {

/// alphas_cumprod of T betas, each at most 0.999, by cumulative product in the order published code uses.
template <class Beta>
constexpr void fill_alphas_cumprod(double* out, int count, Beta beta) {
  real product = 1.0;
  for (int i = 0; i < count; ++i) {
    product = product * (real(1.0) - real(beta(i)));
    out[i] = product.value;
  }
}

}  // namespace detail
}  // namespace v0
}  // namespace ardent
