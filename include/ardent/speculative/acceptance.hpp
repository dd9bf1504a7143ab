// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief The acceptance test of continuous speculative decoding, in log space, and its policies.

#include <ardent/config.hpp>
#include <ardent/detail/float_math.hpp>
#include <ardent/number.hpp>

#include <concepts>
#include <stdexcept>
#include <string>

namespace ardent {
inline namespace v0 {

/// @brief What a head says of one token's trajectory: the Gaussian of its last step, and the sizes of the noise before.
/// Views of [channels] numbers each; see speculative/recorder.hpp.
struct last_step {
  float const* mean = nullptr;       ///< mean of the last step
  float const* deviation = nullptr;  ///< its standard deviation, temperature included, positive
  float const* log_sum = nullptr;    ///< sum over the earlier steps of the log of the standard deviation, without
                                     ///< temperature
};

/// @brief A rule by which a draft head's token x is accepted: with probability min(1, a), a = S p(x) / q(x), where p
/// and q are the target's and the draft's Gaussians of the last step.
///
/// - `takes_mean`: true if the draft's token is the mean of its last step, false if it is a sample.
/// - `counts_path`: true if S = exp(sum of the target's log_sum - sum of the draft's), false if S = 1.
/// - `inner_temperature()`: positive; divides (x - mean) / deviation in both exponents of a.
///
/// Refused tokens are drawn from the part of S p that q leaves, by rejection: see verify_token.
template <class A>
concept acceptance_policy = requires(A const& a) {
  { A::takes_mean } -> std::convertible_to<bool>;
  { A::counts_path } -> std::convertible_to<bool>;
  { a.inner_temperature() } -> std::same_as<double>;
};

namespace acceptance {

/// @brief a = p(x) / q(x), of a draft token that is a sample: what comes out is distributed as the target's last step.
///
/// Given the noise of the earlier steps, q and p are Gaussians and x is a sample of q that is independent of p, so that
/// speculative sampling is exact: the output's distribution is p, whatever the draft is. The rounds of verify_token are
/// bounded; that adds an error in total variation of at most d (1 - d)^max_rounds <= 1 / (e max_rounds), d the distance
/// of p and q, since a token that no round accepts keeps a sample of p.
///
/// Source: Leviathan et al., Fast inference from transformers via speculative decoding (arXiv 2211.17192), appendix
/// A.1.
struct exact {
  static constexpr bool takes_mean = false;                           ///< the draft token is a sample
  static constexpr bool counts_path = false;                          ///< S = 1
  ARDENT_HD constexpr double inner_temperature() const { return 1; }  ///< none
};

/// @brief The rule as published for MAR: S from the sizes of all earlier noise, an inner temperature, and a draft token
/// that is the mean of its last step.
///
/// It is not exact, for three reasons: the draft token has no density around its own mean; S differs from 1 where the
/// heads learn different variances, and min(q, S p) with its residual then does not add up to p; and an inner
/// temperature above 1 flattens both exponents, so that more is accepted than p allows. It is exact in the limit where
/// all three vanish, which is acceptance::exact.
///
/// Source: CSpD (arXiv 2411.11925), acceptance criterion and denoising trajectory alignment; S and the inner
/// temperature as in its code.
/// @tparam InnerTemperature  positive, or `dynamic`; 42 is the published value
template <auto InnerTemperature = 42.0>
class cspd {
 public:
  static constexpr bool takes_mean = true;   ///< the draft token is the mean
  static constexpr bool counts_path = true;  ///< S counts

  constexpr cspd() = default;
  /// @throws std::invalid_argument unless the inner temperature is in (0, 1e6]
  constexpr explicit cspd(double inner_temperature) : inner_temperature_(inner_temperature) { validate(); }
  /// @brief Refuses an inner temperature out of range. @throws std::invalid_argument
  constexpr void validate() const {
    if (!(inner_temperature() > 0 && inner_temperature() <= 1e6))
      throw std::invalid_argument("ardent::acceptance::cspd: expected an inner temperature in (0, 1e6], found " +
                                  std::to_string(inner_temperature()));
  }
  /// @brief As given.
  ARDENT_HD constexpr double inner_temperature() const { return inner_temperature_.get(); }

 private:
  [[no_unique_address]] number<double, InnerTemperature> inner_temperature_;
};

cspd(double) -> cspd<dynamic>;

}  // namespace acceptance

/// @brief log S: the sum over channels of the target's log_sum minus the draft's.
ARDENT_INLINE float log_path_factor(int channels, last_step const& draft, last_step const& target) {
  float sum = 0;
  for (int c = 0; c < channels; ++c) sum += target.log_sum[c] - draft.log_sum[c];
  return sum;
}

/// @brief log p(x) - log q(x), both exponents with (x - mean) / (deviation * inner_temperature).
/// @param channels           numbers of a token
/// @param draft              q
/// @param target             p
/// @param x                  [channels]
/// @param inner_temperature  positive; 1 for the true densities
ARDENT_INLINE float log_density_ratio(int channels, last_step const& draft, last_step const& target, float const* x,
                                      float inner_temperature) {
  const float inverse = detail::quotient(1.0f, inner_temperature);
  float sum = 0;
  for (int c = 0; c < channels; ++c) {
    const float of_q = detail::quotient(x[c] - draft.mean[c], draft.deviation[c]) * inverse;
    const float of_p = detail::quotient(x[c] - target.mean[c], target.deviation[c]) * inverse;
    sum += detail::log_float(draft.deviation[c]) - detail::log_float(target.deviation[c]) +
           0.5f * (of_q - of_p) * (of_q + of_p);
  }
  return sum;
}

/// @brief log a: see acceptance_policy.
template <acceptance_policy Policy>
ARDENT_INLINE float log_acceptance(Policy const& policy, int channels, last_step const& draft, last_step const& target,
                                   float const* x) {
  const float of_step = log_density_ratio(channels, draft, target, x, static_cast<float>(policy.inner_temperature()));
  if constexpr (Policy::counts_path)
    return of_step + log_path_factor(channels, draft, target);
  else
    return of_step;
}

/// @brief True if a > u. A ratio that is not a number is not accepted.
/// @param log_ratio  log a
/// @param u          in [0, 1)
ARDENT_INLINE bool is_accepted(float log_ratio, float u) {
  return log_ratio >= 0 || (log_ratio > -87 && u < detail::exp_float(log_ratio));
}

/// @brief max(0, 1 - q(x) / (S p(x))) with the true densities: the probability that a sample x of p is taken in place
/// of a refused token. 0 if it is not a number.
template <acceptance_policy Policy>
ARDENT_INLINE float residual_probability(Policy const&, int channels, last_step const& draft, last_step const& target,
                                         float const* x) {
  float log_ratio = log_density_ratio(channels, draft, target, x, 1);
  if constexpr (Policy::counts_path) log_ratio += log_path_factor(channels, draft, target);
  return log_ratio > 0 ? 1.0f - detail::exp_float(-log_ratio) : 0.0f;
}

}  // namespace v0
}  // namespace ardent
