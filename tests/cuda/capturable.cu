// SPDX-License-Identifier: Apache-2.0
//
// The functions that enqueue an AR step and what is around it, and nothing else: capturable.py looks at which functions
// of the CUDA runtime and of cuBLASLt this object can call at all. What prepares them is called elsewhere: here they
// are given.
#include <ardent/ardent.hpp>
#include <ardent/cuda/any_head.hpp>
#include <ardent/cuda/batched.hpp>
#include <ardent/cuda/generate.hpp>
#include <ardent/cuda/pointwise.hpp>

#include <span>

namespace {

using ordering = ardent::ordering::raster<64, 4>;
using batched = ardent::sampler<ordering, ardent::solver::dpm_solver_pp<3>, ardent::guidance::linear<2.0>>;
using pointwise = ardent::sampler<ordering, ardent::solver::ddpm<ardent::variance::fixed_small>>;
using mar = ardent::sampler<ardent::ordering::masked<64, 4>, ardent::guidance::linear<2.0>>;
using format = ardent::format::bf16;

/// Conditions that somebody else enqueues.
struct model {
  ardent::cuda::any_head_weights<format> weights;
  void (*enqueue)(cudaStream_t, ardent::ar_step_view const&, float*);

  int sequence_length() const { return 64; }
  ardent::cuda::any_head_weights<format> head() const { return weights; }
  void condition(cudaStream_t stream, ardent::ar_step_view const& view, float* z) const { enqueue(stream, view, z); }
};

}  // namespace

/// A captured AR step of a batched denoiser.
void enqueue_batched(cudaStream_t stream, ardent::tile const& t,
                     void (*network)(cudaStream_t, ardent::time_point const&, ardent::float16 const*, float*),
                     std::span<std::byte> workspace, float* samples, unsigned long long* nonfinite) {
  const ardent::network_shape<ardent::float16> shape{16, 0, 2};
  ardent::cuda::enqueue_batched(stream, batched{}, 0, t, shape, network, ardent::random::philox{1}, workspace, samples,
                                nonfinite);
}

/// A captured AR step of a denoiser that is a function of a token.
void enqueue_pointwise(cudaStream_t stream, ardent::tile const& t,
                       ardent::denoiser::gaussian_mixture<4> const& denoiser, float* samples) {
  ardent::cuda::enqueue_pointwise<4>(stream, pointwise{}, 0, t, denoiser, ardent::random::philox{1}, samples);
}

/// The tokens of a batch before, at and after a captured AR step.
void enqueue_around(cudaStream_t stream, ardent::token_layout const& layout, std::span<std::byte> workspace, int* order,
                    int* positions, std::uint32_t* images, float* samples, float* tokens, std::uint8_t* known) {
  ardent::cuda::enqueue_clear(stream, layout, tokens, known);
  ardent::cuda::enqueue_orders<true>(stream, layout, ardent::random::philox{1}, workspace, order);
  ardent::cuda::enqueue_pick(stream, layout, order, 0, 1, positions, images);
  ardent::cuda::enqueue_scatter(stream, layout, positions, 1, samples, tokens, known);
  ardent::cuda::enqueue_gather(stream, layout, positions, 1, tokens, samples);
}

/// A captured AR step of an AdaLN head, in one launch.
void enqueue_head(cudaStream_t stream, ardent::tile const& t, ardent::cuda::head_trajectory<mar, format> const& head,
                  std::span<std::byte> workspace, std::span<float> samples) {
  head.enqueue(stream, 0, t, ardent::random::philox{1}, workspace, samples);
}

/// The same by matrix products.
void enqueue_products(cudaStream_t stream, ardent::tile const& t,
                      ardent::cuda::head_products<mar, ardent::bfloat16>& head, std::span<float> samples) {
  head.enqueue(stream, 0, t, ardent::random::philox{1}, samples);
}

/// A captured batch, in either way.
void enqueue_batch(cudaStream_t stream, ardent::cuda::generation<mar, model>& generation, std::span<float> tokens) {
  generation.run(stream, ardent::random::philox{1}, 0, tokens);
}
