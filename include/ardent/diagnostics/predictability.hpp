// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief How much of a token its condition says: R^2 of a small network from z to the token, on images held out.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace ardent {
inline namespace v0 {
namespace diagnostics {

/// @brief 1 - (sum of squared errors) / (sum of squared distances to the mean), over all tokens and channels.
///
/// 1: predicted without error; 0: no better than the mean of these tokens; below 0: worse than it.
/// For a flow model the network's own one-step prediction is x_1 - v(x_1, t = 1): give that.
/// @param predictions  [n][channels]
/// @param tokens       [n][channels]
/// @param channels     numbers of a token
/// @throws std::invalid_argument if sizes differ, are no whole tokens, or all tokens are equal
inline double r_squared(std::span<float const> predictions, std::span<float const> tokens, int channels) {
  if (channels < 1 || tokens.empty() || predictions.size() != tokens.size() ||
      tokens.size() % static_cast<std::size_t>(channels) != 0)
    throw std::invalid_argument("ardent::diagnostics::r_squared: expected as many predictions as tokens, found " +
                                std::to_string(predictions.size()) + " and " + std::to_string(tokens.size()) +
                                " numbers with " + std::to_string(channels) + " a token");
  const auto width = static_cast<std::size_t>(channels);
  const std::size_t count = tokens.size() / width;
  std::vector<double> mean(width);
  for (std::size_t i = 0; i < tokens.size(); ++i)
    mean[i % width] += static_cast<double>(tokens[i]) / static_cast<double>(count);
  double wrong = 0, spread = 0;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const double e = static_cast<double>(tokens[i]) - static_cast<double>(predictions[i]);
    const double d = static_cast<double>(tokens[i]) - mean[i % width];
    wrong += e * e;
    spread += d * d;
  }
  if (!(spread > 0))
    throw std::invalid_argument("ardent::diagnostics::r_squared: expected tokens that differ, found equal ones");
  return 1 - wrong / spread;
}

/// @brief How regression networks are trained.
struct regression_options {
  int hidden = 64;              ///< width of the hidden layer, at least 1
  int epochs = 60;              ///< passes over the tokens, at least 1
  int batch = 64;               ///< tokens of a step, at least 1
  double learning_rate = 2e-3;  ///< of Adam; falls to 0 by a cosine
  double weight_decay = 1e-3;   ///< pull of the weights towards 0, as a share of the learning rate
  std::uint64_t seed = 0;       ///< of the weights and the order of tokens
};

/// @brief A network of one hidden layer (SiLU) from a condition to a token, trained on squared error by Adam.
///
/// A measuring instrument, small on purpose: conditions are standardised by the training set, so its numbers do not
/// depend on their scale. One thread, the same result for the same seed.
class regression {
 public:
  /// @brief Trains.
  /// @param z         [n][width] conditions
  /// @param width     numbers of a condition
  /// @param tokens    [n][channels]
  /// @param channels  numbers of a token
  /// @param options   how
  /// @throws std::invalid_argument if sizes do not fit or an option is out of range
  regression(std::span<float const> z, int width, std::span<float const> tokens, int channels,
             regression_options const& options = {})
      : width_(checked(z, width, tokens, channels, options)),
        channels_(static_cast<std::size_t>(channels)),
        hidden_(static_cast<std::size_t>(options.hidden)),
        count_(z.size() / width_) {
    standardise(z, shift_, scale_, width_);
    standardise(tokens, token_shift_, token_scale_, channels_);
    first_.resize(hidden_ * (width_ + 1));
    second_.resize(channels_ * (hidden_ + 1));
    std::mt19937_64 engine(options.seed);
    std::normal_distribution<double> normal;
    for (std::size_t h = 0; h < hidden_; ++h)  // the last column is the bias, and starts at 0
      for (std::size_t i = 0; i < width_; ++i)
        first_[h * (width_ + 1) + i] = normal(engine) / std::sqrt(static_cast<double>(width_));
    for (std::size_t c = 0; c < channels_; ++c)
      for (std::size_t h = 0; h < hidden_; ++h)
        second_[c * (hidden_ + 1) + h] = normal(engine) / std::sqrt(static_cast<double>(hidden_));
    train(z, tokens, options, engine);
  }

  /// @brief What it says of other conditions. @param z [m][width] @param out [m][channels]
  /// @throws std::invalid_argument if sizes do not fit
  void predict(std::span<float const> z, std::span<float> out) const {
    if (z.size() % width_ != 0 || out.size() != z.size() / width_ * channels_)
      throw std::invalid_argument(
          "ardent::diagnostics::regression: expected room for a token of each condition, found " +
          std::to_string(out.size()) + " numbers for " + std::to_string(z.size() / width_) + " conditions");
    std::vector<double> input(width_), before(hidden_), after(hidden_), output(channels_);
    for (std::size_t r = 0; r < z.size() / width_; ++r) {
      forward(z.data() + r * width_, input, before, after, output);
      for (std::size_t c = 0; c < channels_; ++c)
        out[r * channels_ + c] = static_cast<float>(output[c] * token_scale_[c] + token_shift_[c]);
    }
  }

 private:
  static std::size_t checked(std::span<float const> z, int width, std::span<float const> tokens, int channels,
                             regression_options const& o) {
    const auto refuse = [](std::string const& expected, std::string const& found) {
      throw std::invalid_argument("ardent::diagnostics::regression: expected " + expected + ", found " + found);
    };
    if (width < 1 || channels < 1)
      refuse("conditions and tokens of at least 1 number", std::to_string(width) + " and " + std::to_string(channels));
    if (z.empty() || z.size() % static_cast<std::size_t>(width) != 0 ||
        tokens.size() != z.size() / static_cast<std::size_t>(width) * static_cast<std::size_t>(channels))
      refuse("a token for each of at least 1 condition",
             std::to_string(z.size()) + " and " + std::to_string(tokens.size()) + " numbers of " +
                 std::to_string(width) + " and " + std::to_string(channels));
    if (o.hidden < 1 || o.epochs < 1 || o.batch < 1)
      refuse("a hidden width, epochs and a batch of at least 1",
             std::to_string(o.hidden) + ", " + std::to_string(o.epochs) + " and " + std::to_string(o.batch));
    if (!(o.learning_rate > 0 && o.weight_decay >= 0))
      refuse("a learning rate above 0 and a weight decay of at least 0",
             std::to_string(o.learning_rate) + " and " + std::to_string(o.weight_decay));
    return static_cast<std::size_t>(width);
  }

  /// Mean and deviation of each column; a constant column counts as deviation 1.
  static void standardise(std::span<float const> x, std::vector<double>& shift, std::vector<double>& scale,
                          std::size_t width) {
    shift.assign(width, 0);
    scale.assign(width, 0);
    const std::size_t rows = x.size() / width;
    const auto count = static_cast<double>(rows);
    for (std::size_t i = 0; i < x.size(); ++i) shift[i % width] += static_cast<double>(x[i]) / count;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double d = static_cast<double>(x[i]) - shift[i % width];
      scale[i % width] += d * d / count;
    }
    for (double& s : scale) s = s > 1e-24 ? std::sqrt(s) : 1;
  }

  void forward(float const* z, std::vector<double>& input, std::vector<double>& before, std::vector<double>& after,
               std::vector<double>& output) const {
    for (std::size_t i = 0; i < width_; ++i) input[i] = (static_cast<double>(z[i]) - shift_[i]) / scale_[i];
    for (std::size_t h = 0; h < hidden_; ++h) {
      double const* const w = first_.data() + h * (width_ + 1);
      double sum = w[width_];
      for (std::size_t i = 0; i < width_; ++i) sum += w[i] * input[i];
      before[h] = sum;
      after[h] = sum / (1 + std::exp(-sum));
    }
    for (std::size_t c = 0; c < channels_; ++c) {
      double const* const w = second_.data() + c * (hidden_ + 1);
      output[c] = w[hidden_];
      for (std::size_t h = 0; h < hidden_; ++h) output[c] += w[h] * after[h];
    }
  }

  void train(std::span<float const> z, std::span<float const> tokens, regression_options const& options,
             std::mt19937_64& engine) {
    std::vector<std::size_t> order(count_);
    for (std::size_t i = 0; i < count_; ++i) order[i] = i;
    const std::size_t batch = std::min(static_cast<std::size_t>(options.batch), count_);
    const std::size_t batches = count_ / batch, all = batches * static_cast<std::size_t>(options.epochs);
    std::vector<double> input(width_), before(hidden_), after(hidden_), output(channels_), back(hidden_);
    adam of_first(first_.size()), of_second(second_.size());
    std::size_t step = 0;
    for (int epoch = 0; epoch < options.epochs; ++epoch) {
      std::shuffle(order.begin(), order.end(), engine);
      for (std::size_t b = 0; b < batches; ++b, ++step) {
        of_first.clear();
        of_second.clear();
        for (std::size_t j = 0; j < batch; ++j) {
          const std::size_t r = order[b * batch + j];
          forward(z.data() + r * width_, input, before, after, output);
          std::fill(back.begin(), back.end(), 0.0);
          for (std::size_t c = 0; c < channels_; ++c) {
            const double wanted = (static_cast<double>(tokens[r * channels_ + c]) - token_shift_[c]) / token_scale_[c];
            const double error = (output[c] - wanted) / static_cast<double>(batch);
            double* const g = of_second.gradient.data() + c * (hidden_ + 1);
            double const* const w = second_.data() + c * (hidden_ + 1);
            for (std::size_t h = 0; h < hidden_; ++h) {
              g[h] += error * after[h];
              back[h] += error * w[h];
            }
            g[hidden_] += error;
          }
          for (std::size_t h = 0; h < hidden_; ++h) {
            const double gate = 1 / (1 + std::exp(-before[h]));
            const double slope = back[h] * gate * (1 + before[h] * (1 - gate));
            double* const g = of_first.gradient.data() + h * (width_ + 1);
            for (std::size_t i = 0; i < width_; ++i) g[i] += slope * input[i];
            g[width_] += slope;
          }
        }
        const double progress = static_cast<double>(step) / static_cast<double>(all);
        const double rate = options.learning_rate * 0.5 * (1 + std::cos(3.14159265358979323846 * progress));
        of_first.apply(first_, rate, options.weight_decay, step + 1);
        of_second.apply(second_, rate, options.weight_decay, step + 1);
      }
    }
  }

  /// Adam with decoupled weight decay. Source: Kingma and Ba (arXiv 1412.6980), algorithm 1; Loshchilov and Hutter
  /// (arXiv 1711.05101), algorithm 2.
  struct adam {
    std::vector<double> gradient, mean, square;
    explicit adam(std::size_t size) : gradient(size), mean(size), square(size) {}
    void clear() { std::fill(gradient.begin(), gradient.end(), 0.0); }
    void apply(std::vector<double>& weights, double rate, double decay, std::size_t step) {
      const double first = 1 - std::pow(0.9, static_cast<double>(step));
      const double second = 1 - std::pow(0.999, static_cast<double>(step));
      for (std::size_t i = 0; i < weights.size(); ++i) {
        mean[i] += 0.1 * (gradient[i] - mean[i]);
        square[i] += 0.001 * (gradient[i] * gradient[i] - square[i]);
        weights[i] -= rate * (mean[i] / first / (std::sqrt(square[i] / second) + 1e-8) + decay * weights[i]);
      }
    }
  };

  std::size_t width_, channels_, hidden_, count_;
  std::vector<double> shift_, scale_, token_shift_, token_scale_;
  std::vector<double> first_;   // [hidden][width + 1]
  std::vector<double> second_;  // [channels][hidden + 1]
};

}  // namespace diagnostics
}  // namespace v0
}  // namespace ardent
