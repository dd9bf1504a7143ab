// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief Ancestral sampling (DDPM), with fixed or learned variance.

#include <ardent/solver/posterior.hpp>
#include <ardent/solver/row.hpp>

namespace ardent {
inline namespace v0 {

/// @brief The variance of DDPM's reverse step.
enum class variance {
  fixed_small,    ///< the posterior variance
  fixed_large,    ///< beta
  learned,        ///< the network's second half is its logarithm
  learned_range,  ///< between the two in the log, as the network's second half says (MAR, Harmon)
};

namespace solver {

/// @brief DDPM's ancestral sampling.
///
/// Row (m = x0): a = coef2, b_0 = coef1 of the posterior, s = standard deviation; for an epsilon network
/// (m = epsilon) a = coef1 / alpha + coef2, b_0 = -coef1 sigma / alpha. A step to sigma = 0 adds no noise. Weak
/// global order 1.
///
/// Source: DDPM (arXiv 2006.11239), algorithm 2 and equation 7; the learned variances from arXiv 2102.09672,
/// section 3.1 and equation 15.
///
/// @tparam Variance  which variance
template <variance Variance = variance::learned_range>
class ddpm {
 public:
  static constexpr int slots = 1;           ///< x alone
  static constexpr int history = 1;         ///< the newest output alone
  static constexpr bool stochastic = true;  ///< rows add noise
  /// @brief The network's second half is read if the variance is learned.
  static constexpr bool reads_variance = Variance == variance::learned || Variance == variance::learned_range;
  static constexpr path_need needs = path_need::variance_preserving;  ///< alpha^2 + sigma^2 = 1
  /// @brief epsilon of epsilon networks, x0 of others.
  // for an epsilon network the conversion to x0 is folded into the coefficients: dividing by alpha in float would cost
  // digits at the noisy end
  static constexpr prediction native(prediction from) { return from == prediction::epsilon ? from : prediction::x0; }

  /// @brief Row k of n.
  /// @param nodes  n + 1 nodes, noisiest first
  /// @param n      number of steps, at least 1
  /// @param k      in [0, n)
  /// @param from   what the denoiser predicts
  constexpr ardent::row<double> row(node const* nodes, [[maybe_unused]] int n, int k, prediction from) const {
    using detail::real;
    node const& now = nodes[k];
    node const& next = nodes[k + 1];
    const posterior q = posterior_between(now, next);
    const bool folded = from == prediction::epsilon;
    auto r = start_row(now, from, native(from));
    r.slot[0][0] = folded ? (real(q.coef1) / real(now.alpha) + real(q.coef2)).value : q.coef2;
    r.model[0][0] = folded ? -(real(q.coef1) * real(now.sigma) / real(now.alpha)).value : q.coef1;
    if (next.sigma > 0) add_noise(r, nodes, k, q);
    return r;
  }

 protected:
  /// The noise of a step whose posterior is q.
  static constexpr void add_noise(ardent::row<double>& r, node const* nodes, int k, posterior const& q) {
    if constexpr (Variance == variance::learned) {
      // the kernel's half log variance is f max + (1 - f) min with f = (v + 1) / 2: these bounds make it v / 2
      r.noise = 1;
      r.half_log_variance_max = 0.5;
      r.half_log_variance_min = -0.5;
    } else if constexpr (Variance == variance::learned_range) {
      r.noise = 1;
      r.half_log_variance_max = 0.5 * detail::log(q.beta);
      r.half_log_variance_min = 0.5 * clipped_log_variance(nodes, k);
    } else if constexpr (Variance == variance::fixed_small) {
      r.noise = q.variance > 0 ? detail::sqrt(q.variance) : detail::exp(0.5 * clipped_log_variance(nodes, k));
    } else {
      r.noise = detail::sqrt(q.beta);
    }
  }
};

/// @brief DDPM whose last step adds noise like the others, so that a token has a density given its trajectory: a
/// Gaussian around what `ddpm` returns.
///
/// The variance of the last step, whose posterior variance is 0, is that of the step before where `ddpm` takes the
/// posterior's: the value that published tables hold at index 0 and mask. For `generate_speculative`, whose acceptance
/// test compares these Gaussians; a sample differs from ddpm's by that noise.
///
/// Source: the clipped posterior log variance of arXiv 2102.09672's code; CSpD (arXiv 2411.11925).
/// @tparam Variance  which variance
template <variance Variance = variance::learned_range>
class ddpm_with_last_noise : public ddpm<Variance> {
 public:
  static constexpr bool ends_with_noise = true;  ///< the last row adds noise

  /// @brief Row k of n, as in ddpm.
  constexpr ardent::row<double> row(node const* nodes, int n, int k, prediction from) const {
    auto r = ddpm<Variance>::row(nodes, n, k, from);
    if (!(nodes[k + 1].sigma > 0)) ddpm<Variance>::add_noise(r, nodes, k, posterior_between(nodes[k], nodes[k + 1]));
    return r;
  }
};

}  // namespace solver
}  // namespace v0
}  // namespace ardent
