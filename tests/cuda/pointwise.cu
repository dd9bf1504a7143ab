// SPDX-License-Identifier: Apache-2.0
//
// Pointwise kernels for machine_code.py to look at, six compositions of them; and what a launch says on a machine with
// no GPU: it launches them, and prints the one line of the exception, or that they were launched.
//
// compositions: 6, kernels: 4
#include <ardent/ardent.hpp>
#include <ardent/cuda/pointwise.hpp>

#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

namespace {

constexpr int channels = 4;
using ordering = ardent::ordering::raster<64, 4>;
using annealing = ardent::annealing::linear<50, 5>;
using mixture = ardent::denoiser::gaussian_mixture<channels>;

using ddpm = ardent::sampler<ordering, annealing, ardent::solver::ddpm<ardent::variance::fixed_small>>;
using ddim = ardent::sampler<ordering, annealing, ardent::solver::ddim<>>;
using sde = ardent::sampler<ordering, ardent::annealing::constant<9>, ardent::solver::sde_dpm_solver_pp<1>>;
using first = ardent::sampler<ordering, annealing, ardent::process::linear<>, ardent::solver::dpm_solver_pp<1>>;
using second = ardent::sampler<ordering, annealing, ardent::solver::dpm_solver_pp<2>>;
using third = ardent::sampler<ordering, annealing, ardent::solver::dpm_solver_pp<3>, ardent::guidance::linear<2.0>>;

template <class Sampler>
void draw(ardent::tile t, mixture const& denoiser, float* samples) {
  t.branches = Sampler::branches;
  ardent::cuda::enqueue_pointwise<channels>(nullptr, Sampler{}, 0, t, denoiser, ardent::random::philox{1}, samples);
}

}  // namespace

int main() {
  const float weights[] = {1}, means[channels] = {}, deviations[] = {1};
  const mixture denoiser(channels, 1, weights, means, deviations);
  ardent::tile t;
  t.tokens = t.total = 3;
  try {
    draw<ddpm>(t, denoiser, nullptr);
    draw<ddim>(t, denoiser, nullptr);
    draw<sde>(t, denoiser, nullptr);
    draw<first>(t, denoiser, nullptr);
    draw<second>(t, denoiser, nullptr);
    draw<third>(t, denoiser, nullptr);
  } catch (ardent::cuda::error const& e) {
    std::printf("%s\n", e.what());
    return 0;
  }
  std::printf("launched\n");
  return 0;
}
