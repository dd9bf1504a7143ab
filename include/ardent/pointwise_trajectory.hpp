// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief A whole trajectory of one token by one thread, all of its state in registers: for denoisers that are
/// functions of a token.

#include <ardent/denoiser/denoiser.hpp>
#include <ardent/random/random.hpp>
#include <ardent/solver/row.hpp>
#include <ardent/trajectory.hpp>

namespace ardent {
inline namespace v0 {
namespace detail {

/// What a token carries from row to row.
template <class Row, int Channels>
struct register_state {
  using value_type = typename Row::value_type;
  value_type slot[Row::slots][Channels];
  value_type earlier[Row::history][Channels];  // earlier[j] is m_{j + 1}; the last is unused
  float input[Channels];
};

}  // namespace detail

/// @brief Draws token r of a tile from noise to sample, as `trajectory` does, by one thread that shares nothing: no
/// group, no sync, no memory but the token's sample. The same bits as `trajectory` on the host.
///
/// @tparam Branches  1, or 2 with guidance
/// @tparam Channels  numbers of a token; function.channels() must be the same
/// @param t          the tile; t.branches = Branches
/// @param r          token of the tile, in [0, t.tokens)
/// @param rows       the AR step's rows
/// @param count      number of rows
/// @param numbers    guidance scale, temperature and bounds of the AR step
/// @param function   a denoiser::pointwise's function: `function(x, time, condition, output)`
/// @param random     a random_source
/// @param tokens     [total][Channels], where the samples go
template <int Branches, int Channels, class Row, class Function, class Random>
ARDENT_INLINE void pointwise_trajectory(tile const& t, int r, Row const* rows, int count,
                                        ar_step_numbers const& numbers, Function const& function, Random const& random,
                                        float* tokens) {
  using T = typename Row::value_type;
  constexpr int quads = (Channels + 3) / 4, outputs = Row::parts.learned_variance ? 2 * Channels : Channels;
  const int place = t.first + r;
  noise_key key;
  key.image = t.images[place];
  key.position = static_cast<std::uint32_t>(t.positions[place]);
  key.ar_step = t.ar_step;
  key.row = place;
  key.channels = Channels;

  detail::register_state<Row, Channels> s;
  key.domain = noise_domain::start;
  key.step = 0;
  for (int q = 0; q < quads; ++q) {
    const auto noise = random.normal(key, q);
    for (int j = 0; j < 4; ++j) {
      const int c = 4 * q + j;
      if (c >= Channels) break;
      for (int i = 0; i < Row::slots; ++i) s.slot[i][c] = static_cast<T>(noise.value[j]);
      for (int i = 0; i + 1 < Row::history; ++i) s.earlier[i][c] = 0;
      s.input[c] = static_cast<float>(noise.value[j]);
    }
  }
  key.domain = noise_domain::step;

  const int width = function.condition_width();
  float const* const condition = t.conditions + static_cast<std::ptrdiff_t>(place) * width;
  float const* const other_condition = condition + static_cast<std::ptrdiff_t>(t.total) * width;
#if defined(__CUDA_ARCH__)
#  pragma unroll 1
#endif
  for (int k = 0; k < count; ++k) {
    Row const& row = rows[k];
    const time_point time{
        static_cast<float>(row.timestep), static_cast<float>(row.alpha), static_cast<float>(row.sigma), 0, k,
        static_cast<float>(row.step_size)};
    float conditional[outputs];
    function(s.input, time, condition, conditional);
    [[maybe_unused]] float unconditional[outputs];
    if constexpr (Branches == 2) function(s.input, time, other_condition, unconditional);
    key.step = k;
    for (int q = 0; q < quads; ++q) {
      decltype(random.normal(key, q)) noise{};
      if constexpr (Row::parts.noise)
        if (row.noise != 0) noise = random.normal(key, q);
      for (int j = 0; j < 4; ++j) {
        const int c = 4 * q + j;
        if (c >= Channels) break;
        T output = conditional[c];
        if constexpr (Branches == 2) {
          const T base = unconditional[c];
          output = row.guided ? base + static_cast<T>(numbers.guidance_scale) * (output - base) : output;
        }
        float variance = 0;
        if constexpr (Row::parts.learned_variance) variance = conditional[Channels + c];
        detail::advance(row, numbers, s, c, output, variance, noise.value[j]);
      }
    }
  }
  for (int c = 0; c < Channels; ++c) tokens[static_cast<std::ptrdiff_t>(place) * Channels + c] = s.input[c];
}

}  // namespace v0
}  // namespace ardent
