// SPDX-License-Identifier: Apache-2.0
//
// Pointwise kernels for machine_code to look at, sixteen compositions of them; and what a launch says on a machine with
// no GPU: it launches them, and prints the one line of the exception, or that they were launched.
//
// title: Pointwise trajectories of a Gaussian mixture, 4 channels
// compositions: 16, kernels: 11
// name: kernelILi(\d)ELi\d+ENS0_3rowI[fd]Li(\d)ELi(\d)E -> branches \1, slots \2, outputs \3
// name: row_partsELb.ELb1E -> clipped
// name: row_partsELb.ELb.ELb1E -> noise
// name: row_partsELb.ELb0ELb.ELb1E -> converted
// name: row_partsELb.ELb.ELb.ELb.ELb0E -> x kept
#include <ardent/ardent.hpp>
#include <ardent/cuda/pointwise.hpp>

#include <cstdio>

namespace {

constexpr int channels = 4;
using ordering = ardent::ordering::raster<64, 4>;
using annealing = ardent::annealing::linear<50, 5>;
using mixture = ardent::denoiser::gaussian_mixture<channels>;
using guided = ardent::guidance::linear<2.0>;
namespace solver = ardent::solver;

template <class... Policies>
void draw(ardent::tile t, mixture const& denoiser, float* samples) {
  using sampler = ardent::sampler<ordering, Policies...>;
  t.branches = sampler::branches;
  ardent::cuda::enqueue_pointwise<channels>(nullptr, sampler{}, 0, t, denoiser, ardent::random::philox{1}, samples);
}

void draw_all(ardent::tile const& t, mixture const& denoiser, float* samples) {
  draw<annealing, solver::ddpm<ardent::variance::fixed_small>>(t, denoiser, samples);
  draw<annealing, solver::ddpm<ardent::variance::fixed_large>, ardent::temperature::constant<0.9>>(t, denoiser,
                                                                                                   samples);
  draw<annealing, solver::ddpm<ardent::variance::fixed_small>, ardent::clipping::x0<-1.0, 1.0>>(t, denoiser, samples);
  draw<annealing, solver::ddim<>>(t, denoiser, samples);
  draw<ardent::annealing::constant<20>, solver::ddim<>, ardent::process::linear<>>(t, denoiser, samples);
  draw<annealing, solver::ddim<>, guided>(t, denoiser, samples);
  draw<annealing, solver::ddim<0.5>>(t, denoiser, samples);
  draw<annealing, solver::dpm_solver<1>>(t, denoiser, samples);
  draw<annealing, solver::dpm_solver<2>>(t, denoiser, samples);
  draw<annealing, solver::dpm_solver_pp<1>, ardent::process::linear<>>(t, denoiser, samples);
  draw<annealing, solver::dpm_solver_pp<2>>(t, denoiser, samples);
  draw<annealing, solver::dpm_solver_pp<2, ardent::multistep_form::heun>>(t, denoiser, samples);
  draw<annealing, solver::dpm_solver_pp<3>, guided>(t, denoiser, samples);
  draw<ardent::annealing::constant<9>, solver::sde_dpm_solver_pp<1>>(t, denoiser, samples);
  draw<annealing, solver::unipc_2<>>(t, denoiser, samples);
  draw<annealing, solver::flow_euler, ardent::process::linear_continuous<>, ardent::grid::time_uniform>(t, denoiser,
                                                                                                        samples);
}

}  // namespace

int main() {
  const float weights[] = {1}, means[channels] = {}, deviations[] = {1};
  const mixture denoiser(channels, 1, weights, means, deviations);
  ardent::tile t;
  t.tokens = t.total = 3;
  alignas(16) float samples[channels * 3];  // for a card's memory: no launch gets so far as to write there
  try {
    draw_all(t, denoiser, samples);
  } catch (ardent::cuda::error const& e) {
    std::printf("%s\n", e.what());
    return 0;
  }
  std::printf("launched\n");
  return 0;
}
