// SPDX-License-Identifier: Apache-2.0
//
// The heads of MAR by cuBLASLt's matrix products, at the batches of head_bench.hpp; a whole AR step is one CUDA graph,
// as a generation has it.
//
// libraries: cublasLt
// headers: cublasLt.h
#include <ardent/cuda/graph.hpp>
#include <ardent/cuda/head_products.hpp>

#include <cstddef>
#include <vector>

#include "head_bench.hpp"

namespace {

void time_products(bench::clock const& clock, char const* model, ardent::adaln_shape<> const& shape) {
  using ardent::bfloat16;
  using products = ardent::cuda::head_products<bench::head_sampler, bfloat16>;
  const bench::device_bytes weights(bench::aligned(ardent::dense_bytes<bfloat16>(shape), [&](std::byte* to) {
    ardent::pack_dense_adaln<bfloat16>(shape, bench::made_head(shape).views(), to);
  }));
  for (const int images : bench::batches) {
    const int tokens = images * bench::tokens_of_image;
    const bench::head_inputs inputs(shape, tokens);
    const bench::device_bytes workspace(products::workspace_bytes(bench::head_sampler{}, shape, images));
    products head(bench::head_sampler{}, shape, weights.as<void>(), images, workspace.as<void>(), workspace.size());
    const ardent::cuda::graph graph(clock.stream(), [&](cudaStream_t s) {
      head.enqueue(s, 0, inputs.tile(tokens), ardent::random::philox(1), inputs.samples.as<float>());
    });
    const auto time = clock.time([&](cudaStream_t s) { graph.launch(s); });
    const bool chosen = tokens * bench::head_sampler::branches >= ardent::cuda::default_tuning::least_product_rows;
    bench::print_head(model, "bf16", "products", chosen, images, time);
  }
}

void run() {
  const bench::clock clock;
  time_products(clock, "MAR-B", {16, 32, 1024, 6, 768});
  time_products(clock, "MAR-L", {16, 32, 1280, 8, 1024});
  time_products(clock, "MAR-H", {16, 32, 1536, 12, 1280});
}

}  // namespace

int main() { return bench::main_of(run); }
