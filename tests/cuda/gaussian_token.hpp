// SPDX-License-Identifier: Apache-2.0
//
// The device function that the hand-written kernels and ardent's share: a token whose channels are Gaussian around its
// condition. It is cheap on purpose, so that what a solver adds to the loop shows. No ardent header here.
#pragma once

constexpr float token_deviation = 0.5f;

/// epsilon at x = alpha x0 + sigma epsilon, x0 ~ N(mean, token_deviation^2).
template <int Channels>
__device__ __forceinline__ void gaussian_epsilon(float const* x, float alpha, float sigma, float const* mean,
                                                 float* output) {
  const float variance = alpha * alpha * (token_deviation * token_deviation) + sigma * sigma;
  const float gain = __fdividef(sigma, variance);
  for (int c = 0; c < Channels; ++c) output[c] = gain * (x[c] - alpha * mean[c]);
}

/// epsilon - x0, the velocity of the path alpha = 1 - t, sigma = t.
template <int Channels>
__device__ __forceinline__ void gaussian_velocity(float const* x, float alpha, float sigma, float const* mean,
                                                  float* output) {
  constexpr float square = token_deviation * token_deviation;
  const float variance = alpha * alpha * square + sigma * sigma;
  const float gain = __fdividef(sigma - alpha * square, variance);
  for (int c = 0; c < Channels; ++c) output[c] = gain * (x[c] - alpha * mean[c]) - mean[c];
}
