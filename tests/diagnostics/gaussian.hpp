// SPDX-License-Identifier: Apache-2.0
//
// Tokens that are Gaussian given their condition, with everything about them known: the network, the trajectories of
// the probability-flow ODE, and what any deterministic row program does to noise.
#pragma once

#include <ardent/denoiser/pointwise.hpp>
#include <ardent/detail/float_math.hpp>
#include <ardent/generate_batched.hpp>
#include <ardent/model.hpp>
#include <ardent/network_shape.hpp>

#include <cmath>
#include <cstddef>
#include <vector>

namespace test {

/// @brief epsilon of tokens N(condition, deviation^2) in each channel.
template <int Channels>
struct gaussian_function {
  static constexpr ardent::prediction predicted = ardent::prediction::epsilon;  ///< it predicts epsilon
  float deviation = 0.4f;                                                       ///< of each number

  int channels() const { return Channels; }         ///< numbers of a token
  int outputs() const { return Channels; }          ///< the same
  int condition_width() const { return Channels; }  ///< the mean
  /// @brief E[epsilon | x], in closed form.
  ARDENT_INLINE void operator()(float const* x, ardent::time_point const& time, float const* condition,
                                float* output) const {
    float const variance = time.alpha * time.alpha * deviation * deviation + time.sigma * time.sigma;
    for (int c = 0; c < Channels; ++c)
      output[c] = ardent::detail::quotient(time.sigma * (x[c] - time.alpha * condition[c]), variance);
  }
};

/// @brief A model of such tokens: the mean of a token is a fixed function of its position, its channel and the sum of
/// all tokens so far.
template <int Channels>
struct gaussian_model {
  int length = 12;         ///< tokens of an image
  float deviation = 0.4f;  ///< of each number given the prefix
  float memory = 0.05f;    ///< how much the prefix moves the mean

  int sequence_length() const { return length; }  ///< tokens of an image
  /// @brief The closed form.
  ardent::denoiser::pointwise<gaussian_function<Channels>> denoiser() const {
    return ardent::denoiser::pointwise(gaussian_function<Channels>{deviation});
  }
  /// @brief The mean of a token without its prefix.
  float base(int position, int channel) const {
    return 0.2f * static_cast<float>(position % 5) - 0.3f * static_cast<float>(channel);
  }
  /// @brief Means of the tokens drawn now; the other branch has half of them.
  template <class Executor>
  void condition(Executor const&, ardent::ar_step_view const& view, float* z) const {
    for (int branch = 0; branch < view.branches; ++branch)
      for (int b = 0; b < view.images; ++b) {
        float sum = 0;
        for (int i = 0; i < length * Channels; ++i) sum += view.tokens[b * length * Channels + i];
        for (int j = 0; j < view.tokens_per_image; ++j)
          for (int c = 0; c < Channels; ++c)
            z[(static_cast<std::ptrdiff_t>(branch * view.images + b) * view.tokens_per_image + j) * Channels + c] =
                (branch == 0 ? 1.0f : 0.5f) * (base(view.positions[b * view.tokens_per_image + j], c) + memory * sum);
      }
  }
};

/// @brief The same model as one whose network sees the whole batch, in numbers of its own.
template <int Channels, class Input = float, class Output = float>
struct batched_gaussian_model {
  static constexpr ardent::prediction predicted = ardent::prediction::epsilon;  ///< it predicts epsilon
  gaussian_model<Channels> model{};                                             ///< the numbers
  std::vector<float> z{};                                                       ///< means of the AR step

  int sequence_length() const { return model.length; }  ///< tokens of an image
  /// @brief What it reads and writes.
  ardent::network_shape<Input, Output> network() const { return {Channels, Channels, 1}; }
  /// @brief Keeps the means.
  template <class Executor>
  void condition(Executor const& executor, ardent::ar_step_view const& view) {
    z.resize(static_cast<std::size_t>(view.branches * view.images * view.tokens_per_image * Channels));
    model.condition(executor, view, z.data());
  }
  /// @brief epsilon of all tokens.
  template <class Executor>
  void evaluate(Executor const&, ardent::ar_step_view const& view, ardent::time_point const& time, Input const* input,
                Output* output) const {
    int const rows = view.images * view.tokens_per_image;
    for (int i = 0; i < view.branches * rows; ++i) {
      float x[Channels], epsilon[Channels];
      for (int c = 0; c < Channels; ++c) x[c] = ardent::to_float(input[i % rows * Channels + c]);
      gaussian_function<Channels>{model.deviation}(x, time, z.data() + i * Channels, epsilon);
      for (int c = 0; c < Channels; ++c) ardent::store_weight(epsilon[c], output[i * Channels + c]);
    }
  }
};

/// @brief What a deterministic one-slot program makes of a number: end = factor * start + offset * mean.
struct linear_map {
  double factor = 1;  ///< of the starting noise
  double offset = 0;  ///< of the token's mean
};

/// @brief The map of an AR step's rows for tokens of that deviation, by following them in double.
template <class Sampler>
linear_map map_of(Sampler const& sampler, int ar_step, double deviation) {
  linear_map map;
  for (auto const& row : sampler.rows(ar_step)) {
    double const alpha = static_cast<double>(row.alpha), sigma = static_cast<double>(row.sigma);
    double const gain = sigma / (alpha * alpha * deviation * deviation + sigma * sigma);
    double const model = static_cast<double>(row.model[0][0]), output = static_cast<double>(row.of_output);
    double const a = static_cast<double>(row.slot[0][0]) + model * (static_cast<double>(row.of_x) + output * gain);
    map.factor *= a;
    map.offset = a * map.offset - model * output * gain * alpha;
  }
  return map;
}

}  // namespace test
