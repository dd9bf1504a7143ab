// SPDX-License-Identifier: Apache-2.0
#pragma once

// A generation to enqueue on the fake runtime: a head with made-up weights, a model whose conditions are one launch.

#include <ardent/annealing/linear.hpp>
#include <ardent/cuda/any_head.hpp>
#include <ardent/cuda/generate.hpp>
#include <ardent/guidance/linear.hpp>
#include <ardent/ordering/masked.hpp>
#include <ardent/solver/ddpm.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "cuda/fake_runtime.hpp"
#include "cuda/runtime/scene.hpp"
#include "support/made_head.hpp"

namespace scene {

using mar_sampler = ardent::sampler<ardent::ordering::masked<16, 4>, ardent::annealing::linear<6, 3>,
                                    ardent::solver::ddpm<>, ardent::guidance::linear<3.0>>;

__global__ void conditions_kernel(float*);

using bytes = memory;

/// A device_model that notes what it is shown.
struct model {
  test::made_head made{ardent::adaln_shape<>(6, 12, 32, 2, 8)};
  bytes weights{ardent::tiled_bytes<ardent::format::bf16>(made.shape)};
  int length = 16;
  std::vector<ardent::ar_step_view> views{};
  std::vector<float*> outputs{};

  int sequence_length() const { return length; }
  ardent::cuda::head_weights<ardent::format::bf16> head() const {
    return {made.shape, weights.data(), made.time_in.view(), made.time_out.view()};
  }
  void condition(cudaStream_t stream, ardent::ar_step_view const& view, float* z) {
    views.push_back(view);
    outputs.push_back(z);
    conditions_kernel<<<1, 32, 0, stream>>>(z);
    ardent::cuda::check(cudaGetLastError(), "launching conditions");
  }
};

using generation = ardent::cuda::generation<mar_sampler, model>;

/// The same with weights for cuBLASLt's products too.
struct model_with_products : model {
  bytes dense{ardent::dense_bytes<ardent::bfloat16>(made.shape)};
  bool has_dense = true;

  ardent::cuda::any_head_weights<ardent::format::bf16> head() const {
    return {model::head(), has_dense ? dense.data() : nullptr};
  }
};

}  // namespace scene
