// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief The one loop: a tile of tokens from noise to sample, by a block or a grid, on host or device.

#include <ardent/denoiser/denoiser.hpp>
#include <ardent/random/random.hpp>
#include <ardent/solver/row.hpp>

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace ardent {
inline namespace v0 {

/// @brief The memory of a trajectory.
struct trajectory_memory {
  void* own = nullptr;       ///< trajectory_state_bytes, of this block, aligned to 64; in the end it begins with the
                             ///< tile's samples in the state's type, [tokens][channels]
  float* output = nullptr;   ///< [branches * tokens][outputs], shared by the grid
  float* shared = nullptr;   ///< the denoiser's shared_floats, shared by the grid
  float* scratch = nullptr;  ///< the denoiser's private_floats, of this block
};

/// @brief Bytes of a tile's state, a multiple of 4: slots, earlier outputs, and the denoiser's input.
/// @tparam Row      the sampler's row type
/// @param channels  channels of a token
/// @param tokens    tokens of the tile
template <class Row>
constexpr std::size_t trajectory_state_bytes(int channels, int tokens) {
  return static_cast<std::size_t>(tokens) * static_cast<std::size_t>(channels) *
         (sizeof(typename Row::value_type) * static_cast<std::size_t>(Row::slots + Row::history - 1) + sizeof(float));
}

/// @brief What an AR step gives a trajectory besides its rows. The doubles are rounded to the state's type where they
/// are used; the bounds of x0 are floats for every state.
struct ar_step_numbers {
  double guidance_scale = 1;  ///< scale of classifier-free guidance
  double noise_factor = 1;    ///< temperature: factor on the noise of the steps
  float x0_low = 0;           ///< bounds of x0, if it is clipped
  float x0_high = 0;          ///< see x0_low
};

/// @brief These numbers of a sampler's AR step.
template <class Sampler>
constexpr ar_step_numbers numbers_of(Sampler const& sampler, int ar_step) {
  return {sampler.guidance_scale(ar_step), sampler.noise_factor(ar_step), static_cast<float>(sampler.clipping().low()),
          static_cast<float>(sampler.clipping().high())};
}

/// @brief The watcher that looks away: nothing of it is left in a kernel.
///
/// A watcher sees what each row that may add noise does to each number of a token: it has `watches` = true and is
/// called as `watcher(row, k, steps, place, mean, deviation, half_log)` by one thread for each number, with the row k
/// of `steps`, place = (row of the AR step) * channels + channel, slot 0 before and the standard deviation of the
/// noise, and half the log of a learned variance (0 otherwise), which the deviation already has in it.
struct no_watcher {
  static constexpr bool watches = false;  ///< it is never called
};

namespace detail {

/// This block's slots, earlier model outputs, and the denoiser's input, one after the other.
template <class Row, class T = typename Row::value_type>
struct trajectory_state {
  T* slot[Row::slots];
  T* earlier[Row::history];  // earlier[j] is m_{j + 1}; the last is unused
  float* input;

  ARDENT_INLINE trajectory_state(void* own, std::ptrdiff_t size) {
    T* place = static_cast<T*>(own);
    for (int i = 0; i < Row::slots; ++i, place += size) slot[i] = place;
    for (int j = 0; j + 1 < Row::history; ++j, place += size) earlier[j] = place;
    earlier[Row::history - 1] = nullptr;
    input = reinterpret_cast<float*>(place);
  }
};

/// True if the denoiser has the grid wait where that is needed, so that blocks may enter an evaluation as they come.
template <class Denoiser>
constexpr bool waits_itself() {
  if constexpr (requires { Denoiser::waits_itself; })
    return Denoiser::waits_itself;
  else
    return false;
}

/// One element's row: conversion, the linear program, noise.
/// @tparam State  has slot[i][e], earlier[j][e] and input[e]: memory, or registers
/// @tparam See    see(mean, deviation, half_log), or no_watcher
template <class Row, class State, class T, class Noise, class See = no_watcher>
ARDENT_INLINE void advance(Row const& row, ar_step_numbers const& numbers, State& s, std::ptrdiff_t e, T output,
                           [[maybe_unused]] float variance, [[maybe_unused]] Noise noise,
                           [[maybe_unused]] See const& see = {}) {
  T model[Row::history];
  [[maybe_unused]] const T x = s.slot[0][e];
  if constexpr (Row::parts.clipped_x0) {
    T x0 = row.x0_of_x * x + row.x0_of_output * output;
    x0 = x0 < static_cast<T>(numbers.x0_low) ? static_cast<T>(numbers.x0_low) : x0;
    x0 = x0 > static_cast<T>(numbers.x0_high) ? static_cast<T>(numbers.x0_high) : x0;
    model[0] = row.m_of_x * x + row.m_of_x0 * x0;
  } else if constexpr (Row::parts.conversion) {
    model[0] = row.of_x * x + row.of_output * output;
  } else {
    model[0] = output;
  }
  for (int j = 1; j < Row::history; ++j) model[j] = s.earlier[j - 1][e];
  T before[Row::slots];
  for (int i = 0; i < Row::slots; ++i) before[i] = s.slot[i][e];
  for (int i = 0; i < Row::slots; ++i) {
    T next = before[0];
    if constexpr (Row::parts.state_factor) next *= row.slot[i][0];
    for (int j = 1; j < Row::slots; ++j) next += row.slot[i][j] * before[j];
    for (int j = 0; j < Row::history; ++j) next += row.model[i][j] * model[j];
    if constexpr (Row::parts.noise) {
      if (i == 0) {
        T deviation = row.noise * static_cast<T>(numbers.noise_factor);
        [[maybe_unused]] float half_log = 0;
        if constexpr (Row::parts.learned_variance) {
          const float share = 0.5f * (variance + 1.0f);
          half_log = share * static_cast<float>(row.half_log_variance_max) +
                     (1.0f - share) * static_cast<float>(row.half_log_variance_min);
          deviation *= static_cast<T>(exp_float(half_log));
        }
        if constexpr (!std::is_same_v<See, no_watcher>) see(next, deviation, half_log);
        next += deviation * static_cast<T>(noise);
      }
    }
    s.slot[i][e] = next;
  }
  for (int j = Row::history - 2; j >= 0; --j) s.earlier[j][e] = model[j];
  s.input[e] = static_cast<float>(s.slot[0][e]);
}

}  // namespace detail

/// @brief Draws the tile's tokens: starts from noise, and for each row evaluates the denoiser and applies the row.
///
/// Every thread of every block of the grid calls it. Each block keeps its own copy of the (small) state and updates it
/// alike, so a row costs the grid no exchange beyond the denoiser's.
///
/// With a learned-range variance the second half of the conditional output is the variance; it is not guided.
///
/// @tparam Branches   1, or 2 with guidance: output = unconditional + scale (conditional - unconditional)
/// @param block       this thread's block
/// @param grid        the blocks that share the tile
/// @param t           the tile; t.branches = Branches
/// @param rows        the AR step's rows, t.steps of them
/// @param numbers     guidance scale, temperature and bounds of the AR step
/// @param denoiser    an inline_denoiser
/// @param random      a random_source; its normal() may give four doubles in a `value` instead
/// @param memory      state, output and scratch
/// @param tokens      [total][channels], where the samples go (rows of this tile)
/// @param watcher     see no_watcher
ARDENT_ANY_GROUP
template <int Branches, class Block, class Grid, class Row, class Denoiser, class Random, class Watcher = no_watcher>
ARDENT_INLINE void trajectory(Block& block, Grid& grid, tile const& t, Row const* rows, ar_step_numbers const& numbers,
                              Denoiser const& denoiser, Random const& random, trajectory_memory const& memory,
                              float* tokens, [[maybe_unused]] Watcher const& watcher = {}) {
  using T = typename Row::value_type;
  const int channels = denoiser.channels(), outputs = denoiser.outputs();
  const int quads = (channels + 3) / 4;
  const strided_range all_tokens{0, t.tokens, 1};
  const std::ptrdiff_t size = static_cast<std::ptrdiff_t>(t.tokens) * channels;
  const detail::trajectory_state<Row> s(memory.own, size);
  // all blocks of a grid do the same to their copies of the state: one tells
  [[maybe_unused]] const bool tells = Watcher::watches && grid.rank() == 0;
  const auto key_of = [&](noise_domain domain, int step, int r) ARDENT_INLINE_LAMBDA {
    noise_key key;
    key.domain = domain;
    key.image = t.images[t.first + r];
    key.position = static_cast<std::uint32_t>(t.positions[t.first + r]);
    key.ar_step = t.ar_step;
    key.step = step;
    key.row = t.first + r;
    key.channels = channels;
    return key;
  };

  block.elements(all_tokens, {0, quads, 1}, [&](int r, int q) ARDENT_INLINE_LAMBDA {
    const auto noise = random.normal(key_of(noise_domain::start, 0, r), q);
    for (int j = 0; j < 4 && 4 * q + j < channels; ++j) {
      const std::ptrdiff_t e = static_cast<std::ptrdiff_t>(r) * channels + 4 * q + j;
      for (int i = 0; i < Row::slots; ++i) s.slot[i][e] = static_cast<T>(noise.value[j]);
      for (int i = 0; i + 1 < Row::history; ++i) s.earlier[i][e] = 0;
      s.input[e] = static_cast<float>(noise.value[j]);
    }
  });
  denoiser.begin(block, grid, t, memory.shared, memory.scratch);

#if defined(__CUDA_ARCH__)
#  pragma unroll 1
#endif
  for (int k = 0; k < t.steps; ++k) {
    if constexpr (detail::waits_itself<Denoiser>())
      block.sync();
    else
      grid.sync(block);
    Row const& row = rows[k];
    const time_point time{static_cast<float>(row.timestep),
                          static_cast<float>(row.alpha),
                          static_cast<float>(row.sigma),
                          t.time_index == nullptr ? 0 : t.time_index[k],
                          k,
                          static_cast<float>(row.step_size)};
    denoiser.evaluate(block, grid, t, time, s.input, memory.output, memory.shared, memory.scratch);

    block.elements(all_tokens, {0, quads, 1}, [&](int r, int q) ARDENT_INLINE_LAMBDA {
      decltype(random.normal(noise_key{}, 0)) noise{};
      if constexpr (Row::parts.noise)
        if (row.noise != 0) noise = random.normal(key_of(noise_domain::step, k, r), q);
      float const* const conditional = memory.output + static_cast<std::ptrdiff_t>(r) * outputs;
      for (int j = 0; j < 4 && 4 * q + j < channels; ++j) {
        const int c = 4 * q + j;
        T output = conditional[c];
        if constexpr (Branches == 2) {
          const T unconditional = memory.output[static_cast<std::ptrdiff_t>(t.tokens + r) * outputs + c];
          const T scale = static_cast<T>(numbers.guidance_scale);
          output = row.guided ? unconditional + scale * (output - unconditional) : output;
        }
        const float variance = Row::parts.learned_variance ? conditional[channels + c] : 0.0f;
        const std::ptrdiff_t e = static_cast<std::ptrdiff_t>(r) * channels + c;
        if constexpr (Watcher::watches) {
          const std::ptrdiff_t place = static_cast<std::ptrdiff_t>(t.first) * channels + e;
          detail::advance(row, numbers, s, e, output, variance, noise.value[j],
                          [&](T mean, T deviation, float half_log) ARDENT_INLINE_LAMBDA {
                            if (tells) watcher(row, k, t.steps, place, mean, deviation, half_log);
                          });
        } else {
          detail::advance(row, numbers, s, e, output, variance, noise.value[j]);
        }
      }
    });
  }

  // the same (row, quad) pairs as above: a thread reads what it wrote itself
  if (grid.rank() == 0)
    block.elements(all_tokens, {0, quads, 1}, [&](int r, int q) ARDENT_INLINE_LAMBDA {
      for (int c = 4 * q; c < 4 * q + 4 && c < channels; ++c)
        tokens[static_cast<std::ptrdiff_t>(t.first + r) * channels + c] =
            s.input[static_cast<std::ptrdiff_t>(r) * channels + c];
    });
}

}  // namespace v0
}  // namespace ardent
