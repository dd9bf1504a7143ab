// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief What an inline denoiser is: a network or formula that a group evaluates on a tile of tokens.

#include <ardent/config.hpp>
#include <ardent/group/group.hpp>
#include <ardent/prediction.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>

namespace ardent {
inline namespace v0 {

/// @brief Where a denoiser is evaluated.
struct time_point {
  float timestep = 0;   ///< what the network is told
  float alpha = 1;      ///< signal level
  float sigma = 0;      ///< noise level
  int index = 0;        ///< row of the prepared time table
  int step = 0;         ///< which evaluation of the trajectory
  float step_size = 0;  ///< length of the step in time, if the solver tells it; see takes_step_size
};

/// @brief The tokens that a group works on: rows [first, first + tokens) of the AR step's `total` rows. Row r of the
/// tile and branch b has its condition in row b * total + first + r of `conditions`, and its output in row
/// b * tokens + r of the denoiser's output.
struct tile {
  int first = 0;                          ///< first row of the tile within the AR step
  int tokens = 0;                         ///< tokens of the tile
  int total = 0;                          ///< tokens of the AR step, over all images
  int branches = 1;                       ///< 1, or 2 with guidance: conditional rows, then unconditional rows
  int ar_step = 0;                        ///< which AR step
  float const* conditions = nullptr;      ///< [branches][total][condition_width]
  std::uint32_t const* images = nullptr;  ///< [total] index of each token's image, over all batches
  int const* positions = nullptr;         ///< [total] raster position of each token
  float const* times = nullptr;           ///< prepared time table, as the denoiser wrote it
  int const* time_index = nullptr;        ///< [steps] each evaluation's row of the time table; null if there is none
  int steps = 0;                          ///< evaluations of the trajectory
  int steps_at_once = 1;                  ///< evaluations that the denoiser prepares at once, if it hoists

  /// @brief Network rows of the tile.
  ARDENT_HD int rows() const { return branches * tokens; }
};

/// @brief An inline denoiser: a small value (views of weights, numbers) that kernels copy.
///
/// Host side:
/// - `predicted`: what it predicts; `channels()`, `outputs()` (channels, or twice that with a variance half),
///   `condition_width()`.
/// - `takes_step_size`, optional: true if it needs the length of the step; see ardent::takes_step_size.
/// - `shape_type`, optional: a type with constexpr `channels()` and `outputs()`. If it is empty, these are known at
///   compile time, and so is what a sampler refuses of them.
/// - `time_features()`: floats that a time takes in the prepared table, 0 if none; `time_scratch(n)`: floats that
///   preparing n times needs; `prepare_times(block, times, n, table, scratch)`.
/// - `most_tokens(branches)`: tokens that a tile should not exceed.
/// - `prefers_team(tokens, branches, threads)`: true if that few tokens are better shared by a team of threads.
/// - `shared_floats(rows)`, `private_floats(rows)`: memory for a tile of that many network rows, once for the grid and
///   once for each of its blocks.
/// - `hoisted_steps(rows, steps)`, optional: how many of a trajectory's steps it prepares at once, on a tile that has
///   the machine to itself; then `shared_floats(rows, steps_at_once)` too.
///
/// In the kernel, by every thread of every block of the tile's grid:
/// - `begin(block, grid, tile, shared, own)`: once a trajectory, before a grid sync.
/// - `evaluate(block, grid, tile, time, x, output, shared, own)`: x [tokens][channels], this block's copy; output
///   [branches * tokens][outputs], shared by the grid and complete when it returns. It must not write `output` or
///   `shared` in a way that a block which has not yet entered could notice after the sync that precedes it.
/// - `waits_itself`, optional: true if `evaluate` has a grid sync between any use of what it shares and its next
/// change,
///   the last output included; then blocks enter it without waiting for one another, and `begin` must leave nothing to
///   wait for.
template <class D>
concept inline_denoiser = requires(D const& d, int n, float* out) {
  { D::predicted } -> std::convertible_to<prediction>;
  { d.channels() } -> std::same_as<int>;
  { d.outputs() } -> std::same_as<int>;
  { d.condition_width() } -> std::same_as<int>;
  { d.time_features() } -> std::same_as<int>;
  { d.time_scratch(n) } -> std::same_as<std::size_t>;
  { d.most_tokens(n) } -> std::same_as<int>;
  { d.prefers_team(n, n, n) } -> std::same_as<bool>;
  { d.shared_floats(n) } -> std::same_as<std::size_t>;
  { d.private_floats(n) } -> std::same_as<std::size_t>;
};

/// @brief A time and the length of the step from there on: what a denoiser with takes_step_size is told of an
/// evaluation.
struct timed_step {
  float timestep = 0;   ///< what a network is told of the time
  float step_size = 0;  ///< length of the step in the process's real time, positive
  /// @brief Both are equal.
  friend constexpr bool operator==(timed_step const& a, timed_step const& b) {
    return a.timestep == b.timestep && a.step_size == b.step_size;
  }
  /// @brief By time, then by size.
  friend constexpr bool operator<(timed_step const& a, timed_step const& b) {
    return a.timestep < b.timestep || (a.timestep == b.timestep && a.step_size < b.step_size);
  }
};

/// @brief True for a denoiser, or a batched model or network, that says `takes_step_size` = true: its output is that of
/// a whole step of time_point::step_size from time_point::timestep on, not of an instant, as a shortcut model's is; see
/// solver::shortcut. An inline denoiser that does has `prepare_times(block, told, n, table, scratch)` with n different
/// `timed_step`s in place of n times.
template <class D>
inline constexpr bool takes_step_size = [] {
  if constexpr (requires { D::takes_step_size; })
    return D::takes_step_size;
  else
    return false;
}();

}  // namespace v0
}  // namespace ardent
