// SPDX-License-Identifier: Apache-2.0
//
// All public headers, those of the device included, in one file of a user's; and what is around AR steps, with CUB, for
// every architecture. Nothing runs.
#include <ardent/ardent.hpp>
#include <ardent/cuda/any_head.hpp>
#include <ardent/cuda/batched.hpp>
#include <ardent/cuda/generate.hpp>
#include <ardent/cuda/graph.hpp>
#include <ardent/cuda/head.hpp>
#include <ardent/cuda/head_products.hpp>
#include <ardent/cuda/ordering.hpp>
#include <ardent/cuda/pointwise.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

// nothing that only a device could say
static_assert(ardent::cuda_block<96>::size() == 96 && ardent::cuda_block<96>::warps() == 3);

/// Everything around AR steps.
void around(cudaStream_t stream, ardent::token_layout const& layout, std::span<std::byte> workspace, int* order,
            int* positions, std::uint32_t* images, float* samples, float* tokens, std::uint8_t* known) {
  ardent::cuda::enqueue_clear(stream, layout, tokens, known);
  ardent::cuda::enqueue_orders<true>(stream, layout, ardent::random::philox{1}, workspace, order);
  ardent::cuda::enqueue_pick(stream, layout, order, 0, 1, positions, images);
  ardent::cuda::enqueue_scatter(stream, layout, positions, 1, samples, tokens, known);
  ardent::cuda::enqueue_gather(stream, layout, positions, 1, tokens, samples);
}

/// Products, whose kernels products.cu has.
std::size_t workspace_of_products(int images) {
  using sampler = ardent::sampler<ardent::ordering::masked<256, 64>, ardent::annealing::linear<50, 5>,
                                  ardent::solver::ddpm<>, ardent::guidance::linear<3.0>>;
  using products = ardent::cuda::head_products<sampler, ardent::bfloat16>;
  return products::workspace_bytes(sampler{}, ardent::adaln_shape<>(16, 32, 1024, 6, 1024), images);
}
