// SPDX-License-Identifier: Apache-2.0
//
// A sampler and a denoiser that both translation units of the program instantiate.
#pragma once

#include <ardent/ardent.hpp>

#include <cstdint>
#include <vector>

namespace stranger {

using plan = ardent::sampler<ardent::ordering::random<16, 4>, ardent::annealing::linear<20, 5>>;

/// @brief Tokens of 100 images, of one number each, that are a mixture of two Gaussians whose mean is 0.1.
template <class Executor>
std::vector<float> draw(std::uint64_t seed, Executor const& executor) {
  const float weights[] = {0.3f, 0.7f}, means[] = {-2, 1}, deviations[] = {0.3f, 0.5f};
  ardent::unconditional_model model(ardent::denoiser::gaussian_mixture(1, 2, weights, means, deviations), 16);
  std::vector<float> tokens(100 * 16);
  ardent::generate(plan{}, model, executor, ardent::random::philox(seed), {100}, tokens);
  return tokens;
}

}  // namespace stranger

std::vector<float> other_tokens(std::uint64_t seed);  ///< from other.cpp, by OpenMP if there is it
