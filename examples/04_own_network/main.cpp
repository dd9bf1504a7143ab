// SPDX-License-Identifier: Apache-2.0
//
// own_network: a backbone and a network of your own, evaluated over the whole batch at once. ardent calls them; it does
// not look into them. The sequences are a Markov chain: the share of each pair of neighbours is known.
#include <ardent/ardent.hpp>

#include <cmath>
#include <cstddef>
#include <cstdio>
#include <vector>

#include "network.hpp"

namespace {

constexpr int images = 2000, length = 16;

// What ardent asks of a model of this kind (ardent::batched_ar_model).
class model {
 public:
  static constexpr ardent::prediction predicted = ardent::prediction::x0;

  int sequence_length() const { return length; }
  ardent::network_shape<> network() const { return {own::channels, own::channels}; }

  // The backbone, once an AR step: what the tokens drawn so far say about the ones that come now.
  template <class Executor>
  void condition(Executor const& executor, ardent::ar_step_view const& view) {
    log_prior_.resize(static_cast<std::size_t>(view.images * view.tokens_per_image));
    executor.parallel_for(view.images, [&](int image, int) {
      int const position = view.positions[image];  // one token for each image
      float const* const tokens = view.tokens + image * length * own::channels;
      int const before =
          position == 0 ? own::codes : own::nearest_code(weights_, tokens + (position - 1) * own::channels);
      log_prior_[static_cast<std::size_t>(image)] = weights_.log_next[before];
    });
  }

  // The network, once a denoising step: all tokens of the batch.
  template <class Executor>
  void evaluate(Executor const& executor, ardent::ar_step_view const& view, ardent::time_point const& time,
                float const* input, float* output) {
    executor.parallel_for(view.images * view.tokens_per_image, [&](int row, int) {
      own::evaluate_row(weights_, time, input + row * own::channels, log_prior_[static_cast<std::size_t>(row)],
                        output + row * own::channels);
    });
  }

 private:
  own::weights weights_;
  std::vector<float const*> log_prior_;  // [images], each [codes]
};

static_assert(ardent::batched_ar_model<model, ardent::executor::host>);

using sampler = ardent::sampler<ardent::ordering::raster<length>, ardent::annealing::linear<24, 8>,
                                ardent::process::cosine_continuous, ardent::grid::logsnr_uniform,
                                ardent::solver::dpm_solver_pp<2>, ardent::predicts<ardent::prediction::x0>>;

}  // namespace

int main() {
  sampler const draw;
  model chain;
  std::vector<float> tokens(std::size_t{images} * length * own::channels);
  ardent::generate_batched(draw, chain, ardent::executor::host{}, ardent::random::philox{1}, {images}, tokens);

  own::weights const weights;
  double pairs[own::codes + 1][own::codes] = {}, square = 0;
  for (int image = 0; image < images; ++image)
    for (int i = 0, before = own::codes; i < length; ++i) {
      float const* const token = tokens.data() + (image * length + i) * own::channels;
      int const code = own::nearest_code(weights, token);
      pairs[before][code] += 1;
      before = code;
      for (int c = 0; c < own::channels; ++c) square += std::pow(double{token[c]} - weights.book[code][c], 2);
    }
  for (int before = 0; before <= own::codes; ++before) {
    double const* const row = pairs[before];
    double const sum = row[0] + row[1] + row[2];
    std::printf(before < own::codes ? "after code %d:" : "first token: ", before);
    for (int code = 0; code < own::codes; ++code)
      std::printf("  %.3f (true %.1f)", row[code] / sum, std::exp(weights.log_next[before][code]));
    std::printf("\n");
  }
  std::printf("standard deviation about a code: %.3f (true %.1f)\n",
              std::sqrt(square / static_cast<double>(tokens.size())), double{weights.deviation});
}
