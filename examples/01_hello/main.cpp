// SPDX-License-Identifier: Apache-2.0
//
// hello: a whole program. 64 tokens an image, from a known mixture of two Gaussians in place of a network.
#include <ardent/ardent.hpp>
#include <cstdio>
#include <vector>

int main() {
  const float weights[] = {0.3f, 0.7f}, means[] = {-2, 1}, deviations[] = {0.3f, 0.5f};
  // a token is one number, from two Gaussians
  ardent::unconditional_model model(ardent::denoiser::gaussian_mixture(1, 2, weights, means, deviations), 64);
  // 64 tokens in 16 AR steps, the first with 50 denoising steps, the last with 5
  ardent::sampler<ardent::ordering::random<64, 16>, ardent::annealing::linear<50, 5>> sampler;
  std::vector<float> tokens(1000 * 64);  // 1000 images
  ardent::generate(sampler, model, ardent::executor::host{}, ardent::random::philox{1}, {1000}, tokens);
  double mean = 0, square = 0;
  for (float x : tokens) mean += x / 64000, square += x * x / 64000;
  std::printf("%d evaluations, mean %.3f (true 0.1), variance %.3f (true 2.092)\n", sampler.nfe(), mean,
              square - mean * mean);
}
