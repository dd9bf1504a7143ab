// SPDX-License-Identifier: Apache-2.0
//
// A denoiser of one's own: a function of one token.
#pragma once

#include <ardent/denoiser/pointwise.hpp>

#include <cmath>

namespace own {

/// @brief The exact denoiser of tokens that are -1 or +1: with x = alpha x0 + sigma epsilon, Bayes' rule gives
/// E[x0 | x] = tanh(alpha x / sigma^2 + log(p / (1 - p)) / 2). It predicts x0; it has no condition.
struct coin {
  static constexpr ardent::prediction predicted = ardent::prediction::x0;
  float share = 0.5f;  ///< p, the share of tokens that are +1, in (0, 1)

  int channels() const { return 1; }
  int outputs() const { return 1; }
  int condition_width() const { return 0; }
  ARDENT_INLINE void operator()(float const* x, ardent::time_point const& time, float const*, float* output) const {
    output[0] = std::tanh(time.alpha * x[0] / (time.sigma * time.sigma) + 0.5f * std::log(share / (1 - share)));
  }
};

/// @brief As a sampler takes it: evaluated token by token, by whatever threads there are.
inline ardent::denoiser::pointwise<coin> coin_denoiser(float share) {
  return ardent::denoiser::pointwise<coin>(coin{share});
}

}  // namespace own
