// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief The linear-beta noise process of DDPM, in improved DDPM's form for any number of training steps.

#include <ardent/number.hpp>
#include <ardent/process/process.hpp>

#include <stdexcept>
#include <string>

namespace ardent {
inline namespace v0 {
namespace detail {

/// The template argument of process::linear, or one that compiles in its place.
template <auto TrainTimesteps>
struct linear_steps {
  static constexpr bool fits = [] {
    if constexpr (is_static<number<int, TrainTimesteps>>)
      return TrainTimesteps >= 21;
    else
      return true;
  }();
  static constexpr auto kept = [] {
    if constexpr (fits)
      return TrainTimesteps;
    else
      return 21;
  }();
};

}  // namespace detail

namespace process {

/// @brief Linear schedule: T betas evenly spaced from 1e-4 * 1000 / T to 0.02 * 1000 / T.
///
/// Source: Ho et al., DDPM (arXiv 2006.11239), section 4; the factor 1000 / T as in improved DDPM (arXiv 2102.09672).
/// @tparam TrainTimesteps  T, the number of training steps, in [21, 100000] (below, a beta would exceed 1), or
///                         `dynamic`
template <auto TrainTimesteps = 1000>
class linear {
 public:
  static constexpr bool discrete_time = true;
  static constexpr path_kind path = path_kind::variance_preserving;

  constexpr linear() = default;
  /// @param train_timesteps  T
  /// @throws std::invalid_argument if T < 21
  constexpr explicit linear(int train_timesteps) : train_timesteps_(train_timesteps) {
    if (train_timesteps < 21)
      throw std::invalid_argument("ardent::process::linear: train_timesteps must be at least 21, found " +
                                  std::to_string(train_timesteps));
  }

  /// @brief T.
  constexpr int train_timesteps() const {
    // here and not in the class: clang gives up on a class whose assertion fails, and each use of it is one more error
    static_assert(detail::linear_steps<TrainTimesteps>::fits,
                  "ardent::process::linear: fewer than 21 training steps give a beta above 1. Use 21 or more.");
    return train_timesteps_.get();
  }
  constexpr int table_size() const { return train_timesteps(); }

  /// @brief alphas_cumprod, T values.
  constexpr void fill_table(double* alphas_cumprod) const {
    using detail::real;
    const int count = train_timesteps();
    const real scale = real(1000.0) / real(count);
    const real first = scale * real(0.0001);
    const real step = (scale * real(0.02) - first) / real(count - 1);
    detail::fill_alphas_cumprod(alphas_cumprod, count, [&](int i) { return (first + real(i) * step).value; });
  }

  /// @brief The node at training step `t`, in [0, T).
  constexpr node at(double const* alphas_cumprod, int t) const {
    return variance_preserving_node(t, alphas_cumprod[t]);
  }

 private:
  [[no_unique_address]] number<int, detail::linear_steps<TrainTimesteps>::kept> train_timesteps_{};
};

linear(int) -> linear<dynamic>;

}  // namespace process
}  // namespace v0
}  // namespace ardent
