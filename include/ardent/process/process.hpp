// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief What a noise process is: signal and noise level over time, x_t = alpha_t x0 + sigma_t epsilon.

#include <ardent/config.hpp>
#include <ardent/detail/math.hpp>

#include <concepts>
#include <stdexcept>
#include <string>

namespace ardent {
inline namespace v0 {

/// @brief One time on a denoising grid, with the process's signal and noise level there.
struct node {
  double timestep = 0;        ///< what the denoiser is told: an index of the training steps, possibly fractional
  double alphas_cumprod = 1;  ///< alpha^2 / (alpha^2 + sigma^2), in [0, 1]
  double alpha = 1;           ///< signal level
  double sigma = 0;           ///< noise level (standard deviation)
  double alpha_rate = 0;      ///< d alpha / dt where the process has a real time; a flow's velocity needs it
  double sigma_rate = 0;      ///< d sigma / dt likewise
  double time = 0;            ///< that real time
};

/// @brief A variance-preserving node from alphas_cumprod: alpha = sqrt(abar), sigma = sqrt(1 - abar).
/// @param timestep        what the denoiser is told
/// @param alphas_cumprod  in [0, 1]
constexpr node variance_preserving_node(double timestep, double alphas_cumprod) {
  return {timestep, alphas_cumprod, detail::sqrt(alphas_cumprod), detail::sqrt(1 - alphas_cumprod), 0, 0, 0};
}

/// @brief A node of any path from its levels: alphas_cumprod is alpha^2 / (alpha^2 + sigma^2). The denoiser is told
/// the time.
constexpr node path_node(double time, double alpha, double sigma, double alpha_rate, double sigma_rate) {
  using detail::real;
  const real signal = real(alpha) * real(alpha);
  return {time, (signal / (signal + real(sigma) * real(sigma))).value, alpha, sigma, alpha_rate, sigma_rate, time};
}

/// @brief The noiseless end of every denoising grid: alpha = 1, sigma = 0. The denoiser is never evaluated there.
inline constexpr node clean_node{0, 1, 1, 0, 0, 0, 0};

/// @brief Half the log signal-to-noise ratio, lambda = log(alpha / sigma).
/// Source: DPM-Solver (arXiv 2206.00927), section 2.2.
/// @param n  a node with signal and noise: alpha and sigma above 0, and not subnormal
/// @throws std::invalid_argument otherwise: lambda is infinite without one of them
constexpr double half_logsnr(node const& n) {
  constexpr double least = 0x1p-1022;  // below it detail::log is wrong
  if (!(n.alpha >= least && n.sigma >= least))
    throw std::invalid_argument("ardent::half_logsnr: expected alpha and sigma above 0, found " +
                                std::to_string(n.alpha) + " and " + std::to_string(n.sigma) +
                                ", where log(alpha / sigma) is infinite. Use a node with signal and noise.");
  return detail::log(n.alpha) - detail::log(n.sigma);
}

/// @brief What a process's path is.
enum class path_kind {
  variance_preserving,         ///< alpha^2 + sigma^2 = 1, known at training steps or piecewise
  smooth_variance_preserving,  ///< the same over real time, with rates
  linear_flow,                 ///< alpha = 1 - t, sigma = t
};

/// @brief A noise process: it fills a table once, and reads nodes off it.
///
/// - `table_size()`: doubles in the table.
/// - `fill_table(double*)`: computes it.
/// - `at(double const* table, time)`: the node at a time.
/// - `discrete_time`: true if times are the integers 0 ... train_timesteps() - 1 of a training table, false if they
///   are real numbers (then `at` takes a double).
/// - `path`: what its path is.
/// - `ends_in_pure_noise`, optional: true if alpha is 0 at its noisy end.
/// - `validate()`, optional here as in every policy: throws std::invalid_argument if its numbers are out of range.
template <class P>
concept noise_process = requires(P const& p, double* out, double const* table) {
  { P::discrete_time } -> std::convertible_to<bool>;
  { P::path } -> std::convertible_to<path_kind>;
  { p.table_size() } -> std::same_as<int>;
  p.fill_table(out);
  { p.at(table, 0) } -> std::same_as<node>;
};

/// @brief A noise process given by T training steps.
template <class P>
concept discrete_process = noise_process<P> && P::discrete_time && requires(P const& p) {
  { p.train_timesteps() } -> std::same_as<int>;
};

/// @brief A noise process over real time, with the inverse of half_logsnr:
///
/// - `start_time()`, `end_time()`: where sampling starts (noisiest) and ends by default.
/// - `time_of(table, lambda)`: the time at which half_logsnr is lambda.
template <class P>
concept continuous_process = noise_process<P> && !P::discrete_time && requires(P const& p, double const* table) {
  { p.start_time() } -> std::same_as<double>;
  { p.end_time() } -> std::same_as<double>;
  { p.time_of(table, 0.0) } -> std::same_as<double>;
};

namespace detail {

/// alphas_cumprod of T betas, each in [0, 1], by cumulative product in the order published code uses.
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
