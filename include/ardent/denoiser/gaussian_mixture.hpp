// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief The exact denoiser of a Gaussian mixture: the test bench of schedules and solvers.

#include <ardent/denoiser/pointwise.hpp>
#include <ardent/detail/float_math.hpp>

namespace ardent {
inline namespace v0 {
namespace denoiser {

/// @brief epsilon(x, t) of tokens drawn from a mixture of isotropic Gaussians, in closed form.
///
/// With p(x0) = sum_i w_i N(mean_i, deviation_i^2 I), x = alpha x0 + sigma epsilon has
/// E[epsilon | x] = sigma sum_i r_i (x - alpha mean_i) / (alpha^2 deviation_i^2 + sigma^2), r_i the responsibility of
/// component i at x. Views: the numbers must outlive it. The condition is not read.
class gaussian_mixture_function {
 public:
  static constexpr prediction predicted = prediction::epsilon;  ///< it predicts epsilon

  /// @param channels    numbers of a token
  /// @param components  number of Gaussians, at least 1
  /// @param weights     [components], positive
  /// @param means       [components][channels]
  /// @param deviations  [components], standard deviations, positive
  constexpr gaussian_mixture_function(int channels, int components, float const* weights, float const* means,
                                      float const* deviations)
      : channels_(channels), components_(components), weights_(weights), means_(means), deviations_(deviations) {}

  ARDENT_HD int channels() const { return channels_; }  ///< numbers of a token
  ARDENT_HD int outputs() const { return channels_; }   ///< the same
  ARDENT_HD int condition_width() const { return 0; }   ///< no condition

  /// @brief epsilon of one token.
  ARDENT_INLINE void operator()(float const* x, time_point const& time, float const*, float* output) const {
    float best = -3e38f;
    for (int i = 0; i < components_; ++i) best = log_weight(x, time, i) > best ? log_weight(x, time, i) : best;
    for (int c = 0; c < channels_; ++c) output[c] = 0;
    float sum = 0;
    for (int i = 0; i < components_; ++i) {
      const float responsibility = detail::exp_float(log_weight(x, time, i) - best);
      const float scale = responsibility * time.sigma / variance(time, i);
      sum += responsibility;
      for (int c = 0; c < channels_; ++c) output[c] += scale * (x[c] - time.alpha * means_[i * channels_ + c]);
    }
    for (int c = 0; c < channels_; ++c) output[c] /= sum;
  }

 private:
  ARDENT_INLINE float variance(time_point const& time, int i) const {
    return time.alpha * time.alpha * deviations_[i] * deviations_[i] + time.sigma * time.sigma;
  }
  ARDENT_INLINE float log_weight(float const* x, time_point const& time, int i) const {
    const float v = variance(time, i);
    float square = 0;
    for (int c = 0; c < channels_; ++c) {
      const float d = x[c] - time.alpha * means_[i * channels_ + c];
      square += d * d;
    }
    return detail::log_float(weights_[i]) - 0.5f * (static_cast<float>(channels_) * detail::log_float(v) + square / v);
  }

  int channels_;
  int components_;
  float const* weights_;
  float const* means_;
  float const* deviations_;
};

/// @brief The mixture as a denoiser.
class gaussian_mixture : public pointwise<gaussian_mixture_function> {
 public:
  /// @brief See gaussian_mixture_function.
  constexpr gaussian_mixture(int channels, int components, float const* weights, float const* means,
                             float const* deviations)
      : pointwise(gaussian_mixture_function(channels, components, weights, means, deviations)) {}
};

}  // namespace denoiser
}  // namespace v0
}  // namespace ardent
