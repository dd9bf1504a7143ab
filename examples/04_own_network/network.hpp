// SPDX-License-Identifier: Apache-2.0
//
// A network in two matrix products and a softmax: attention of the noisy token to a code book. It is exact for tokens
// that are one of the book's codes and a little noise, so that what it draws can be checked.
#pragma once

#include <ardent/denoiser/denoiser.hpp>

#include <cmath>

namespace own {

/// @brief Numbers of a token.
inline constexpr int channels = 4;
/// @brief Codes of the book.
inline constexpr int codes = 3;

/// @brief The weights. Plain numbers: the host's network views them, a kernel gets a copy.
struct weights {
  float book[codes][channels] = {{1, 1, -1, 0}, {-1, 1, 1, 1}, {0, -1, -1, 1}};  ///< the codes
  float deviation = 0.1f;                                                        ///< of the noise about a code
  /// Log of how likely code j follows code i; row `codes` is for the first token.
  float log_next[codes + 1][codes] = {{-0.6931472f, -1.2039728f, -1.6094379f},   // 0.5 0.3 0.2
                                      {-2.3025851f, -0.3566749f, -1.6094379f},   // 0.1 0.7 0.2
                                      {-1.2039728f, -1.2039728f, -0.9162907f},   // 0.3 0.3 0.4
                                      {-0.5108256f, -1.2039728f, -2.3025851f}};  // 0.6 0.3 0.1
};

/// @brief One row of the batch: E[x0 | x] of a token whose codes are as likely as `log_prior` says.
/// @param x          [channels], the noisy token
/// @param log_prior  [codes]
/// @param x0         [channels], written
ARDENT_INLINE void evaluate_row(weights const& w, ardent::time_point const& time, float const* x,
                                float const* log_prior, float* x0) {
  float const spread = time.alpha * w.deviation, variance = spread * spread + time.sigma * time.sigma;
  float share[codes];
  float highest = -3e38f, sum = 0;
  for (int i = 0; i < codes; ++i) {  // queries times keys
    float square = 0;
    for (int c = 0; c < channels; ++c) {
      float const d = x[c] - time.alpha * w.book[i][c];
      square += d * d;
    }
    share[i] = log_prior[i] - 0.5f * square / variance;
    highest = share[i] > highest ? share[i] : highest;
  }
  for (int i = 0; i < codes; ++i) sum += share[i] = std::exp(share[i] - highest);
  float const kept = time.alpha * w.deviation * w.deviation / variance;
  for (int c = 0; c < channels; ++c) {  // softmax times values
    float code = 0;
    for (int i = 0; i < codes; ++i) code += share[i] / sum * w.book[i][c];
    x0[c] = code + kept * (x[c] - time.alpha * code);
  }
}

/// @brief The code that is nearest to a token.
inline int nearest_code(weights const& w, float const* token) {
  int nearest = 0;
  float least = 3e38f;
  for (int i = 0; i < codes; ++i) {
    float square = 0;
    for (int c = 0; c < channels; ++c) square += (token[c] - w.book[i][c]) * (token[c] - w.book[i][c]);
    if (square < least) least = square, nearest = i;
  }
  return nearest;
}

}  // namespace own
