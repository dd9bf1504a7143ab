// SPDX-License-Identifier: Apache-2.0
#pragma once

// The sinusoidal time embedding and its two-layer MLP, once for each distinct time of a sampler's tables.

#include <ardent/denoiser/adaln_shape.hpp>
#include <ardent/detail/float_math.hpp>
#include <ardent/group/group.hpp>

#include <cmath>

namespace ardent {
inline namespace v0 {
namespace detail {

/// Floats of scratch to embed n times.
inline std::size_t time_embedding_scratch(int n, int width) {
  return static_cast<std::size_t>(n) * static_cast<std::size_t>(time_sinusoids + width);
}

/// table [n][W] = MLP(cos(t f_k), sin(t f_k)), f_k = 10000^(-k / 128) in float, as published code rounds it.
template <class Block>
void embed_times(Block& block, float const* times, int n, packed_matrix<float> const& in,
                 packed_matrix<float> const& out, float* table, float* scratch) {
  const int width = in.outputs;
  constexpr int half = time_sinusoids / 2;
  float* const features = scratch;
  float* const hidden = scratch + static_cast<std::ptrdiff_t>(n) * time_sinusoids;
  const strided_range rows{0, n, 1};
  block.elements(rows, {0, half, 1}, [=](int r, int k) {
    const float exponent = static_cast<float>(-std::log(10000.0)) * static_cast<float>(k) / static_cast<float>(half);
    const float angle = times[r] * static_cast<float>(std::exp(static_cast<double>(exponent)));
    features[r * time_sinusoids + k] = static_cast<float>(std::cos(static_cast<double>(angle)));
    features[r * time_sinusoids + half + k] = static_cast<float>(std::sin(static_cast<double>(angle)));
  });
  block.sync();
  block.product({features, time_sinusoids}, rows, in, {0, in.panels(), 1},
                [=](int r, int c, float v)
                    ARDENT_INLINE_LAMBDA { hidden[static_cast<std::ptrdiff_t>(r) * width + c] = silu(v); });
  block.sync();
  block.product({hidden, width}, rows, out, {0, out.panels(), 1}, [=](int r, int c, float v) ARDENT_INLINE_LAMBDA {
    table[static_cast<std::ptrdiff_t>(r) * width + c] = v;
  });
}

}  // namespace detail
}  // namespace v0
}  // namespace ardent
