// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief Betas whose square roots are evenly spaced.

#include <ardent/number.hpp>
#include <ardent/process/betas.hpp>

namespace ardent {
inline namespace v0 {
namespace process {

/// @brief beta_i = r_i^2 with T numbers r evenly spaced from sqrt(BetaStart) to sqrt(BetaEnd).
///
/// Source: Rombach et al., latent diffusion (arXiv 2112.10752), appendix D.
/// @tparam TrainTimesteps  T, the number of training steps, in [2, 100000], or `dynamic`
/// @tparam BetaStart       first beta, in (0, 1), or `dynamic`
/// @tparam BetaEnd         last beta, in (0, 1), or `dynamic`
template <auto TrainTimesteps = 1000, auto BetaStart = 0.00085, auto BetaEnd = 0.012>
class scaled_linear {
 public:
  static constexpr bool discrete_time = true;
  static constexpr path_kind path = path_kind::variance_preserving;

  constexpr scaled_linear() = default;
  /// @throws std::invalid_argument if T < 2 or a beta is not in (0, 1)
  constexpr scaled_linear(int train_timesteps, double beta_start, double beta_end)
      : train_timesteps_(train_timesteps), beta_start_(beta_start), beta_end_(beta_end) {
    detail::check_betas("scaled_linear", train_timesteps, beta_start, beta_end);
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
    const real first = detail::sqrt(start.value);
    const real step = (real(detail::sqrt(end.value)) - first) / real(count - 1);
    detail::fill_alphas_cumprod(alphas_cumprod, count, [&](int i) {
      const real root = first + real(i) * step;
      return (root * root).value;
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

scaled_linear(int, double, double) -> scaled_linear<dynamic, dynamic, dynamic>;

}  // namespace process
}  // namespace v0
}  // namespace ardent
