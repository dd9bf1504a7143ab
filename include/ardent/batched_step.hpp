// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief Everything between two calls of a network that somebody else evaluates: guidance, conversion, row, noise and
/// the network's next input, four channels of a token at a time, in one pass.

#include <ardent/denoiser/denoiser.hpp>
#include <ardent/detail/quad.hpp>
#include <ardent/network_shape.hpp>
#include <ardent/pointwise_trajectory.hpp>
#include <ardent/random/random.hpp>
#include <ardent/solver/row.hpp>
#include <ardent/trajectory.hpp>

#include <cstddef>
#include <cstdint>

namespace ardent {
inline namespace v0 {

/// @brief What both kernels of a batched trajectory know; the start of all rows of one type is one kernel. Pointers
/// begin at the tile's first token.
/// @tparam T      the state's type
/// @tparam Input  what the network reads
template <class T, network_number Input, class Random>
struct batched_view {
  [[no_unique_address]] Random random;    ///< the source of noise
  int tokens = 0;                         ///< tokens of the tile
  int channels = 0;                       ///< numbers of a token
  int first = 0;                          ///< first row of the tile within the AR step
  int ar_step = 0;                        ///< which AR step
  int input_copies = 1;                   ///< how often the input is written
  bool wide = false;                      ///< four channels lie together and are aligned, in every array
  std::uint32_t const* images = nullptr;  ///< [tokens]
  int const* positions = nullptr;         ///< [tokens]
  T* slot_out[2]{};                       ///< [tokens][channels] each; null where nobody reads it later
  Input* input = nullptr;                 ///< [input_copies][tokens][channels]; null after the last evaluation
};

/// @brief What one step reads and writes: one row of the AR step's, and its arrays.
/// @tparam Row     the sampler's row type
/// @tparam Output  what the network writes
template <class Row, network_number Input, network_number Output, class Random>
struct batched_arguments : batched_view<typename Row::value_type, Input, Random> {
  using value_type = typename Row::value_type;  ///< the state's type
  Row row;                                      ///< the row
  ar_step_numbers numbers;                      ///< guidance scale, temperature and bounds
  int step = 0;                                 ///< which row of the AR step it is
  int outputs = 0;                              ///< numbers that the network writes for a token
  Output const* output = nullptr;               ///< [branches][tokens][outputs]
  value_type const* slot_in[Row::slots]{};      ///< [tokens][channels] each; null where the row has a 0
  value_type const* earlier[Row::history]{};    ///< earlier[j] is m_{j + 1}; null where the row has a 0
  value_type* newest = nullptr;                 ///< where m_0 goes; null where no later row reads it
  float* samples = nullptr;                     ///< [tokens][channels]; null but after the last evaluation
  unsigned long long* nonfinite = nullptr;      ///< counts infinities and NaNs of the network; may be null
};

namespace detail {

template <class Output>
ARDENT_INLINE void convert_quad(Output const (&stored)[4], float (&out)[4]) {
  for (int j = 0; j < 4; ++j) out[j] = to_float(stored[j]);
}

ARDENT_INLINE unsigned count_nonfinite(float const (&x)[4]) {
  unsigned count = 0;
  for (int j = 0; j < 4; ++j) count += (float_to_bits(x[j]) & 0x7f800000u) == 0x7f800000u ? 1u : 0u;
  return count;
}

ARDENT_INLINE void add_to_counter(unsigned long long* counter, unsigned count) {
#if defined(__CUDA_ARCH__)
  atomicAdd(counter, static_cast<unsigned long long>(count));
#else
  __atomic_fetch_add(counter, count, __ATOMIC_RELAXED);
#endif
}

/// Where four channels of a token are.
struct quad_place {
  std::ptrdiff_t element;  // of [tokens][channels]
  int count;               // channels, 1 to 4
};

template <class View>
ARDENT_INLINE quad_place place_of(View const& v, int r, int q) {
  const int left = v.channels - 4 * q;
  return {static_cast<std::ptrdiff_t>(r) * v.channels + 4 * q, left < 4 ? left : 4};
}

template <class View>
ARDENT_INLINE noise_key key_of(View const& v, noise_domain domain, int step, int r) {
  noise_key key;
  key.domain = domain;
  key.image = v.images[r];
  key.position = static_cast<std::uint32_t>(v.positions[r]);
  key.ar_step = v.ar_step;
  key.step = step;
  key.row = v.first + r;
  key.channels = v.channels;
  return key;
}

/// The network's next input.
template <class View, class Input>
ARDENT_INLINE void store_input(View const& v, quad_place const& at, float const (&x)[4], Input* input) {
  Input stored[4];
  for (int j = 0; j < 4; ++j) store_weight(x[j], stored[j]);
  const std::ptrdiff_t size = static_cast<std::ptrdiff_t>(v.tokens) * v.channels;
  store_quad(input + at.element, v.wide, at.count, stored);
  // one or two: no loop
  if (v.input_copies == 2) store_quad(input + size + at.element, v.wide, at.count, stored);
}

}  // namespace detail

/// @brief Starts four channels of a token from noise, and writes the network's first input.
/// @param a  views; an element is touched by one call only
/// @param r  token of the tile, in [0, tokens)
/// @param q  channels 4 q ... 4 q + 3, those below `channels`
template <class T, class Input, class Random>
ARDENT_INLINE void batched_start(batched_view<T, Input, Random> const& a, int r, int q) {
  const detail::quad_place at = detail::place_of(a, r, q);
  const auto noise = a.random.normal(detail::key_of(a, noise_domain::start, 0, r), q);
  T x[4];
  float input[4];
  for (int j = 0; j < 4; ++j) {
    x[j] = static_cast<T>(noise.value[j]);
    input[j] = static_cast<float>(noise.value[j]);
  }
  for (int i = 0; i < 2; ++i)
    if (a.slot_out[i] != nullptr) detail::store_quad(a.slot_out[i] + at.element, a.wide, at.count, x);
  detail::store_input(a, at, input, a.input);
}

/// @brief One row for four channels of a token: reads what the network wrote, the state and the history; writes the
/// state, the newest m, and the network's next input or, after the last evaluation, the samples. The same arithmetic
/// as `trajectory`, whose bits it gives on the host at the same instruction-set level. Where a coefficient is 0 its
/// array is not read, which shows in the sign of a zero, or if the array holds an infinity or a NaN.
///
/// @tparam Branches  1, or 2 with guidance
/// @param a  the step; an element is touched by one call only
/// @param r  token of the tile, in [0, tokens)
/// @param q  channels 4 q ... 4 q + 3, those below `channels`
template <int Branches, class Row, class Input, class Output, class Random>
ARDENT_INLINE void batched_step(batched_arguments<Row, Input, Output, Random> const& a, int r, int q) {
  using T = typename Row::value_type;
  const detail::quad_place at = detail::place_of(a, r, q);
  Output const* const output = a.output + static_cast<std::ptrdiff_t>(r) * a.outputs + 4 * q;

  // all that is read comes first and is converted later, so that it is on its way together
  Output read_conditional[4], read_unconditional[4] = {}, read_variance[4] = {};
  detail::load_quad(output, a.wide, at.count, read_conditional);
  if constexpr (Branches == 2)
    if (a.row.guided)
      detail::load_quad(output + static_cast<std::ptrdiff_t>(a.tokens) * a.outputs, a.wide, at.count,
                        read_unconditional);
  if constexpr (Row::parts.learned_variance) detail::load_quad(output + a.channels, a.wide, at.count, read_variance);
  detail::register_state<Row, 4> s{};
  for (int i = 0; i < Row::slots; ++i)
    if (a.slot_in[i] != nullptr) detail::load_quad(a.slot_in[i] + at.element, a.wide, at.count, s.slot[i]);
  for (int i = 0; i + 1 < Row::history; ++i)
    if (a.earlier[i] != nullptr) detail::load_quad(a.earlier[i] + at.element, a.wide, at.count, s.earlier[i]);
  decltype(a.random.normal(noise_key{}, q)) noise{};
  if constexpr (Row::parts.noise)
    if (a.row.noise != 0) noise = a.random.normal(detail::key_of(a, noise_domain::step, a.step, r), q);

  float conditional[4], unconditional[4], variance[4];
  detail::convert_quad(read_conditional, conditional);
  detail::convert_quad(read_unconditional, unconditional);
  detail::convert_quad(read_variance, variance);
  if (a.nonfinite != nullptr) {
    const unsigned found = detail::count_nonfinite(conditional) + detail::count_nonfinite(unconditional) +
                           detail::count_nonfinite(variance);
    if (found != 0) detail::add_to_counter(a.nonfinite, found);
  }
  for (int j = 0; j < 4; ++j) {
    T mixed = conditional[j];
    if constexpr (Branches == 2) {
      const T base = unconditional[j];
      mixed = a.row.guided ? base + static_cast<T>(a.numbers.guidance_scale) * (mixed - base) : mixed;
    }
    detail::advance(a.row, a.numbers, s, j, mixed, variance[j], noise.value[j]);
  }

  if (a.samples != nullptr) {
    detail::store_quad(a.samples + at.element, a.wide, at.count, s.input);
    return;
  }
  for (int i = 0; i < Row::slots; ++i)
    if (a.slot_out[i] != nullptr) detail::store_quad(a.slot_out[i] + at.element, a.wide, at.count, s.slot[i]);
  if constexpr (Row::history > 1)
    if (a.newest != nullptr) detail::store_quad(a.newest + at.element, a.wide, at.count, s.earlier[0]);
  detail::store_input(a, at, s.input, a.input);
}

}  // namespace v0
}  // namespace ardent
