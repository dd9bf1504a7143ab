// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief Trajectories of an AdaLN head for large batches: matrix products by cuBLASLt, and fused kernels between them.

#include <ardent/cuda/batched.hpp>
#include <ardent/cuda/blaslt.hpp>
#include <ardent/denoiser/dense_adaln_mlp.hpp>
#include <ardent/detail/ar_step_checks.hpp>
#include <ardent/group/cuda.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>

namespace ardent {
inline namespace v0 {
namespace cuda {
namespace detail {

inline constexpr int dense_threads = 256;

#pragma nv_diagnostic push
#pragma nv_diag_suppress 1407
/// A row a warp; what works on single elements is spread alike.
template <class Body>
__attribute__((visibility("hidden"))) __global__ void __launch_bounds__(dense_threads, 2)
    dense_kernel(const __grid_constant__ Body body, int rows) {
  cuda_block<dense_threads> block;
  body(block, share_of(rows, static_cast<int>(blockIdx.x), static_cast<int>(gridDim.x)));
}
#pragma nv_diagnostic pop

/// The backend of a dense head: everything on one stream.
class dense_backend {
 public:
  dense_backend(cudaStream_t stream, blaslt_products& products) : stream_(stream), products_(products) {}

  template <class T, class Output>
  void product(dense_matrix<T, Output> const& m, T const* x, int rows, Output* y) {
    products_.enqueue(stream_, products_.find<T, Output>(m.inputs, m.outputs, rows), m, x, y);
  }
  template <class Body>
  void run(Body const& body, int rows) const {
    constexpr int rows_of_block = dense_threads / warp_size;
    const int blocks = (rows + rows_of_block - 1) / rows_of_block;
    dense_kernel<<<static_cast<unsigned>(blocks), dense_threads, 0, stream_>>>(body, rows);
    check(cudaGetLastError(), "launching what a head does between products");
  }

 private:
  cudaStream_t stream_;
  blaslt_products& products_;
};

}  // namespace detail

/// @brief Draws tokens with an AdaLN head by cuBLASLt's matrix products: for AR steps of thousands of network rows. One
/// `enqueue` is 5 D + 5 launches an evaluation and one step kernel; no copy, no allocation, no wait.
///
/// Construction may allocate (on the host) and search for products; after it `enqueue` only enqueues. One enqueue at a
/// time.
///
/// Views: weights, times and workspace are in device memory and must outlive it.
///
/// @tparam Sampler  a sampler of an epsilon network
/// @tparam Storage  float, bfloat16 or float16: weights and activations
/// @tparam Shape    an adaln_shape
/// @tparam Between  what products give, float or Storage: see dense_adaln_mlp. Storage is faster with hundreds of rows
template <class Sampler, network_number Storage, class Shape = adaln_shape<>, class Between = float>
class head_products {
  static_assert(Sampler::predicted == prediction::epsilon,
                "ardent::cuda::head_products: the head predicts epsilon, but the sampler was told something else. "
                "Leave ardent::predicts out of the sampler.");
  static_assert(
      !Sampler::tells_step_size,
      "ardent::cuda::head_products: the solver tells the head the size of its steps, which heads on a GPU do not "
      "take. Use another solver.");

 public:
  /// @brief Memory for the library's own use: 32 MiB, as cuBLAS recommends for Hopper.
  static constexpr std::size_t library_bytes = std::size_t{32} << 20;

  /// @brief Bytes of device memory that it needs, aligned to 256.
  /// @param sampler  how
  /// @param shape    the head's sizes
  /// @param images   images of a batch
  static std::size_t workspace_bytes(Sampler const& sampler, Shape const& shape, int images) {
    const int tokens = most_tokens(sampler, images);
    return library_bytes + head_bytes(shape, tokens) + batched_bytes(sampler, tokens, network(shape));
  }

  /// @param sampler    what is drawn
  /// @param shape      the head's sizes; W a multiple of 8
  /// @param weights    what pack_dense_adaln wrote for these types, in device memory, aligned to 64; a pointer or a
  /// range
  /// @param images     images of a batch: products are prepared for the rows of each AR step
  /// @param workspace  workspace_bytes(...) bytes of device memory, aligned to 256
  /// @param bytes      its size
  /// @param nonfinite  in device memory: counts the head's outputs that are infinite or NaN; may be null
  /// @throws std::invalid_argument if sizes do not fit one another, weights or workspace are too small, or one of them
  ///         is aligned to less
  /// @throws blaslt_error if cuBLASLt has no such products
  head_products(Sampler const& sampler, Shape const& shape, packed_weights weights, int images, void* workspace,
                std::size_t bytes, unsigned long long* nonfinite = nullptr)
      : sampler_(sampler),
        shape_(shape),
        head_(shape, weights.checked(dense_bytes<Storage, Between>(shape), "head_products"),
              most_tokens(sampler, images) * Sampler::branches),
        workspace_(checked(workspace, bytes, workspace_bytes(sampler, shape, images))),
        products_(workspace, library_bytes),
        images_(images),
        nonfinite_(nonfinite) {
    auto const& layout = head_.layout();
    dense_matrix<float> const edges[] = {layout.condition, layout.output};
    dense_matrix<Storage, Between> const matrices[] = {layout.final_modulation, layout.first_modulation,
                                                       layout.first_in, layout.first_out};
    for (int i = 0; i < sampler.ar_steps(); ++i) {
      const int rows = sampler.tokens(i) * images * Sampler::branches;
      if (rows == 0) continue;
      products_.template prepare<float>(layout.input.inputs, layout.input.outputs, rows / Sampler::branches);
      for (dense_matrix<float> const& m : edges) products_.template prepare<float>(m.inputs, m.outputs, rows);
      for (dense_matrix<Storage, Between> const& m : matrices)
        products_.template prepare<Storage, Between>(m.inputs, m.outputs, rows);
    }
  }
  /// @brief The same with a workspace that is a contiguous range.
  template <detail::contiguous_memory Workspace>
  head_products(Sampler const& sampler, Shape const& shape, packed_weights weights, int images, Workspace&& workspace,
                unsigned long long* nonfinite = nullptr)
      : head_products(sampler, shape, weights, images, detail::bytes_of(workspace).data(),
                      detail::bytes_of(workspace).size(), nonfinite) {}

  /// @brief Enqueues an AR step.
  /// @param stream   of the device
  /// @param ar_step  in [0, sampler.ar_steps())
  /// @param t        all tokens: total, conditions, images, positions, times and time_index in device memory
  /// @param random   a random_source callable on the device
  /// @param samples  [t.total][channels] float in device memory; a pointer or a range
  /// @throws std::invalid_argument if there is no such AR step, there are not sampler.tokens(ar_step) tokens for each
  ///         image, or `samples` is too small
  /// @throws error, blaslt_error if a launch fails
  template <random_source Random, device_memory Samples>
  void enqueue(cudaStream_t stream, int ar_step, tile t, Random const& random, Samples&& samples) {
    ardent::detail::check_ar_step("ardent::cuda::head_products", sampler_, ar_step);
    if (t.total != sampler_.tokens(ar_step) * images_)
      throw std::invalid_argument("ardent::cuda::head_products: expected the tokens of an AR step for " +
                                  std::to_string(images_) + " images, found " + std::to_string(t.total) +
                                  " tokens for AR step " + std::to_string(ar_step));
    if (t.total < 1) return;
    float* const out = detail::checked_pointer<float>(
        samples, static_cast<std::size_t>(t.total) * static_cast<std::size_t>(shape_.channels()), "head_products");
    t.first = 0;
    t.tokens = t.total;
    t.branches = Sampler::branches;
    std::byte* const memory = workspace_ + library_bytes;
    std::byte* const of_steps = memory + head_bytes(shape_, most_tokens(sampler_, images_));
    detail::dense_backend backend(stream, products_);
    head_.begin(backend, t.conditions, t.rows(), memory);
    const auto evaluate = [&](cudaStream_t, time_point const& time, float const* x, float* output) {
      head_.evaluate(backend, t.times, t.time_index + time.step, x, t.tokens, t.branches, output, memory);
    };
    enqueue_batched(stream, sampler_, ar_step, t, network(shape_), evaluate, random,
                    std::span<std::byte>(of_steps, batched_bytes(sampler_, t.total, network(shape_))), out, nonfinite_);
  }

 private:
  static network_shape<float, float> network(Shape const& shape) { return {shape.channels(), shape.outputs(), 1}; }
  static int most_tokens(Sampler const& sampler, int images) {
    if (images < 1)
      throw std::invalid_argument("ardent::cuda::head_products: expected at least 1 image, found " +
                                  std::to_string(images));
    return sampler.most_tokens() * images;
  }
  static std::size_t head_bytes(Shape const& shape, int tokens) {
    const std::size_t bytes =
        dense_adaln_mlp<Storage, Shape, Between>(shape, nullptr, tokens * Sampler::branches).workspace_bytes();
    return (bytes + 255) / 256 * 256;
  }
  static std::byte* checked(void* workspace, std::size_t bytes, std::size_t needed) {
    if (bytes < needed)
      throw std::invalid_argument("ardent::cuda::head_products: expected a workspace of " + std::to_string(needed) +
                                  " bytes, found " + std::to_string(bytes));
    if (reinterpret_cast<std::uintptr_t>(workspace) % 256 != 0)
      throw std::invalid_argument(
          "ardent::cuda::head_products: expected a workspace aligned to 256 bytes, found one that is not");
    return static_cast<std::byte*>(workspace);
  }

  Sampler sampler_;
  Shape shape_;
  dense_adaln_mlp<Storage, Shape, Between> head_;
  std::byte* workspace_;
  blaslt_products products_;
  int images_;
  unsigned long long* nonfinite_;
};

}  // namespace cuda
}  // namespace v0
}  // namespace ardent
