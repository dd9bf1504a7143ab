// SPDX-License-Identifier: Apache-2.0
//
// One sampler and one denoiser for both machines, and the four places that draw with it on a GPU.
#pragma once

#include <ardent/ardent.hpp>

#include <cuda_runtime_api.h>

#include <cstdint>
#include <vector>

namespace stranger {

inline constexpr int images = 5, sequence_length = 16, ar_steps = 4, tokens_per_step = sequence_length / ar_steps;

using plan = ardent::sampler<ardent::ordering::raster<sequence_length, ar_steps>, ardent::annealing::linear<20, 5>>;
using mixture = ardent::denoiser::gaussian_mixture<1>;

inline constexpr float weights[] = {0.3f, 0.7f}, means[] = {-2, 1}, deviations[] = {0.3f, 0.5f};

/// @brief Tokens drawn on the host, [images][sequence_length].
inline std::vector<float> host_tokens(std::uint64_t seed) {
  ardent::unconditional_model model(mixture(1, 2, weights, means, deviations), sequence_length);
  std::vector<float> tokens(images * sequence_length);
  ardent::generate(plan{}, model, ardent::executor::host{}, ardent::random::philox(seed), {images}, tokens);
  return tokens;
}

/// @brief True where a GPU can be drawn on: then a draw that is refused is a failure.
inline bool has_gpu() {
  int gpus = 0;
  return cudaGetDeviceCount(&gpus) == cudaSuccess && gpus > 0;
}

}  // namespace stranger

// The same on the GPU; they throw ardent::cuda::error where there is none.
std::vector<float> left_tokens(std::uint64_t seed);   ///< from libleft
std::vector<float> right_tokens(std::uint64_t seed);  ///< from libright
std::vector<float> here_tokens(std::uint64_t seed);   ///< from here.cu
std::vector<float> there_tokens(std::uint64_t seed);  ///< from there.cu
