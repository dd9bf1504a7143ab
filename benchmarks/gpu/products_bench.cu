// SPDX-License-Identifier: Apache-2.0
//
// The rate of a large bfloat16 matrix product by cuBLASLt, and that of the products of MAR's heads alone, which bound
// what large batches can do; and the heads by these products, at the batches of head_bench.hpp; a whole AR step is one
// CUDA graph, as a generation has it.
//
// libraries: cublasLt
// headers: cublasLt.h
#include <ardent/cuda/graph.hpp>
#include <ardent/cuda/head_products.hpp>

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <type_traits>
#include <vector>

#include "head_bench.hpp"

namespace {

/// Random numbers, on whose bits a card's clock depends.
std::vector<ardent::bfloat16> random_numbers(std::size_t count) {
  std::vector<ardent::bfloat16> numbers(count);
  std::uint64_t state = 1;
  for (ardent::bfloat16& x : numbers) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    ardent::store_weight(static_cast<float>(state >> 40) * 0x1p-23f - 1.0f, x);
  }
  return numbers;
}

/// FLOP/s of a product of 8192 x 8192 matrices.
void measure_rate(bench::clock const& clock) {
  using ardent::bfloat16;
  constexpr int size = 8192;
  const std::vector<bfloat16> numbers = random_numbers(std::size_t{size} * size);
  const bench::device_bytes weight(numbers), x(numbers), bias(std::size_t{size} * sizeof(bfloat16));
  const bench::device_bytes y(numbers.size() * sizeof(bfloat16)), workspace(std::size_t{32} << 20);
  ardent::cuda::blaslt_products products(workspace.as<void>(), workspace.size());
  const int plan = products.prepare<bfloat16, bfloat16>(size, size, size);
  const ardent::dense_matrix<bfloat16, bfloat16> matrix{weight.as<bfloat16>(), bias.as<bfloat16>(), size, size};
  const auto time =
      clock.time([&](cudaStream_t s) { products.enqueue(s, plan, matrix, x.as<bfloat16>(), y.as<bfloat16>()); });
  bench::print_limit("bf16 product", 2.0 * size * size * size / time.seconds, "FLOP/s");
}

/// FLOP/s of the products of a head's evaluation with nothing between them, by as many tokens as the largest batch has.
template <class Between>
void measure_head(bench::clock const& clock, char const* name, ardent::adaln_shape<> const& shape) {
  using ardent::bfloat16;
  constexpr int tokens = bench::batches[std::size(bench::batches) - 1] * bench::tokens_of_image;
  constexpr int rows = tokens * bench::head_sampler::branches;
  const bench::device_bytes weights(bench::aligned(ardent::dense_bytes<bfloat16, Between>(shape), [&](std::byte* to) {
    ardent::pack_dense_adaln<bfloat16, Between>(shape, bench::made_head(shape).views(), to);
  }));
  const ardent::dense_adaln_layout<bfloat16, ardent::adaln_shape<>, Between> layout(shape, weights.as<void>());
  const std::size_t numbers = std::size_t{rows} * static_cast<std::size_t>(3 * shape.width());
  const bench::device_bytes x(random_numbers(numbers));
  const bench::device_bytes y(numbers * sizeof(float)), workspace(std::size_t{32} << 20);
  ardent::cuda::blaslt_products products(workspace.as<void>(), workspace.size());
  double flops = 0;
  const auto product = [&]<class T, class Output>(cudaStream_t s, ardent::dense_matrix<T, Output> const& m, int count) {
    const int plan = products.template prepare<T, Output>(m.inputs, m.outputs, count);
    if (s == nullptr)
      flops += 2.0 * m.inputs * m.outputs * count;
    else
      products.enqueue(s, plan, m, x.as<T>(), y.as<Output>());
  };
  const auto evaluation = [&](cudaStream_t s) {
    product(s, layout.input, tokens);
    for (int d = 0; d < shape.depth(); ++d) {
      product(s, layout.modulation(d), rows);
      product(s, layout.mlp_in(d), rows);
      product(s, layout.mlp_out(d), rows);
    }
    product(s, layout.final_modulation, rows);
    product(s, layout.output, rows);
  };
  evaluation(nullptr);  // plans, which cannot be made in a capture
  const ardent::cuda::graph graph(clock.stream(), [&](cudaStream_t s) {
    for (int k = 0; k < bench::steps; ++k) evaluation(s);
  });
  const auto time = clock.time([&](cudaStream_t s) { graph.launch(s); });
  bench::print_limit(name, flops * bench::steps / time.seconds, "FLOP/s");
}

/// @tparam Between  what products give
template <class Between>
void time_products(bench::clock const& clock, char const* regime, char const* model,
                   ardent::adaln_shape<> const& shape) {
  using ardent::bfloat16;
  using products = ardent::cuda::head_products<bench::head_sampler, bfloat16, ardent::adaln_shape<>, Between>;
  const bench::device_bytes weights(bench::aligned(ardent::dense_bytes<bfloat16, Between>(shape), [&](std::byte* to) {
    ardent::pack_dense_adaln<bfloat16, Between>(shape, bench::made_head(shape).views(), to);
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
    const bool chosen = std::is_same_v<Between, float> &&
                        tokens * bench::head_sampler::branches >= ardent::cuda::default_tuning::least_product_rows;
    bench::print_head(model, "bf16", regime, chosen, images, time);
  }
}

void run() {
  const bench::clock clock;
  measure_rate(clock);
  const ardent::adaln_shape<> base(16, 32, 1024, 6, 768), huge(16, 32, 1536, 12, 1280);
  measure_head<float>(clock, "MAR-B's products alone, 256 images", base);
  measure_head<ardent::bfloat16>(clock, "MAR-B's products alone, 256 images, bf16 between", base);
  measure_head<float>(clock, "MAR-H's products alone, 256 images", huge);
  measure_head<ardent::bfloat16>(clock, "MAR-H's products alone, 256 images, bf16 between", huge);
  const auto both = [&](char const* model, ardent::adaln_shape<> const& shape) {
    time_products<float>(clock, "products", model, shape);
    time_products<ardent::bfloat16>(clock, "products, bf16 between", model, shape);
  };
  both("MAR-B", base);
  both("MAR-L", {16, 32, 1280, 8, 1024});
  both("MAR-H", huge);
}

}  // namespace

int main() { return bench::main_of(run); }
