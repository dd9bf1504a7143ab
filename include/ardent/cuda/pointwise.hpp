// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief An AR step's trajectories in one launch, a token a thread, for denoisers that are functions of a token.

#include <ardent/cuda/error.hpp>
#include <ardent/cuda/range.hpp>
#include <ardent/denoiser/pointwise.hpp>
#include <ardent/detail/ar_step_checks.hpp>
#include <ardent/pointwise_trajectory.hpp>

#include <cstddef>
#include <stdexcept>
#include <string>

namespace ardent {
inline namespace v0 {
namespace cuda {

/// @brief Most denoising steps of a pointwise kernel: their rows travel as its argument, which the card keeps in
/// constant memory.
inline constexpr int most_pointwise_rows = 256;

namespace detail {

inline constexpr int pointwise_threads = 128;

/// All that a pointwise kernel reads, by value.
template <int Branches, int Channels, class Row, class Function, class Random>
struct pointwise_arguments {
  tile tokens;
  int rows_count;
  ar_step_numbers numbers;
  [[no_unique_address]] Function function;
  [[no_unique_address]] Random random;
  float* samples;
  Row rows[most_pointwise_rows];
};

// hidden: the same kernel in two shared objects would otherwise be registered twice under one name. (1407: it is hidden
// already where the denoiser's type is.)
#pragma nv_diagnostic push
#pragma nv_diag_suppress 1407
template <int Branches, int Channels, class Row, class Function, class Random>
__attribute__((visibility("hidden"))) __global__ void __launch_bounds__(pointwise_threads)
    pointwise_kernel(const __grid_constant__ pointwise_arguments<Branches, Channels, Row, Function, Random> a) {
  const int r = static_cast<int>(blockIdx.x) * pointwise_threads + static_cast<int>(threadIdx.x);
  if (r < a.tokens.tokens)
    pointwise_trajectory<Branches, Channels>(a.tokens, r, a.rows, a.rows_count, a.numbers, a.function, a.random,
                                             a.samples);
}
#pragma nv_diagnostic pop

}  // namespace detail

/// @brief Enqueues the whole trajectories of an AR step's tokens: one launch, no copy, no allocation, no wait.
///
/// Errors of the launch are thrown here; what goes wrong while it runs surfaces at the caller's next synchronisation.
///
/// @tparam Channels  numbers of a token; the state of each stays in registers, so keep it small (up to about 16)
/// @param stream    where it runs; of the current device
/// @param sampler   a sampler with a float or double state
/// @param ar_step   in [0, sampler.ar_steps())
/// @param t         the tokens, with images, positions and conditions in device memory; t.branches as the sampler's
/// @param denoiser  its function must be callable on the device
/// @param random    a random_source callable on the device
/// @param samples   [t.total][Channels] float in device memory; a pointer or a range
/// @throws std::invalid_argument if sizes do not fit one another, there is no such AR step, or it has more than
///         most_pointwise_rows rows
/// @throws error if the launch fails
template <int Channels, class Sampler, class Function, random_source Random, device_memory Samples>
void enqueue_pointwise(cudaStream_t stream, Sampler const& sampler, int ar_step, tile const& t,
                       denoiser::pointwise<Function> const& denoiser, Random const& random, Samples&& samples) {
  using row_type = typename Sampler::row_type;
  using arguments = detail::pointwise_arguments<Sampler::branches, Channels, row_type, Function, Random>;
  static_assert(Function::predicted == Sampler::predicted,
                "ardent::cuda::enqueue_pointwise: the denoiser predicts something else than the sampler was told. Add "
                "ardent::predicts<...> to the sampler.");
  static_assert(
      takes_step_size<Function> == Sampler::tells_step_size,
      "ardent::cuda::enqueue_pointwise: solver::shortcut needs a denoiser that has takes_step_size = true, and "
      "such a denoiser needs solver::shortcut. Use both or neither.");
  static_assert(sizeof(arguments) <= 32764,
                "ardent::cuda::enqueue_pointwise: the rows and the denoiser do not fit a kernel's arguments. Keep the "
                "denoiser's numbers behind pointers.");
  constexpr int outputs = Sampler::reads_variance ? 2 * Channels : Channels;
  const auto refuse = [](std::string const& expected, int found) {
    throw std::invalid_argument("ardent::cuda::enqueue_pointwise: expected " + expected + ", found " +
                                std::to_string(found));
  };
  if (denoiser.channels() != Channels) refuse(std::to_string(Channels) + " channels", denoiser.channels());
  if (denoiser.outputs() != outputs)
    refuse(std::to_string(outputs) + " outputs of the denoiser for this solver", denoiser.outputs());
  if (t.branches != Sampler::branches) refuse(std::to_string(Sampler::branches) + " branches", t.branches);
  ardent::detail::check_ar_step("ardent::cuda::enqueue_pointwise", sampler, ar_step);
  ardent::detail::check_rows_of_tile("ardent::cuda::enqueue_pointwise", t);
  const auto rows = sampler.rows(ar_step);
  const int count = static_cast<int>(rows.size());
  if (count > most_pointwise_rows) refuse("at most " + std::to_string(most_pointwise_rows) + " denoising steps", count);
  if (t.tokens < 1) return;
  const auto elements = static_cast<std::size_t>(t.total < 0 ? 0 : t.total) * static_cast<std::size_t>(Channels);
  float* const out = detail::checked_pointer<float>(samples, elements, "enqueue_pointwise");

  arguments a{t, count, numbers_of(sampler, ar_step), denoiser.function(), random, out, {}};
  for (int k = 0; k < count; ++k) a.rows[k] = rows[static_cast<std::size_t>(k)];
  const int blocks = (t.tokens + detail::pointwise_threads - 1) / detail::pointwise_threads;
  detail::pointwise_kernel<Sampler::branches, Channels, row_type, Function, Random>
      <<<static_cast<unsigned>(blocks), detail::pointwise_threads, 0, stream>>>(a);
  check(cudaGetLastError(), "launching a pointwise trajectory");
}

}  // namespace cuda
}  // namespace v0
}  // namespace ardent
