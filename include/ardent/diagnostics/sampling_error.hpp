// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief What too few denoising steps do to a token: distances between draws with few steps and with many.

#include <ardent/config.hpp>
#include <ardent/diagnostics/token_variance.hpp>

#include <cmath>
#include <cstddef>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace ardent {
inline namespace v0 {
namespace diagnostics {

/// @brief Many draws of the same tokens.
class draw_set {
 public:
  /// @param rows      tokens
  /// @param channels  numbers of a token. @throws std::invalid_argument if one is below 1
  draw_set(int rows, int channels) : rows_(rows), channels_(channels) {
    if (rows < 1 || channels < 1)
      throw std::invalid_argument("ardent::diagnostics::draw_set: expected at least 1 row and 1 channel, found " +
                                  std::to_string(rows) + " and " + std::to_string(channels));
  }

  int rows() const { return rows_; }          ///< tokens
  int channels() const { return channels_; }  ///< numbers of a token
  /// @brief Draws of each token.
  int draws() const { return static_cast<int>(numbers_.size() / size()); }
  /// @brief Room for one more draw, [rows][channels]; to be filled before the next is asked for.
  std::span<float> add() {
    numbers_.resize(numbers_.size() + size());
    return {numbers_.data() + numbers_.size() - size(), size()};
  }
  /// @brief A draw of a token, [channels].
  float const* token(int draw, int row) const {
    return numbers_.data() + static_cast<std::size_t>(draw) * size() +
           static_cast<std::size_t>(row) * static_cast<std::size_t>(channels_);
  }
  /// @brief A draw of all tokens.
  std::span<float const> draw(int d) const { return {token(d, 0), size()}; }

 private:
  std::size_t size() const { return static_cast<std::size_t>(rows_) * static_cast<std::size_t>(channels_); }
  int rows_, channels_;
  std::vector<float> numbers_;
};

namespace detail {

inline void check_sets(char const* where, draw_set const& a, draw_set const& b, int least) {
  if (a.rows() != b.rows() || a.channels() != b.channels() || a.draws() < least || b.draws() < least)
    throw std::invalid_argument(
        "ardent::diagnostics::" + std::string(where) + ": expected two sets of the same tokens with at least " +
        std::to_string(least) + " draws each, found " + std::to_string(a.rows()) + " x " +
        std::to_string(a.channels()) + " with " + std::to_string(a.draws()) + " and " + std::to_string(b.rows()) +
        " x " + std::to_string(b.channels()) + " with " + std::to_string(b.draws()));
}

ARDENT_HD inline double distance(float const* x, float const* y, int channels) {
  double sum = 0;
  for (int c = 0; c < channels; ++c) {
    const double d = static_cast<double>(x[c]) - static_cast<double>(y[c]);
    sum += d * d;
  }
  return std::sqrt(sum);
}

}  // namespace detail

/// @brief The energy distance of a token's two distributions, 2 E|X - Y| - E|X - X'| - E|Y - Y'|, from their draws.
///
/// Unbiased: pairs of a draw with itself are left out, so it may be below 0 where the two are alike. In the units of a
/// token. Source: Szekely and Rizzo, Energy statistics (2013), definition 1 and section 4.
/// @param a    draws of X
/// @param b    draws of Y, of as many tokens and channels
/// @param row  the token, in [0, rows)
/// @throws std::invalid_argument if the sets have other tokens, or fewer than 2 draws
inline double energy_distance(draw_set const& a, draw_set const& b, int row) {
  detail::check_sets("energy_distance", a, b, 2);
  const auto within = [row](draw_set const& s) {
    double sum = 0;
    for (int i = 0; i < s.draws(); ++i)
      for (int j = 0; j < i; ++j) sum += detail::distance(s.token(i, row), s.token(j, row), s.channels());
    return 2 * sum / (static_cast<double>(s.draws()) * static_cast<double>(s.draws() - 1));
  };
  double between = 0;
  for (int i = 0; i < a.draws(); ++i)
    for (int j = 0; j < b.draws(); ++j) between += detail::distance(a.token(i, row), b.token(j, row), a.channels());
  between /= static_cast<double>(a.draws()) * static_cast<double>(b.draws());
  return 2 * between - within(a) - within(b);
}

/// @brief Its mean over the tokens, computed by all threads of an executor; what it is does not depend on them.
template <class Executor>
double mean_energy_distance(Executor const& executor, draw_set const& a, draw_set const& b) {
  detail::check_sets("mean_energy_distance", a, b, 2);
  std::vector<double> of_row(static_cast<std::size_t>(a.rows()));
  executor.parallel_for(a.rows(), [&](int r, int) { of_row[static_cast<std::size_t>(r)] = energy_distance(a, b, r); });
  double sum = 0;
  for (const double d : of_row) sum += d;
  return sum / a.rows();
}

/// @brief How far moments are apart, root mean squares over tokens.
struct moment_error {
  double mean = 0;      ///< of the length of the difference of the means
  double variance = 0;  ///< of the difference of the variances summed over channels
};

/// @brief The difference of means and variances between two sets. Both have a floor from the number of draws, which two
/// sets of the same sampler show.
/// @throws std::invalid_argument if the sets have other tokens, or fewer than 2 draws
inline moment_error moment_error_of(draw_set const& a, draw_set const& b) {
  detail::check_sets("moment_error_of", a, b, 2);
  const std::size_t numbers = static_cast<std::size_t>(a.rows()) * static_cast<std::size_t>(a.channels());
  running_moments of_a(numbers), of_b(numbers);
  for (int d = 0; d < a.draws(); ++d) of_a.add(a.draw(d));
  for (int d = 0; d < b.draws(); ++d) of_b.add(b.draw(d));
  moment_error out;
  for (int r = 0; r < a.rows(); ++r) {
    double variance = 0;
    for (int c = 0; c < a.channels(); ++c) {
      const auto i = static_cast<std::size_t>(r) * static_cast<std::size_t>(a.channels()) + static_cast<std::size_t>(c);
      const double apart = of_a.mean(i) - of_b.mean(i);
      out.mean += apart * apart / a.rows();
      variance += of_a.variance(i) - of_b.variance(i);
    }
    out.variance += variance * variance / a.rows();
  }
  out.mean = std::sqrt(out.mean);
  out.variance = std::sqrt(out.variance);
  return out;
}

/// @brief True if a sampler visits at an AR step all times that another visits there, and both start alike: then the
/// ends of their deterministic trajectories from the same noise differ by the discretisation alone.
template <class Coarse, class Fine>
bool are_nested(Coarse const& coarse, Fine const& fine, int ar_step) {
  const auto few = coarse.rows(ar_step);
  const auto many = fine.rows(ar_step);
  if (few.empty() || many.empty() || few[0].timestep != many[0].timestep) return false;
  std::size_t k = 0;
  for (auto const& row : few) {
    while (k < many.size() && many[k].timestep != row.timestep) ++k;
    if (k == many.size()) return false;
  }
  return true;
}

/// @brief Root mean square over tokens of how far two draws are apart: with deterministic solvers of K and 2 K steps on
/// nested grids from the same noise, the error of K steps but for that of 2 K.
/// @throws std::invalid_argument if sizes do not fit one another
inline double root_mean_square_distance(std::span<float const> a, std::span<float const> b, int channels) {
  if (channels < 1 || a.empty() || a.size() != b.size() || a.size() % static_cast<std::size_t>(channels) != 0)
    throw std::invalid_argument(
        "ardent::diagnostics::root_mean_square_distance: expected as many tokens in both and whole ones, found " +
        std::to_string(a.size()) + " and " + std::to_string(b.size()) + " numbers with " + std::to_string(channels) +
        " a token");
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double d = static_cast<double>(a[i]) - static_cast<double>(b[i]);
    sum += d * d;
  }
  return std::sqrt(sum * channels / static_cast<double>(a.size()));
}

}  // namespace diagnostics
}  // namespace v0
}  // namespace ardent
