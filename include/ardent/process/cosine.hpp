// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief The cosine noise process of improved DDPM, used by MAR and Harmon.

#include <ardent/number.hpp>
#include <ardent/process/process.hpp>

#include <stdexcept>
#include <string>

namespace ardent {
inline namespace v0 {
namespace process {

/// @brief Cosine schedule: abar(t) = f(t) / f(0), f(t) = cos^2((t + 0.008) / 1.008 * pi / 2), with
/// beta_i = min(1 - f((i + 1) / T) / f(i / T), 0.999). Known elsewhere as squaredcos_cap_v2.
///
/// Source: Nichol and Dhariwal, Improved DDPM (arXiv 2102.09672), equation 17.
/// @tparam TrainTimesteps  T, the number of training steps, in [1, 100000], or `dynamic`
template <auto TrainTimesteps = 1000>
class cosine {
 public:
  static constexpr bool discrete_time = true;                        ///< times are training steps
  static constexpr path_kind path = path_kind::variance_preserving;  ///< alpha^2 + sigma^2 = 1

  constexpr cosine() = default;
  /// @param train_timesteps  T
  /// @throws std::invalid_argument if T is not in [1, 100000]
  constexpr explicit cosine(int train_timesteps) : train_timesteps_(train_timesteps) { validate(); }
  /// @brief Refuses numbers out of range. @throws std::invalid_argument
  constexpr void validate() const {
    if (train_timesteps() < 1 || train_timesteps() > 100000)
      throw std::invalid_argument("ardent::process::cosine: expected 1 to 100000 training steps, found " +
                                  std::to_string(train_timesteps()));
  }

  /// @brief T.
  constexpr int train_timesteps() const { return train_timesteps_.get(); }
  constexpr int table_size() const { return train_timesteps(); }  ///< T

  /// @brief f(t), t in [0, 1]: the closed form of abar up to the factor 1 / f(0) and the cap of the last betas.
  static constexpr double f(double t) {
    const double c = detail::cos((t + 0.008) / 1.008 * detail::pi / 2);
    return detail::rounded(c * c);
  }

  /// @brief alphas_cumprod, T values.
  constexpr void fill_table(double* alphas_cumprod) const {
    const int count = train_timesteps();
    double before = f(0);
    detail::fill_alphas_cumprod(alphas_cumprod, count, [&](int i) {
      const double after = f(static_cast<double>(i + 1) / count);
      const double beta = detail::smaller(1 - after / before, 0.999);
      before = after;
      return beta;
    });
  }

  /// @brief The node at training step `t`, in [0, T).
  constexpr node at(double const* alphas_cumprod, int t) const {
    return variance_preserving_node(t, alphas_cumprod[t]);
  }

 private:
  [[no_unique_address]] number<int, TrainTimesteps> train_timesteps_;
};

cosine(int) -> cosine<dynamic>;

}  // namespace process
}  // namespace v0
}  // namespace ardent
