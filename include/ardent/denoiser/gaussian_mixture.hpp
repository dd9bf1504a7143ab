// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief The exact denoiser of a Gaussian mixture: the test bench of schedules and solvers.

#include <ardent/denoiser/pointwise.hpp>
#include <ardent/detail/float_math.hpp>
#include <ardent/number.hpp>

#include <stdexcept>
#include <string>

namespace ardent {
inline namespace v0 {
namespace denoiser {

/// @brief epsilon(x, t) of tokens drawn from a mixture of isotropic Gaussians, in closed form.
///
/// With p(x0) = sum_i w_i N(mean_i, deviation_i^2 I), x = alpha x0 + sigma epsilon has
/// E[epsilon | x] = sigma sum_i r_i (x - alpha mean_i) / (alpha^2 deviation_i^2 + sigma^2), r_i the responsibility of
/// component i at x. Views: the numbers must outlive it. The condition is not read.
/// @tparam Channels  numbers of a token, or `dynamic`
template <auto Channels = dynamic>
class gaussian_mixture_function {
 public:
  static constexpr prediction predicted = prediction::epsilon;  ///< it predicts epsilon

  /// @param channels    numbers of a token; Channels, if that is a number
  /// @param components  number of Gaussians, at least 1
  /// @param weights     [components], positive
  /// @param means       [components][channels]
  /// @param deviations  [components], standard deviations, positive
  /// @throws std::invalid_argument if channels or components is below 1
  constexpr gaussian_mixture_function(int channels, int components, float const* weights, float const* means,
                                      float const* deviations)
      : channels_(channels), components_(components), weights_(weights), means_(means), deviations_(deviations) {
    if (channels < 1 || components < 1)
      throw std::invalid_argument(
          "ardent::denoiser::gaussian_mixture: expected at least 1 channel and 1 component, found " +
          std::to_string(channels) + " and " + std::to_string(components));
  }

  ARDENT_HD constexpr int channels() const { return channels_.get(); }  ///< numbers of a token
  ARDENT_HD constexpr int outputs() const { return channels(); }        ///< the same
  ARDENT_HD constexpr int condition_width() const { return 0; }         ///< no condition

  /// @brief epsilon of one token.
  ARDENT_INLINE void operator()(float const* x, time_point const& time, float const*, float* output) const {
    float best = -3e38f;
    for (int i = 0; i < components_; ++i) best = log_weight(x, time, i) > best ? log_weight(x, time, i) : best;
    const int channels = channels_.get();
    for (int c = 0; c < channels; ++c) output[c] = 0;
    float sum = 0;
    for (int i = 0; i < components_; ++i) {
      const float responsibility = detail::exp_float(log_weight(x, time, i) - best);
      const float scale = detail::quotient(responsibility * time.sigma, variance(time, i));
      sum += responsibility;
      for (int c = 0; c < channels; ++c) output[c] += scale * (x[c] - time.alpha * means_[i * channels + c]);
    }
    for (int c = 0; c < channels; ++c) output[c] = detail::quotient(output[c], sum);
  }

 private:
  ARDENT_INLINE float variance(time_point const& time, int i) const {
    return time.alpha * time.alpha * deviations_[i] * deviations_[i] + time.sigma * time.sigma;
  }
  ARDENT_INLINE float log_weight(float const* x, time_point const& time, int i) const {
    const float v = variance(time, i);
    const int channels = channels_.get();
    float square = 0;
    for (int c = 0; c < channels; ++c) {
      const float d = x[c] - time.alpha * means_[i * channels + c];
      square += d * d;
    }
    return detail::log_float(weights_[i]) -
           0.5f * (static_cast<float>(channels) * detail::log_float(v) + detail::quotient(square, v));
  }

  [[no_unique_address]] number<int, Channels> channels_;
  int components_;
  float const* weights_;
  float const* means_;
  float const* deviations_;
};

gaussian_mixture_function(int, int, float const*, float const*, float const*) -> gaussian_mixture_function<>;

/// @brief The mixture as a denoiser.
/// @tparam Channels  numbers of a token, or `dynamic`
template <auto Channels = dynamic>
class gaussian_mixture : public pointwise<gaussian_mixture_function<Channels>> {
 public:
  /// @brief See gaussian_mixture_function.
  constexpr gaussian_mixture(int channels, int components, float const* weights, float const* means,
                             float const* deviations)
      : pointwise<gaussian_mixture_function<Channels>>(
            gaussian_mixture_function<Channels>(channels, components, weights, means, deviations)) {}
};

gaussian_mixture(int, int, float const*, float const*, float const*) -> gaussian_mixture<>;

}  // namespace denoiser
}  // namespace v0
}  // namespace ardent
