// SPDX-License-Identifier: Apache-2.0
//
// The kernels whose blocks share a tile (2, 8 and 16 rows are the same kernel) for the widths of MAR-B, L and H and
// each format of weights, for machine_code to look at. Nothing is launched. Sizes of run time: see head_dynamic.cu.
//
// kernels: 27
// shared: of the head
// title: Trajectories of a shared tile, all widths and formats
// name: adaln_shapeILi16ELi32ELi(\d+)ELi(\d+)E -> W \1, D \2
// name: format[34](bf16|fp8|fp32)E -> \1
// name: tiled_planELi2ELb1ELb1E -> resident
// name: tiled_planELi2ELb1ELb0E -> streamed
// name: tiled_planELi6E -> wide
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

template <class Format, int Width, int Depth, ardent::cuda::head_regime Regime>
void const* kernel() {
  using head =
      ardent::denoiser::tiled_adaln_mlp<Format, ardent::adaln_shape<16, 32, Width, Depth, Width>, plan_of(Regime)>;
  return reinterpret_cast<void const*>(
      &ardent::cuda::detail::head_kernel<2, 256, sampler::row_type, head, ardent::random::philox, 64>);
}

template <class Format, int Width, int Depth>
int regimes() {
  return (kernel<Format, Width, Depth, ardent::cuda::head_regime::resident>() != nullptr) +
         (kernel<Format, Width, Depth, ardent::cuda::head_regime::streamed>() != nullptr) +
         (kernel<Format, Width, Depth, ardent::cuda::head_regime::wide>() != nullptr);
}

template <class Format>
int widths() {
  return regimes<Format, 1024, 6>() + regimes<Format, 1280, 8>() + regimes<Format, 1536, 12>();
}

}  // namespace

int main() {
  using namespace ardent::format;
  return widths<bf16>() + widths<fp8>() + widths<fp32>() == 27 ? 0 : 1;
}
