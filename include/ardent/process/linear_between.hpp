// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief Betas evenly spaced between two values.

#include <ardent/number.hpp>
#include <ardent/process/betas.hpp>

namespace ardent {
inline namespace v0 {
namespace process {

/// @brief T betas evenly spaced from BetaStart to BetaEnd. Known elsewhere as the "linear" beta schedule.
///
/// Source: Ho et al., DDPM (arXiv 2006.11239), section 4.
/// @tparam TrainTimesteps  T, the number of training steps, in [2, 100000], or `dynamic`
/// @tparam BetaStart       first beta, in (0, 1), or `dynamic`
/// @tparam BetaEnd         last beta, in (0, 1), or `dynamic`
template <auto TrainTimesteps = 1000, auto BetaStart = 0.0001, auto BetaEnd = 0.02>
class linear_between {
 public:
  static constexpr bool discrete_time = true;
  static constexpr path_kind path = path_kind::variance_preserving;

  constexpr linear_between() = default;
  /// @throws std::invalid_argument if T < 2 or a beta is not in (0, 1)
  constexpr linear_between(int train_timesteps, double beta_start, double beta_end)
      : train_timesteps_(train_timesteps), beta_start_(beta_start), beta_end_(beta_end) {
    detail::check_betas("linear_between", train_timesteps, beta_start, beta_end);
  }

  /// @brief T.
  constexpr int train_timesteps() const { return train_timesteps_.get(); }
  constexpr int table_size() const { return train_timesteps(); }

  /// @brief alphas_cumprod, T values.
  constexpr void fill_table(double* alphas_cumprod) const {
    using detail::real;
    const int count = train_timesteps();
    const real start = beta_start_.get();
    const real end = beta_end_.get();
    const real step = (end - start) / real(count - 1);
    detail::fill_alphas_cumprod(alphas_cumprod, count, [&](int i) { return (start + real(i) * step).value; });
  }

  /// @brief The node at training step `t`, in [0, T).
  constexpr node at(double const* alphas_cumprod, int t) const {
    return variance_preserving_node(t, alphas_cumprod[t]);
  }

 private:
  [[no_unique_address]] number<int, TrainTimesteps> train_timesteps_{};
  [[no_unique_address]] number<double, BetaStart> beta_start_{};
  [[no_unique_address]] number<double, BetaEnd> beta_end_{};
};

linear_between(int, double, double) -> linear_between<dynamic, dynamic, dynamic>;

}  // namespace process
}  // namespace v0
}  // namespace ardent
