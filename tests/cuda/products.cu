// SPDX-License-Identifier: Apache-2.0
//
// The kernels between a head's matrix products, in bfloat16, and the step kernels that they share, for machine_code.py
// to look at. Without a GPU the program says so.
//
// kernels: 7
// title: Between the matrix products of a large batch, bfloat16
// name: dense_copy -> conditions
// name: dense_embed -> embeddings and input layer
// name: dense_normaliseIfNS0_8bfloat16 -> gate and layer norm
// name: dense_normaliseIff -> the last layer norm, in float
// name: dense_silu -> SiLU
// name: batched_start -> start
// name: batched_step -> step
#include <ardent/annealing/linear.hpp>
#include <ardent/cuda/head_products.hpp>
#include <ardent/guidance/linear.hpp>
#include <ardent/ordering/masked.hpp>
#include <ardent/random/philox.hpp>
#include <ardent/sampler.hpp>
#include <ardent/solver/ddpm.hpp>

#include <cstdio>

namespace {

using sampler = ardent::sampler<ardent::ordering::masked<256, 64>, ardent::annealing::linear<50, 5>,
                                ardent::solver::ddpm<>, ardent::guidance::linear<3.0>>;
using shape = ardent::adaln_shape<16, 32, 1024, 6, 1024>;
using products = ardent::cuda::head_products<sampler, ardent::bfloat16, shape>;

}  // namespace

int main() {
  void* workspace = nullptr;
  std::size_t const bytes = products::workspace_bytes(sampler{}, shape{}, 64);
  try {
    ardent::cuda::check(cudaMalloc(&workspace, bytes), "asking for memory");
    products head(sampler{}, shape{}, nullptr, 64, workspace, bytes);
    ardent::tile t;
    t.total = sampler{}.tokens(0) * 64;
    head.enqueue(nullptr, 0, t, ardent::random::philox(1), static_cast<float*>(workspace));
  } catch (std::exception const& e) {
    std::printf("%s\n", e.what());
    cudaFree(workspace);
    return 0;
  }
  cudaFree(workspace);
  std::printf("launched\n");
  return 0;
}
