// SPDX-License-Identifier: Apache-2.0
//
// Trajectories of the head by cuBLASLt's matrix products on a GPU: the reference's samples in each type of weights, and
// the same bits from a graph.
//
// libraries: cublasLt
// headers: cublasLt.h
#include <doctest/doctest.h>
#include <ardent/cuda/graph.hpp>
#include <ardent/cuda/head_products.hpp>

#include <type_traits>
#include <vector>

#include "gpu/head_scene.hpp"

namespace {

/// @param bound  see tests/denoiser/tiled_regimes.hpp
template <class Storage, class Format, class Between = float>
void check(ardent::adaln_shape<> const& shape, int tokens, int steps, double bound) {
  test::head_scene<Format> const scene(shape, tokens, steps);
  using products_type = ardent::cuda::head_products<std::remove_cvref_t<decltype(scene.sampler())>, Storage,
                                                    ardent::adaln_shape<>, Between>;
  test::aligned_bytes packed(ardent::dense_bytes<Storage, Between>(shape));
  ardent::pack_dense_adaln<Storage, Between>(shape, scene.what().weights.views(), packed.data());
  test::device_array<std::byte> const weights(std::vector<std::byte>(packed.data(), packed.data() + packed.size()));
  test::device_array<std::byte> const workspace(products_type::workspace_bytes(scene.sampler(), shape, 1));
  products_type head(scene.sampler(), shape, weights.data(), 1, workspace.data(), workspace.size());
  test::device_array<float> const samples(scene.what().start.size());
  test::device_stream const stream;
  auto const enqueue = [&](cudaStream_t s) { head.enqueue(s, 0, scene.tile(), scene.random(), samples.data()); };
  enqueue(stream.get());
  std::vector<float> const found = samples.read();
  CHECK(test::largest_difference(found, scene.expected()) < bound);
  ardent::cuda::graph const graph(stream.get(), enqueue);
  for (int launch = 0; launch < 2; ++launch) {
    graph.launch(stream.get());
    CHECK(samples.read() == found);
  }
}

}  // namespace

TEST_CASE("head_products: the reference's samples, the same bits from a graph") {
  check<float, ardent::format::fp32>({5, 10, 24, 2, 7}, 3, 2, 2e-4);
  check<float, ardent::format::fp32>({16, 32, 128, 3, 64}, 30, 6, 2e-4);
  check<ardent::bfloat16, ardent::format::bf16>({5, 10, 24, 2, 7}, 3, 2, 0.25);
  check<ardent::bfloat16, ardent::format::bf16>({16, 32, 128, 3, 64}, 30, 6, 0.25);
  check<ardent::float16, ardent::format::fp16>({16, 32, 128, 3, 64}, 30, 6, 0.025);
  check<ardent::bfloat16, ardent::format::bf16, ardent::bfloat16>({16, 32, 128, 3, 64}, 30, 6, 0.5);
  check<ardent::float16, ardent::format::fp16, ardent::float16>({16, 32, 128, 3, 64}, 30, 6, 0.05);
}
