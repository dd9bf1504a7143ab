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
namespace process {

/// @brief Linear schedule: T betas evenly spaced from 1e-4 * 1000 / T to 0.02 * 1000 / T.
///
/// Source: Ho et al., DDPM (arXiv 2006.11239), section 4; the factor 1000 / T as in improved DDPM (arXiv 2102.09672).
/// @tparam TrainTimesteps  T, the number of training steps, in [21, 100000] (below, a beta would exceed 1), or
///                         `dynamic`
template <auto TrainTimesteps = 1000>
class linear {
 public:
  static constexpr bool discrete_time = true;                        ///< times are training steps
  static constexpr path_kind path = path_kind::variance_preserving;  ///< alpha^2 + sigma^2 = 1

  constexpr linear() = default;
  /// @param train_timesteps  T
  /// @throws std::invalid_argument if T is not in [21, 100000]
  constexpr explicit linear(int train_timesteps) : train_timesteps_(train_timesteps) { validate(); }
  /// @brief Refuses a T out of range. @throws std::invalid_argument
  constexpr void validate() const {
    if (train_timesteps() < 21 || train_timesteps() > 100000)
      throw std::invalid_argument("ardent::process::linear: expected 21 to 100000 training steps, found " +
                                  std::to_string(train_timesteps()));
  }

  /// @brief T.
  constexpr int train_timesteps() const { return train_timesteps_.get(); }
  constexpr int table_size() const { return train_timesteps(); }  ///< T

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
  [[no_unique_address]] number<int, TrainTimesteps> train_timesteps_;
};

linear(int) -> linear<dynamic>;

}  // namespace process
}  // namespace v0
}  // namespace ardent
