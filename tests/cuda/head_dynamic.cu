// SPDX-License-Identifier: Apache-2.0
//
// Trajectory kernels of a head whose sizes are known at run time only, as examples/mar and examples/torch draw with
// them; for machine_code to look at. Of float32 and bfloat16 examples/mar compiles all (see its meson.build), so here
// are what it has not, and those with the fewest registers to spare. Nothing is launched.
//
// kernels: 6
// architectures: 90
// shared: of the head
// title: Trajectories with sizes of run time (shared memory is for MAR-B's)
// name: format[34](bf16|fp8|fp16|fp32)E -> \1
// name: tiled_planELi2ELb1ELb1E -> resident
// name: tiled_planELi6E -> wide
// name: tiled_planELi4E -> tiles
#include <ardent/annealing/linear.hpp>
#include <ardent/cuda/head_kernel.hpp>
#include <ardent/denoiser/tiled_adaln_mlp.hpp>
#include <ardent/guidance/linear.hpp>
#include <ardent/ordering/masked.hpp>
#include <ardent/random/philox.hpp>
#include <ardent/sampler.hpp>
#include <ardent/solver/ddpm.hpp>

namespace {

using sampler = ardent::sampler<ardent::ordering::masked<256, 64>, ardent::annealing::linear<50, 5>,
                                ardent::solver::ddpm<>, ardent::guidance::linear<3.0>>;

template <class Format, ardent::cuda::head_regime Regime>
int kernel() {
  using head = ardent::denoiser::tiled_adaln_mlp<Format, ardent::adaln_shape<>, plan_of(Regime)>;
  return reinterpret_cast<void const*>(
             &ardent::cuda::detail::head_kernel<2, 256, sampler::row_type, head, ardent::random::philox, 64>) !=
         nullptr;
}

}  // namespace

int main() {
  using namespace ardent::format;
  using enum ardent::cuda::head_regime;
  const int wide_ones = kernel<fp32, wide>() + kernel<fp16, wide>() + kernel<fp8, wide>();
  return wide_ones + kernel<fp16, resident>() + kernel<fp8, resident>() + kernel<fp8, tiles>() == 6 ? 0 : 1;
}
