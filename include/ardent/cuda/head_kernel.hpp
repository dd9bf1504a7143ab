// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief The kernels that draw tokens with an AdaLN head: whole trajectories of a tile by a block, or by all blocks.

#include <ardent/cuda/device.hpp>
#include <ardent/cuda/error.hpp>
#include <ardent/detail/arena.hpp>
#include <ardent/detail/tile_turns.hpp>
#include <ardent/group/cuda.hpp>
#include <ardent/trajectory.hpp>

#include <cstddef>

namespace ardent {
inline namespace v0 {
namespace cuda {
namespace detail {

/// Where the memory of an AR step is, in bytes from the workspace's start, at which the grid's blocks count their
/// arrivals. Each block has a state; output and activations are the grid's, or each block's where it has its tile to
/// itself.
struct head_workspace {
  static constexpr std::size_t state = 256;  ///< of block 0
  std::size_t output = 0;                    ///< of the grid or of block 0
  std::size_t activations = 0;               ///< of the grid or of block 0
  std::size_t state_step = 0;
  std::size_t output_step = 0;
  std::size_t activations_step = 0;
  std::size_t bytes = 0;

  /// A block's arrays.
  ARDENT_HD trajectory_memory of_block(std::byte* workspace, std::size_t block, float* scratch) const {
    trajectory_memory m;
    m.own = workspace + state + block * state_step;
    m.output = reinterpret_cast<float*>(workspace + output + block * output_step);
    m.shared = reinterpret_cast<float*>(workspace + activations + block * activations_step);
    m.scratch = scratch;
    return m;
  }
};

/// @tparam Row    the sampler's row type
/// @param tokens  tokens of a tile
template <class Row, class Denoiser>
head_workspace lay_out_head(Denoiser const& denoiser, int tokens, int branches, int steps, int blocks) {
  const auto aligned = [](std::size_t bytes) { return (bytes + 255) / 256 * 256; };
  const int rows = tokens * branches;
  const auto count = static_cast<std::size_t>(blocks);
  head_workspace w;
  w.state_step = aligned(trajectory_state_bytes<Row>(denoiser.channels(), tokens));
  const std::size_t output =
      aligned(static_cast<std::size_t>(rows) * static_cast<std::size_t>(denoiser.outputs()) * sizeof(float));
  const std::size_t activations = aligned(denoiser.shared_floats(rows, steps) * sizeof(float));
  const bool shared = Denoiser::plan.shared;
  w.output_step = shared ? 0 : output;
  w.activations_step = shared ? 0 : activations;
  w.output = w.state + count * w.state_step;
  w.activations = w.output + (shared ? output : count * output);
  w.bytes = w.activations + (shared ? activations : count * activations);
  return w;
}

/// The most rows that fit a kernel's arguments beside the rest, at most 1024.
template <class Row, class Denoiser, class Random>
inline constexpr int most_head_rows = []() constexpr {
  const std::size_t fixed =
      sizeof(tile) + sizeof(ar_step_numbers) + sizeof(Denoiser) + sizeof(Random) + sizeof(head_workspace) + 256;
  const std::size_t most = fixed < 32764 ? (32764 - fixed) / sizeof(Row) : 0;
  return static_cast<int>(most < 1024 ? most : 1024);
}();

/// Rows in a kernel's arguments, all of which travel with a launch: 64 or 256 where the compiler knows that they are
/// enough.
template <class Sampler, class Denoiser, class Random>
inline constexpr int head_rows = []() constexpr {
  constexpr int most = most_head_rows<typename Sampler::row_type, Denoiser, Random>;
  // one after the other: nvcc takes the second question to a dynamic sampler as an error
  if constexpr (Sampler::tables_at_compile_time)
    if constexpr (is_static<Sampler>) {
      int steps = 0;
      for (int i = 0; i < Sampler{}.ar_steps(); ++i)
        steps = Sampler{}.effective_steps(i) > steps ? Sampler{}.effective_steps(i) : steps;
      if (steps <= 64 && most >= 64) return 64;
      if (steps <= 256 && most >= 256) return 256;
    }
  return most;
}();

/// All that a head's kernel reads, by value.
template <class Row, class Denoiser, class Random, int Rows>
struct head_arguments {
  tile whole;  ///< all tokens of the AR step
  int tiles;   ///< tiles into which they are dealt out
  ar_step_numbers numbers;
  [[no_unique_address]] Denoiser denoiser;
  [[no_unique_address]] Random random;
  head_workspace layout;
  std::byte* workspace;
  float* samples;
  Row rows[Rows];
};

#pragma nv_diagnostic push
#pragma nv_diag_suppress 1407
template <int Branches, int Threads, class Row, class Denoiser, class Random, int Rows>
__attribute__((visibility("hidden"))) __global__ void __launch_bounds__(Threads, 1)
    head_kernel(const __grid_constant__ head_arguments<Row, Denoiser, Random, Rows> a) {
  extern __shared__ float4 ardent_head_memory[];
  cuda_block<Threads> block;
  auto grid = [&]() {
    if constexpr (Denoiser::plan.shared)
      return cuda_grid(reinterpret_cast<unsigned*>(a.workspace));
    else
      return solo_grid{};
  }();
  const trajectory_memory memory =
      a.layout.of_block(a.workspace, blockIdx.x, reinterpret_cast<float*>(ardent_head_memory));
  const int first = Denoiser::plan.shared ? 0 : static_cast<int>(blockIdx.x);
  const int step = Denoiser::plan.shared ? 1 : static_cast<int>(gridDim.x);
  ardent::detail::take_tiles(block, grid, a.whole, first, step, a.tiles, [&](tile const& t) ARDENT_INLINE_LAMBDA {
    trajectory<Branches>(block, grid, t, a.rows, a.numbers, a.denoiser, a.random, memory, a.samples);
  });
}
#pragma nv_diagnostic pop

}  // namespace detail
}  // namespace cuda
}  // namespace v0
}  // namespace ardent
