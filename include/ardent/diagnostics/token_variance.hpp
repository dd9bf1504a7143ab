// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief How much is left open about a token: the variance of many draws of it after the same prefix.

#include <cstddef>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace ardent {
inline namespace v0 {
namespace diagnostics {

/// @brief Means and variances of arrays of numbers that come one after the other, by Welford's recursion in double.
class running_moments {
 public:
  /// @param numbers  size of each array, at least 1. @throws std::invalid_argument if it is 0
  explicit running_moments(std::size_t numbers) : mean_(numbers), squares_(numbers) {
    if (numbers == 0)
      throw std::invalid_argument("ardent::diagnostics::running_moments: expected at least 1 number, found 0");
  }

  /// @brief Those that were found elsewhere, as by draw_moments on a device.
  /// @param mean      of each number
  /// @param variance  unbiased, as many
  /// @param count     arrays that they are of, at least 2
  /// @throws std::invalid_argument if there are other numbers of them
  running_moments(std::span<double const> mean, std::span<double const> variance, std::size_t count)
      : mean_(mean.begin(), mean.end()), squares_(variance.begin(), variance.end()), count_(count) {
    if (mean.empty() || mean.size() != variance.size() || count < 2)
      throw std::invalid_argument(
          "ardent::diagnostics::running_moments: expected as many variances as means and at least 2 arrays, found " +
          std::to_string(variance.size()) + ", " + std::to_string(mean.size()) + " and " + std::to_string(count));
    for (double& s : squares_) s *= static_cast<double>(count - 1);
  }

  /// @brief One more array. @throws std::invalid_argument if it has another size
  void add(std::span<float const> x) {
    if (x.size() != mean_.size())
      throw std::invalid_argument("ardent::diagnostics::running_moments: expected " + std::to_string(mean_.size()) +
                                  " numbers, found " + std::to_string(x.size()));
    ++count_;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double from_mean = static_cast<double>(x[i]) - mean_[i];
      mean_[i] += from_mean / static_cast<double>(count_);
      squares_[i] += from_mean * (static_cast<double>(x[i]) - mean_[i]);
    }
  }

  std::size_t size() const { return mean_.size(); }      ///< numbers of an array
  std::size_t count() const { return count_; }           ///< arrays so far
  double mean(std::size_t i) const { return mean_[i]; }  ///< mean of number i
  /// @brief Unbiased variance of number i; 0 before there are two.
  double variance(std::size_t i) const { return count_ < 2 ? 0 : squares_[i] / static_cast<double>(count_ - 1); }

 private:
  std::vector<double> mean_, squares_;
  std::size_t count_ = 0;
};

/// @brief The variance of draws of tokens, as a share of what tokens at their positions vary over all images.
///
/// Positions that hardly vary (the background of pictures of things) are reported apart: their share is a quotient of
/// two numbers near 0.
struct token_variance {
  double share = 0;                   ///< mean over rows of sum_c variance / sum_c marginal variance; 1: nothing known
  std::vector<double> channel_share;  ///< [channels] sum over rows of variance / sum over rows of marginal variance
  double variance = 0;                ///< mean over rows of sum_c variance, not normalised
  double background_variance = 0;     ///< the same of the rows whose positions hardly vary
  std::size_t rows = 0;               ///< rows that vary
  std::size_t background_rows = 0;    ///< rows whose positions hardly vary
};

/// @brief The token variance of an AR step.
/// @param draws       moments of the draws, [rows][channels]
/// @param positions   [rows] raster position of each row, in [0, sequence_length)
/// @param marginal    moments over images of their tokens, [sequence_length][channels]
/// @param channels    numbers of a token
/// @param background  a position hardly varies if its marginal variance, summed over channels, is below this share of
///                    the mean over positions; in [0, 1)
/// @throws std::invalid_argument if sizes do not fit one another, or there are fewer than two draws or images
inline token_variance token_variance_of(running_moments const& draws, std::span<int const> positions,
                                        running_moments const& marginal, int channels, double background = 0.05) {
  const auto refuse = [](std::string const& expected, std::string const& found) {
    throw std::invalid_argument("ardent::diagnostics::token_variance_of: expected " + expected + ", found " + found);
  };
  if (channels < 1) refuse("at least 1 channel", std::to_string(channels));
  const auto width = static_cast<std::size_t>(channels);
  if (draws.size() != positions.size() * width)
    refuse(std::to_string(positions.size() * width) + " numbers a draw", std::to_string(draws.size()));
  if (marginal.size() % width != 0)
    refuse("whole tokens of " + std::to_string(channels) + " numbers in the marginal",
           std::to_string(marginal.size()) + " numbers");
  if (draws.count() < 2 || marginal.count() < 2)
    refuse("at least 2 draws and 2 images", std::to_string(draws.count()) + " and " + std::to_string(marginal.count()));
  if (!(background >= 0 && background < 1)) refuse("a share of background in [0, 1)", std::to_string(background));

  const std::size_t length = marginal.size() / width;
  std::vector<double> by_position(length);
  double mean = 0;
  for (std::size_t p = 0; p < length; ++p) {
    for (std::size_t c = 0; c < width; ++c) by_position[p] += marginal.variance(p * width + c);
    mean += by_position[p] / static_cast<double>(length);
  }

  token_variance out;
  out.channel_share.resize(width);
  std::vector<double> channel_marginal(width);
  for (std::size_t r = 0; r < positions.size(); ++r) {
    if (positions[r] < 0 || static_cast<std::size_t>(positions[r]) >= length)
      refuse("positions below " + std::to_string(length), std::to_string(positions[r]));
    const auto p = static_cast<std::size_t>(positions[r]);
    double variance = 0;
    for (std::size_t c = 0; c < width; ++c) variance += draws.variance(r * width + c);
    if (!(by_position[p] > background * mean)) {
      out.background_variance += variance;
      ++out.background_rows;
      continue;
    }
    out.variance += variance;
    out.share += variance / by_position[p];
    for (std::size_t c = 0; c < width; ++c) {
      out.channel_share[c] += draws.variance(r * width + c);
      channel_marginal[c] += marginal.variance(p * width + c);
    }
    ++out.rows;
  }
  if (out.rows > 0) {
    out.share /= static_cast<double>(out.rows);
    out.variance /= static_cast<double>(out.rows);
  }
  if (out.background_rows > 0) out.background_variance /= static_cast<double>(out.background_rows);
  for (std::size_t c = 0; c < width; ++c)
    out.channel_share[c] = channel_marginal[c] > 0 ? out.channel_share[c] / channel_marginal[c] : 0;
  return out;
}

}  // namespace diagnostics
}  // namespace v0
}  // namespace ardent
