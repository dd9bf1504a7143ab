// SPDX-License-Identifier: Apache-2.0
//
// The model that compositions are tried with: its denoiser has a known answer, and it keeps account of what is drawn.
#pragma once

#include <ardent/ardent.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "support/exact_data.hpp"

namespace property {

/// @brief A denoiser that answers for any kind of network: the solver's rows know which.
struct any_network {
  static constexpr ardent::prediction predicted = ardent::prediction::epsilon;
  ardent::prediction from = ardent::prediction::epsilon;
  bool linear = false, constant = true;
  int numbers = 1;

  int channels() const { return numbers; }
  int outputs() const { return numbers; }
  int condition_width() const { return 1; }
  void operator()(float const* x, ardent::time_point const& time, float const* condition, float* output) const {
    double const c = static_cast<double>(*condition);
    test::level const l{static_cast<double>(time.alpha), static_cast<double>(time.sigma)};
    for (int i = 0; i < numbers; ++i) {
      auto const value = static_cast<double>(x[i]);
      test::exact_answer answer{c, (value - l.alpha * c) / l.sigma};
      if (!constant) answer = {std::sin(value + c), std::cos(1.3 * value - c)};
      output[i] = static_cast<float>(
          test::output_of(from, answer, l, linear ? test::path_shape::linear : test::path_shape::variance_preserving));
    }
  }
};

/// @brief x0 of a token's branch, in [-1.5, 1.5]: the unconditional one is the same for all images.
inline float target(std::uint32_t image, int position, int branch) {
  return 1.5f * std::sin(static_cast<float>(branch == 0 ? 7 * image + 1 : 0) + 0.7f * static_cast<float>(position));
}

/// @brief Conditions, and a record of what was drawn. As an ar_model it is drawn token by token, as a batched_ar_model
/// all at once; the numbers are the same.
struct recording_model {
  any_network function;      ///< the denoiser
  int length = 1;            ///< tokens of an image
  std::vector<int> drawn;    ///< [images][length], how often
  std::vector<int> ar_step;  ///< [images][length], the last one
  std::vector<float> z;      ///< conditions of the AR step, for `evaluate`
  int evaluations = 0;       ///< of the network over all tokens
  std::string complaint;     ///< what was wrong with what it was told; "" if nothing

  recording_model(any_network const& f, int tokens, int images) : function(f), length(tokens) {
    drawn.resize(static_cast<std::size_t>(images * tokens));
    ar_step.resize(drawn.size());
    z.resize(2 * drawn.size());
  }
  int sequence_length() const { return length; }
  auto denoiser() const { return ardent::denoiser::pointwise(function); }
  ardent::network_shape<> network() const { return {function.numbers, function.numbers}; }

  template <class Executor>
  void condition(Executor const&, ardent::ar_step_view const& view, float* out) {
    for (int b = 0; b < view.images; ++b)
      for (int j = 0; j < view.tokens_per_image; ++j) {
        int const position = view.positions[b * view.tokens_per_image + j];
        int const before = j > 0 ? view.positions[b * view.tokens_per_image + j - 1] : -1;
        if (position <= before || position >= length) {
          complaint = "positions of an AR step that do not ascend within the image";
          continue;
        }
        auto const place = static_cast<std::size_t>(b * length + position);
        if (view.known[place] != 0) complaint = "a token drawn now that is known already";
        ++drawn[place];
        ar_step[place] = view.ar_step;
        for (int branch = 0; branch < view.branches; ++branch)
          out[(branch * view.images + b) * view.tokens_per_image + j] =
              target(view.first_image + static_cast<std::uint32_t>(b), position, branch);
      }
  }
  template <class Executor>
  void condition(Executor const& executor, ardent::ar_step_view const& view) {
    condition(executor, view, z.data());
  }
  template <class Executor>
  void evaluate(Executor const& executor, ardent::ar_step_view const& view, ardent::time_point const& time,
                float const* input, float* output) {
    ++evaluations;
    int const rows = view.images * view.tokens_per_image;
    executor.parallel_for(view.branches * rows, [&](int i, int) {
      function(input + (i % rows) * function.numbers, time, z.data() + i, output + i * function.numbers);
    });
  }
};

}  // namespace property
