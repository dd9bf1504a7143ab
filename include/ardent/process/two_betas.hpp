// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief What the processes of betas along a curve between two values have in common.

#include <ardent/number.hpp>
#include <ardent/process/process.hpp>

#include <stdexcept>
#include <string>

namespace ardent {
inline namespace v0 {
namespace process {

/// @brief A variance-preserving process whose betas follow a curve between two values: base of process::linear_between,
/// scaled_linear and sigmoid, and of your own.
/// @tparam Curve           constructed from T, the first and the last beta; `curve(i)` is the beta of training step i;
///                         `Curve::name` stands in messages
/// @tparam TrainTimesteps  T, the number of training steps, in [2, 100000], or `dynamic`
/// @tparam BetaStart       first beta, in (0, 1), or `dynamic`
/// @tparam BetaEnd         last beta, in (0, 1), or `dynamic`
template <class Curve, auto TrainTimesteps, auto BetaStart, auto BetaEnd>
class two_betas {
 public:
  static constexpr bool discrete_time = true;                        ///< times are training steps
  static constexpr path_kind path = path_kind::variance_preserving;  ///< alpha^2 + sigma^2 = 1

  constexpr two_betas() = default;
  /// @param train_timesteps  T, in [2, 100000]
  /// @param beta_start       first beta, in (0, 1)
  /// @param beta_end         last beta, in (0, 1)
  /// @throws std::invalid_argument outside
  constexpr two_betas(int train_timesteps, double beta_start, double beta_end)
      : train_timesteps_(train_timesteps), beta_start_(beta_start), beta_end_(beta_end) {
    validate();
  }

  /// @brief Refuses numbers out of range. @throws std::invalid_argument
  constexpr void validate() const {
    const int count = train_timesteps();
    const double start = beta_start(), end = beta_end();
    if (!(count >= 2 && count <= 100000 && start > 0 && start < 1 && end > 0 && end < 1))
      throw std::invalid_argument(
          std::string("ardent::process::") + Curve::name +
          ": expected 2 to 100000 training steps and a first and a last beta in (0, 1), found " +
          std::to_string(count) + ", " + std::to_string(start) + " and " + std::to_string(end));
  }

  constexpr int train_timesteps() const { return train_timesteps_.get(); }  ///< T
  constexpr double beta_start() const { return beta_start_.get(); }         ///< first beta
  constexpr double beta_end() const { return beta_end_.get(); }             ///< last beta
  constexpr int table_size() const { return train_timesteps(); }            ///< T

  /// @brief alphas_cumprod, T values.
  constexpr void fill_table(double* alphas_cumprod) const {
    detail::fill_alphas_cumprod(alphas_cumprod, train_timesteps(), Curve(train_timesteps(), beta_start(), beta_end()));
  }

  /// @brief The node at training step `t`, in [0, T).
  constexpr node at(double const* alphas_cumprod, int t) const {
    return variance_preserving_node(t, alphas_cumprod[t]);
  }

 private:
  [[no_unique_address]] number<int, TrainTimesteps> train_timesteps_;
  [[no_unique_address]] number<double, BetaStart> beta_start_;
  [[no_unique_address]] number<double, BetaEnd> beta_end_;
};

}  // namespace process
}  // namespace v0
}  // namespace ardent
