// SPDX-License-Identifier: Apache-2.0
//
// Tokens drawn twice: by `trajectory`, within `generate`, with an inline denoiser; and by launches with the same
// network evaluated over the whole tile in between.
#pragma once

#include <ardent/batched_trajectory.hpp>
#include <ardent/denoiser/pointwise.hpp>
#include <ardent/generate.hpp>
#include <ardent/random/philox.hpp>
#include <ardent/sampler.hpp>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "support/made_numbers.hpp"
#include "support/one_level.hpp"

namespace test {

/// @brief What a number becomes in a type of storage.
template <class T>
float stored(float x) {
  T out;
  ardent::store_weight(x, out);
  return ardent::to_float(out);
}

/// @brief A network of a token and a condition of two numbers; with a variance half if asked for, and outputs that
/// nobody reads. It reads Input and writes Output.
template <bool Variance, class Input = float, class Output = float>
struct batched_network {
  int token_channels;                                                           ///< channels of a token
  int unused = 0;                                                               ///< outputs that nobody reads
  int channels() const { return token_channels; }                               ///< channels of a token
  int outputs() const { return (Variance ? 2 : 1) * token_channels + unused; }  ///< outputs for a token
  int condition_width() const { return 2; }                                     ///< numbers of a condition
  /// @brief One token. Not inlined, so that it is the same code, of the baseline's instructions, wherever it is called.
  [[gnu::noinline]] void operator()(float const* x, ardent::time_point const& time, float const* z,
                                    float* output) const {
    float sum = 0;
    for (int c = 0; c < token_channels; ++c) sum += stored<Input>(x[c]);
    std::fill_n(output, outputs(), 1e30f);
    for (int c = 0; c < token_channels; ++c) {
      float const value = stored<Input>(x[c]);
      output[c] = stored<Output>(time.sigma * value + z[0] * sum * 0.1f - z[1] + time.timestep * 1e-4f);
      if (Variance) output[token_channels + c] = stored<Output>(value / (1 + value * value) + z[0]);
    }
  }
};

/// @brief Tokens of some images at AR step 1 of 2.
struct batched_scene {
  int images = 3, length = 7, channels;  ///< tokens of an image that are drawn now
  std::vector<float> z;                  ///< [2][images][length][2]
  std::vector<std::uint32_t> image_of;   ///< [images][length]
  std::vector<int> position_of;          ///< [images][length]

  /// @brief Made-up conditions.
  explicit batched_scene(int token_channels) : channels(token_channels) {
    z = made_numbers(8).normals(2 * rows() * 2);
    for (int r = 0; r < rows(); ++r) {
      image_of.push_back(static_cast<std::uint32_t>(40 + r / length));
      position_of.push_back(length + r % length);
    }
  }
  /// @brief Tokens.
  int rows() const { return images * length; }
  /// @brief Some of them.
  ardent::tile part(int first, int tokens, int branches) const {
    ardent::tile t;
    t.first = first;
    t.tokens = tokens;
    t.total = rows();
    t.branches = branches;
    t.conditions = z.data();
    t.images = image_of.data();
    t.positions = position_of.data();
    return t;
  }
};

/// @brief A sampler that draws such a scene.
template <class... Policies>
auto batched_sampler(Policies const&... policies) {
  return ardent::make_sampler(ardent::ordering::raster(14, 2), ardent::annealing::constant(9), policies...);
}

/// @brief The scene as a model of `generate`.
template <ardent::prediction Predicted, class Network>
struct batched_scene_model {
  /// @brief The network, as if it predicted what the sampler was told.
  struct function : Network {
    static constexpr ardent::prediction predicted = Predicted;  ///< what the sampler was told
  };
  batched_scene const& what;                                              ///< gives the conditions
  function network;                                                       ///< draws
  int sequence_length() const { return 2 * what.length; }                 ///< tokens of an image
  auto denoiser() const { return ardent::denoiser::pointwise(network); }  ///< the network, token by token
  /// @brief The same conditions at both AR steps.
  template <class Executor>
  void condition(Executor const&, ardent::ar_step_view const& view, float* out) const {
    std::copy_n(what.z.data(), view.branches * what.rows() * 2, out);
  }
};

/// @brief [rows][channels] by `trajectory`: what `generate` draws at AR step 1.
template <ardent::simd_level Level = ardent::simd_level::baseline, class Sampler, class Network,
          class Random = ardent::random::philox>
std::vector<float> by_trajectory(batched_scene const& what, Sampler const& sampler, Network const& network,
                                 Random const& random = Random(77)) {
  batched_scene_model<Sampler::predicted, Network> model{what, {network}};
  std::vector<float> tokens(static_cast<std::size_t>(2 * what.rows() * what.channels)), samples;
  ardent::generate(sampler, model, one_level<Level>(), random, {what.images, 40}, tokens,
                   [&](ardent::ar_step_report const& report) {
                     if (report.ar_step == 1) samples.assign(report.samples.begin(), report.samples.end());
                   });
  return samples;
}

/// @brief How to draw by launches.
struct batched_choice {
  int tile = 5;                           ///< tokens of a tile
  int input_copies = 1;                   ///< of the input
  unsigned long long* counter = nullptr;  ///< of numbers that are not finite
};

/// @brief The same by launches, in tiles; what is not written before it is read is NaN.
template <class Input = float, class Output = float, class Executor, class Sampler, class Network,
          class Random = ardent::random::philox>
std::vector<float> by_launches(batched_scene const& what, Executor const& executor, Sampler const& sampler,
                               Network const& network, batched_choice const& how = {},
                               Random const& random = Random(77)) {
  ardent::network_shape<Input, Output> const shape{what.channels, network.outputs(), how.input_copies};
  std::vector<float> samples(static_cast<std::size_t>(what.rows() * what.channels));
  for (int first = 0; first < what.rows(); first += how.tile) {
    ardent::tile const t = what.part(first, std::min(how.tile, what.rows() - first), Sampler::branches);
    aligned_bytes workspace(ardent::batched_bytes(sampler, t.tokens, shape));
    auto const evaluate = [&](ardent::time_point const& time, Input const* input, Output* output) {
      std::vector<float> x(static_cast<std::size_t>(what.channels)), y(static_cast<std::size_t>(network.outputs()));
      for (int branch = 0; branch < t.branches; ++branch)
        for (int r = 0; r < t.tokens; ++r) {
          int const copy = how.input_copies == 1 ? 0 : branch, row = branch * t.tokens + r;
          for (int c = 0; c < what.channels; ++c)
            x[static_cast<std::size_t>(c)] = ardent::to_float(input[(copy * t.tokens + r) * what.channels + c]);
          network(x.data(), time, t.conditions + (branch * t.total + t.first + r) * 2, y.data());
          for (int c = 0; c < network.outputs(); ++c)
            ardent::store_weight(y[static_cast<std::size_t>(c)], output[row * network.outputs() + c]);
        }
    };
    ardent::draw_batched(executor, sampler, 1, t, shape, evaluate, random, {workspace.data(), workspace.size()},
                         samples.data(), how.counter);
  }
  return samples;
}

}  // namespace test
