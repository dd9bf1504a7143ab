// SPDX-License-Identifier: Apache-2.0
//
// The rate of a large bfloat16 matrix product by cuBLASLt, which bounds what large batches can do; and the heads of MAR
// by its products, at the batches of head_bench.hpp; a whole AR step is one CUDA graph, as a generation has it.
//
// libraries: cublasLt
// headers: cublasLt.h
#include <ardent/cuda/graph.hpp>
#include <ardent/cuda/head_products.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "head_bench.hpp"

namespace {

/// FLOP/s of a product of 8192 x 8192 matrices of random numbers, whose bits a card's clock depends on.
void measure_rate(bench::clock const& clock) {
  using ardent::bfloat16;
  constexpr int size = 8192;
  std::vector<bfloat16> numbers(std::size_t{size} * size);
  std::uint64_t state = 1;
  for (bfloat16& x : numbers) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    ardent::store_weight(static_cast<float>(state >> 40) * 0x1p-23f - 1.0f, x);
  }
  const bench::device_bytes weight(numbers), x(numbers), bias(std::size_t{size} * sizeof(float));
  const bench::device_bytes y(numbers.size() * sizeof(float)), workspace(std::size_t{32} << 20);
  ardent::cuda::blaslt_products products(workspace.as<void>(), workspace.size());
  const int plan = products.prepare<bfloat16>(size, size, size);
  const ardent::dense_matrix<bfloat16> matrix{weight.as<bfloat16>(), bias.as<float>(), size, size};
  const auto time =
      clock.time([&](cudaStream_t s) { products.enqueue(s, plan, matrix, x.as<bfloat16>(), y.as<float>()); });
  bench::print_limit("bf16 product", 2.0 * size * size * size / time.seconds, "FLOP/s");
}

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
  measure_rate(clock);
  time_products(clock, "MAR-B", {16, 32, 1024, 6, 768});
  time_products(clock, "MAR-L", {16, 32, 1280, 8, 1024});
  time_products(clock, "MAR-H", {16, 32, 1536, 12, 1280});
}

}  // namespace

int main() { return bench::main_of(run); }
