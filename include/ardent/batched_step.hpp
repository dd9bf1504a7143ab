// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief Everything between two calls of a network that somebody else evaluates: guidance, conversion, row, noise and
/// the network's next input, four or eight channels of a token at a time, in one pass.

#include <ardent/denoiser/denoiser.hpp>
#include <ardent/detail/nonfinite.hpp>
#include <ardent/detail/octet.hpp>
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
  bool octets = false;                    ///< eight do, to 16 bytes: a call is for eight; only of 16-bit numbers
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

/// @brief Calls of batched_start or batched_step for a token.
template <class View>
ARDENT_HD int batched_calls(View const& v) {
  return v.octets ? v.channels / 8 : (v.channels + 3) / 4;
}

namespace detail {

/// True if a network of these types is given eight channels at a time, where alignment allows it: four of its numbers
/// are less than an access of 16 bytes.
template <class Input, class Output>
inline constexpr bool takes_octets = sizeof(Input) == 2 || sizeof(Output) == 2;

template <class Output, int N>
ARDENT_INLINE void convert_all(Output const (&stored)[N], float (&out)[N]) {
  for (int j = 0; j < N; ++j) out[j] = to_float(stored[j]);
}

template <int N>
ARDENT_INLINE unsigned count_nonfinite(float const (&x)[N]) {
  unsigned count = 0;
  for (int j = 0; j < N; ++j) count += is_nonfinite(x[j]) ? 1u : 0u;
  return count;
}

/// Where N channels of a token are.
struct channel_place {
  std::ptrdiff_t element;  // of [tokens][channels]
  bool wide;               // see load_quad
  int count;               // channels, 1 to N
};

template <int N, class View>
ARDENT_INLINE channel_place place_of(View const& v, int r, int call) {
  const int left = v.channels - N * call;
  return {static_cast<std::ptrdiff_t>(r) * v.channels + N * call, v.wide, left < N ? left : N};
}

/// A quad, or an octet, which has all of its channels and is aligned.
template <class T, int N>
ARDENT_INLINE void load_channels(T const* from, channel_place const& at, T (&to)[N]) {
  if constexpr (N == 8)
    load_octet(from, to);
  else
    load_quad(from, at.wide, at.count, to);
}
template <class T, int N>
ARDENT_INLINE void store_channels(T* to, channel_place const& at, T const (&from)[N]) {
  if constexpr (N == 8)
    store_octet(to, from);
  else
    store_quad(to, at.wide, at.count, from);
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
template <class View, class Input, int N>
ARDENT_INLINE void store_input(View const& v, channel_place const& at, float const (&x)[N], Input* input) {
  Input stored[N];
  for (int j = 0; j < N; ++j) store_weight(x[j], stored[j]);
  const std::ptrdiff_t size = static_cast<std::ptrdiff_t>(v.tokens) * v.channels;
  store_channels(input + at.element, at, stored);
  // one or two: no loop
  if (v.input_copies == 2) store_channels(input + size + at.element, at, stored);
}

/// batched_start for N channels.
template <int N, class T, class Input, class Random>
ARDENT_INLINE void start_channels(batched_view<T, Input, Random> const& a, int r, int call) {
  const channel_place at = place_of<N>(a, r, call);
  T x[N];
  float input[N];
  for (int i = 0; i < N / 4; ++i) {
    const auto noise = a.random.normal(key_of(a, noise_domain::start, 0, r), N / 4 * call + i);
    for (int j = 0; j < 4; ++j) {
      x[4 * i + j] = static_cast<T>(noise.value[j]);
      input[4 * i + j] = static_cast<float>(noise.value[j]);
    }
  }
  for (int i = 0; i < 2; ++i)
    if (a.slot_out[i] != nullptr) store_channels(a.slot_out[i] + at.element, at, x);
  store_input(a, at, input, a.input);
}

/// batched_step for N channels.
template <int Branches, int N, class Row, class Input, class Output, class Random>
ARDENT_INLINE void step_channels(batched_arguments<Row, Input, Output, Random> const& a, int r, int call) {
  using T = typename Row::value_type;
  const channel_place at = place_of<N>(a, r, call);
  Output const* const output = a.output + static_cast<std::ptrdiff_t>(r) * a.outputs + N * call;

  // all that is read comes first and is converted later, so that it is on its way together
  Output read_conditional[N], read_unconditional[N] = {}, read_variance[N] = {};
  load_channels(output, at, read_conditional);
  if constexpr (Branches == 2)
    if (a.row.guided) load_channels(output + static_cast<std::ptrdiff_t>(a.tokens) * a.outputs, at, read_unconditional);
  if constexpr (Row::parts.learned_variance) load_channels(output + a.channels, at, read_variance);
  register_state<Row, N> s{};
  for (int i = 0; i < Row::slots; ++i)
    if (a.slot_in[i] != nullptr) load_channels(a.slot_in[i] + at.element, at, s.slot[i]);
  for (int i = 0; i + 1 < Row::history; ++i)
    if (a.earlier[i] != nullptr) load_channels(a.earlier[i] + at.element, at, s.earlier[i]);
  decltype(a.random.normal(noise_key{}, 0)) noise[N / 4]{};
  if constexpr (Row::parts.noise)
    if (a.row.noise != 0)
      for (int i = 0; i < N / 4; ++i)
        noise[i] = a.random.normal(key_of(a, noise_domain::step, a.step, r), N / 4 * call + i);

  float conditional[N], unconditional[N], variance[N];
  convert_all(read_conditional, conditional);
  convert_all(read_unconditional, unconditional);
  convert_all(read_variance, variance);
  if (a.nonfinite != nullptr) {
    const unsigned found = count_nonfinite(conditional) + count_nonfinite(unconditional) + count_nonfinite(variance);
    if (found != 0) add_to_counter(a.nonfinite, found);
  }
  for (int j = 0; j < N; ++j) {
    T mixed = conditional[j];
    if constexpr (Branches == 2) {
      const T base = unconditional[j];
      mixed = a.row.guided ? base + static_cast<T>(a.numbers.guidance_scale) * (mixed - base) : mixed;
    }
    advance(a.row, a.numbers, s, j, mixed, variance[j], noise[j / 4].value[j % 4]);
  }

  if (a.samples != nullptr) {
    store_channels(a.samples + at.element, at, s.input);
    return;
  }
  for (int i = 0; i < Row::slots; ++i)
    if (a.slot_out[i] != nullptr) store_channels(a.slot_out[i] + at.element, at, s.slot[i]);
  if constexpr (Row::history > 1)
    if (a.newest != nullptr) store_channels(a.newest + at.element, at, s.earlier[0]);
  store_input(a, at, s.input, a.input);
}

}  // namespace detail

/// @brief Starts some channels of a token from noise, and writes the network's first input.
/// @param a     views; an element is touched by one call only
/// @param r     token of the tile, in [0, tokens)
/// @param call  in [0, batched_calls(a)): four channels each, in turn, those below `channels`; eight, if a.octets
template <class T, class Input, class Random>
ARDENT_INLINE void batched_start(batched_view<T, Input, Random> const& a, int r, int call) {
  if constexpr (detail::takes_octets<Input, Input>)
    if (a.octets) return detail::start_channels<8>(a, r, call);
  detail::start_channels<4>(a, r, call);
}

/// @brief One row for some channels of a token: reads what the network wrote, the state and the history; writes the
/// state, the newest m, and the network's next input or, after the last evaluation, the samples. The same arithmetic
/// as `trajectory`, whose bits it gives on the host at the same instruction-set level. Where a coefficient is 0 its
/// array is not read, which shows in the sign of a zero, or if the array holds an infinity or a NaN.
///
/// @tparam Branches  1, or 2 with guidance
/// @param a     the step; an element is touched by one call only
/// @param r     token of the tile, in [0, tokens)
/// @param call  see batched_start
template <int Branches, class Row, class Input, class Output, class Random>
ARDENT_INLINE void batched_step(batched_arguments<Row, Input, Output, Random> const& a, int r, int call) {
  if constexpr (detail::takes_octets<Input, Output>)
    if (a.octets) return detail::step_channels<Branches, 8>(a, r, call);
  detail::step_channels<Branches, 4>(a, r, call);
}

}  // namespace v0
}  // namespace ardent
