// SPDX-License-Identifier: Apache-2.0
#pragma once

// The arrays of a batched trajectory, and the checks of what a user says of the network.

#include <ardent/batched_step.hpp>
#include <ardent/denoiser/denoiser.hpp>
#include <ardent/detail/arena.hpp>
#include <ardent/network_shape.hpp>

#include <cstddef>
#include <limits>
#include <stdexcept>
#include <string>
#include <type_traits>

namespace ardent {
inline namespace v0 {
namespace detail {

template <class Sampler>
constexpr int outputs_read(int channels) {
  return Sampler::reads_variance ? 2 * channels : channels;
}

/// The arrays of a batched trajectory.
template <class Row, class Input, class Output>
struct batched_memory {
  using T = typename Row::value_type;
  /// Slot 0 in float is what a float network reads: one array serves both.
  static constexpr bool input_is_state = std::is_same_v<T, float> && std::is_same_v<Input, float>;

  T* slot[Row::slots] = {};
  T* model[Row::history] = {};  // of earlier outputs, taking turns; the last is unused
  Input* input = nullptr;
  Output* output = nullptr;
  std::size_t bytes = 0;

  batched_memory(int tokens, int branches, network_shape<Input, Output> const& network, std::byte* memory) {
    arena a(memory);
    const auto count = static_cast<std::size_t>(tokens);
    const std::size_t size = count * static_cast<std::size_t>(network.channels);
    input = a.take<Input>(size * static_cast<std::size_t>(network.input_copies));
    output = a.take<Output>(count * static_cast<std::size_t>(branches) * static_cast<std::size_t>(network.outputs));
    for (int i = 0; i < Row::slots; ++i) {
      if constexpr (input_is_state)
        slot[i] = i == 0 ? input : a.take<T>(size);
      else
        slot[i] = a.take<T>(size);
    }
    for (int j = 0; j + 1 < Row::history; ++j) model[j] = a.take<T>(size);
    bytes = a.used();
  }
};

[[noreturn]] inline void refuse_batched(std::string const& expected, std::string const& found) {
  throw std::invalid_argument("ardent::batched_trajectory: expected " + expected + ", found " + found);
}

/// The shape with `outputs` filled in.
template <class Sampler, class Input, class Output>
network_shape<Input, Output> checked_shape(int tokens, network_shape<Input, Output> network) {
  if (tokens < 0) refuse_batched("at least 0 tokens", std::to_string(tokens));
  if (network.channels < 1) refuse_batched("at least 1 channel", std::to_string(network.channels));
  constexpr int most = 1 << 26;  // what philox's counter has room for
  if (network.channels > most)
    refuse_batched("at most " + std::to_string(most) + " channels", std::to_string(network.channels));
  const int needed = outputs_read<Sampler>(network.channels);
  if (network.outputs == 0) network.outputs = needed;
  if (network.outputs < needed)
    refuse_batched("a network of at least " + std::to_string(needed) + " outputs for this solver",
                   std::to_string(network.outputs));
  if (network.input_copies != 1 && network.input_copies != Sampler::branches)
    refuse_batched(Sampler::branches == 1 ? "1 copy of the input" : "1 or 2 copies of the input",
                   std::to_string(network.input_copies));
  // threads are counted in int, with room for the last block's
  const long long quads = (network.channels + 3LL) / 4 * tokens, most_quads = std::numeric_limits<int>::max() - 1024;
  if (quads > most_quads)
    refuse_batched("at most " + std::to_string(4 * most_quads) + " numbers in a tile", std::to_string(4 * quads));
  return network;
}

/// Refuses a network that says that it predicts something else, or that it takes a step size that it is not told; it
/// need not say.
template <class Sampler, class Network>
constexpr void check_predicted() {
  using network = std::remove_cvref_t<Network>;
  if constexpr (requires { network::predicted; })
    static_assert(network::predicted == Sampler::predicted,
                  "ardent: the batched network predicts something else than the sampler was told. Add "
                  "ardent::predicts<...> to the sampler.");
  static_assert(Sampler::tells_step_size || !takes_step_size<network>,
                "ardent: the batched network takes a step size, but the solver tells none. Use solver::shortcut.");
}

}  // namespace detail
}  // namespace v0
}  // namespace ardent
