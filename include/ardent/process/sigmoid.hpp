// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief Betas along a sigmoid.

#include <ardent/number.hpp>
#include <ardent/process/betas.hpp>

namespace ardent {
inline namespace v0 {
namespace process {

/// @brief beta_i = BetaStart + (BetaEnd - BetaStart) / (1 + exp(-u_i)) with T numbers u evenly spaced in [-6, 6].
///
/// Source: GeoDiff (arXiv 2203.02923), section 4.
/// @tparam TrainTimesteps  T, the number of training steps, in [2, 100000], or `dynamic`
/// @tparam BetaStart       first beta, in (0, 1), or `dynamic`
/// @tparam BetaEnd         last beta, in (0, 1), or `dynamic`
template <auto TrainTimesteps = 1000, auto BetaStart = 0.0001, auto BetaEnd = 0.02>
class sigmoid {
 public:
  static constexpr bool discrete_time = true;
  static constexpr path_kind path = path_kind::variance_preserving;

  constexpr sigmoid() = default;
  /// @throws std::invalid_argument if T < 2 or a beta is not in (0, 1)
  constexpr sigmoid(int train_timesteps, double beta_start, double beta_end)
      : train_timesteps_(train_timesteps), beta_start_(beta_start), beta_end_(beta_end) {
    detail::check_betas("sigmoid", train_timesteps, beta_start, beta_end);
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
    const real step = real(12.0) / real(count - 1);
    detail::fill_alphas_cumprod(alphas_cumprod, count, [&](int i) {
      const double u = (real(-6.0) + real(i) * step).value;
      return (start + (end - start) / (real(1.0) + real(detail::exp(-u)))).value;
    });
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

sigmoid(int, double, double) -> sigmoid<dynamic, dynamic, dynamic>;

}  // namespace process
}  // namespace v0
}  // namespace ardent
