// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief An AR step around a network that somebody else enqueues on a stream: one launch to start, one after each
/// evaluation, and nothing else. No copy, no allocation, no wait; it may be captured in a CUDA graph.

#include <ardent/batched_trajectory.hpp>
#include <ardent/cuda/error.hpp>
#include <ardent/cuda/range.hpp>

#include <cstddef>

namespace ardent {
inline namespace v0 {
namespace cuda {

namespace detail {

inline constexpr int batched_threads = 256;

/// Blocks for one thread each call of each token.
template <class View>
unsigned batched_blocks(View const& view) {
  return (static_cast<unsigned>(view.tokens) * static_cast<unsigned>(batched_calls(view)) + batched_threads - 1) /
         batched_threads;
}

/// body(token, call) for thread i, if it has one. A call's neighbours are its neighbours in memory.
ARDENT_ANY_GROUP
template <class View, class F>
ARDENT_INLINE void for_call(View const& view, unsigned i, F const& body) {
  const auto calls = static_cast<unsigned>(batched_calls(view));
  const unsigned r = i / calls;
  if (r < static_cast<unsigned>(view.tokens)) body(static_cast<int>(r), static_cast<int>(i - r * calls));
}

// hidden: the same kernel in two shared objects would otherwise be registered twice under one name
template <class View>
__attribute__((visibility("hidden"))) __global__ void __launch_bounds__(batched_threads)
    batched_start_kernel(const __grid_constant__ View a) {
  for_call(a, blockIdx.x * batched_threads + threadIdx.x, [&a](int r, int call) { batched_start(a, r, call); });
}

template <int Branches, class Arguments>
__attribute__((visibility("hidden"))) __global__ void __launch_bounds__(batched_threads)
    batched_step_kernel(const __grid_constant__ Arguments a) {
  for_call(a, blockIdx.x * batched_threads + threadIdx.x,
           [&a](int r, int call) { batched_step<Branches>(a, r, call); });
}

}  // namespace detail

/// @brief Enqueues the start: the tokens' starting noise and the network's first input. One launch.
/// @param stream   where it runs; of the current device
/// @param batched  its memory and the tile's arrays are device memory
/// @param random   a random_source callable on the device
/// @throws error if the launch fails
template <class Sampler, class Input, class Output, random_source Random>
void enqueue_start(cudaStream_t stream, batched_trajectory<Sampler, Input, Output> const& batched,
                   Random const& random) {
  if (batched.tokens() < 1) return;
  const auto view = batched.start(random);
  detail::batched_start_kernel<<<detail::batched_blocks(view), detail::batched_threads, 0, stream>>>(view);
  check(cudaGetLastError(), "launching the start of a batched trajectory");
}

/// @brief Enqueues what follows evaluation k: one launch, whose row travels as its argument. The last one writes the
/// samples, the others the network's next input.
/// @param stream   where it runs, after the network's evaluation
/// @param batched  its memory and the tile's arrays are device memory
/// @param k        in [0, batched.evaluations()); each once, in turn
/// @param output   what the network wrote, [branches][tokens][outputs] in device memory: batched.output(), or memory of
///                 the network's own; a pointer or a range, of which a step without guidance reads the first branch
/// @param random   the same as for the start
/// @throws std::invalid_argument if k is out of range, or output is null or too small
/// @throws error if the launch fails
template <class Sampler, class Input, class Output, device_memory Outputs, random_source Random>
void enqueue_step(cudaStream_t stream, batched_trajectory<Sampler, Input, Output> const& batched, int k,
                  Outputs&& output, Random const& random) {
  const std::size_t numbers = static_cast<std::size_t>(batched.branches(k)) *
                              static_cast<std::size_t>(batched.tokens()) * static_cast<std::size_t>(batched.outputs());
  const auto arguments =
      batched.step(k, detail::checked_pointer<Output const>(output, numbers, "enqueue_step"), random);
  if (batched.tokens() < 1) return;
  detail::batched_step_kernel<Sampler::branches>
      <<<detail::batched_blocks(arguments), detail::batched_threads, 0, stream>>>(arguments);
  check(cudaGetLastError(), "launching a step of a batched trajectory");
}

/// @brief Enqueues a whole AR step: the start, then the network and a step for each row. Returns without waiting; what
/// goes wrong while it runs surfaces at the caller's next synchronisation.
///
/// Between the network's own calls it makes one launch an evaluation, and one to start.
///
/// @param stream     where it runs; of the current device
/// @param sampler    a sampler with a float or double state
/// @param ar_step    in [0, sampler.ar_steps())
/// @param t          the tokens, with images and positions in device memory; t.branches as the sampler's
/// @param shape      what the network reads and writes
/// @param network    `network(stream, time, input, output)` enqueues an evaluation: it reads input
///                   [input_copies][tokens][channels] and writes output [branches][tokens][outputs], both in device
///                   memory and at the same place in every call. What it throws is passed on
/// @param random     a random_source callable on the device
/// @param workspace  batched_bytes(...) bytes of device memory, aligned to 64; a range
/// @param samples    [t.total][channels] float in device memory; a pointer or a range
/// @param nonfinite  in device memory, to which the number of infinities and NaNs among the network's outputs is
///                   added; null: nothing is counted
/// @throws std::invalid_argument if sizes do not fit one another
/// @throws error if a launch fails
template <class Sampler, class Input, class Output, class Network, random_source Random, device_memory Workspace,
          device_memory Samples>
void enqueue_batched(cudaStream_t stream, Sampler const& sampler, int ar_step, tile const& t,
                     network_shape<Input, Output> const& shape, Network&& network, Random const& random,
                     Workspace&& workspace, Samples&& samples, unsigned long long* nonfinite = nullptr) {
  ardent::detail::check_predicted<Sampler, Network>();
  const auto numbers = static_cast<std::size_t>(t.total < 0 ? 0 : t.total) *
                       static_cast<std::size_t>(shape.channels < 0 ? 0 : shape.channels);
  const batched_trajectory<Sampler, Input, Output> batched(
      sampler, ar_step, t, shape, detail::bytes_of(workspace),
      detail::checked_pointer<float>(samples, numbers, "enqueue_batched"), nonfinite);
  if (t.tokens < 1) return;
  enqueue_start(stream, batched, random);
  for (int k = 0; k < batched.evaluations(); ++k) {
    network(stream, batched.time(k), batched.input(), batched.output());
    enqueue_step(stream, batched, k, batched.output(), random);
  }
}

}  // namespace cuda
}  // namespace v0
}  // namespace ardent
