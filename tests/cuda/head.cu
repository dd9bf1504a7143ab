// SPDX-License-Identifier: Apache-2.0
//
// The trajectory kernels of MAR-B's head (W 1024, D 6) in bfloat16, guided, in their regimes, for machine_code.py to
// look at; and what their launch says on a machine with no GPU.
//
// kernels: 4
// shared: of the head
// title: Trajectories of MAR-B's head in bfloat16
// name: tiled_planELi2ELb1ELb1E -> resident, 16 rows
// name: tiled_planELi2ELb1ELb0E -> streamed, 16 rows
// name: tiled_planELi6E -> wide, 48 rows
// name: tiled_planELi4E -> tiles of 32 rows
#include <ardent/annealing/linear.hpp>
#include <ardent/cuda/head.hpp>
#include <ardent/guidance/linear.hpp>
#include <ardent/ordering/masked.hpp>
#include <ardent/sampler.hpp>
#include <ardent/solver/ddpm.hpp>

#include <cstdio>

namespace {

using sampler = ardent::sampler<ardent::ordering::masked<256, 64>, ardent::annealing::linear<50, 5>,
                                ardent::solver::ddpm<>, ardent::guidance::linear<3.0>>;
using shape = ardent::adaln_shape<16, 32, 1024, 6, 1024>;

}  // namespace

int main() {
  try {
    ardent::cuda::head_trajectory<sampler, ardent::format::bf16, shape> const head(sampler{}, shape{}, nullptr);
    ardent::tile t;
    t.total = 4;
    void* workspace = nullptr;
    ardent::cuda::check(cudaMalloc(&workspace, head.workspace_bytes(4)), "cudaMalloc");
    head.enqueue(nullptr, 0, t, ardent::random::philox(1), workspace, head.workspace_bytes(4), nullptr);
  } catch (ardent::cuda::error const& e) {
    std::printf("%s\n", e.what());
    return 0;
  }
  std::printf("launched\n");
  return 0;
}
