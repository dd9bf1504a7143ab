// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief A discrete process rescaled so that its last training step is pure noise.

#include <ardent/number.hpp>
#include <ardent/process/process.hpp>

#include <utility>

namespace ardent {
inline namespace v0 {
namespace process {

/// @brief sqrt(abar) is shifted and scaled so that it is 0 at the last training step and unchanged at the first.
///
/// At the last step alpha = 0: an epsilon network says nothing about x0 there, so combine it with predicts<v> or
/// predicts<x0>.
///
/// Source: Lin et al., Common diffusion noise schedules and sample steps are flawed (arXiv 2305.08891), algorithm 1.
/// @tparam Base  a discrete process
template <class Base>
class zero_terminal_snr {
  static_assert(discrete_process<Base>,
                "ardent::process::zero_terminal_snr: the base is not a discrete process. Use process::cosine, "
                "process::scaled_linear or another one over training steps.");

 public:
  static constexpr bool discrete_time = true;                        ///< times are training steps
  static constexpr path_kind path = path_kind::variance_preserving;  ///< alpha^2 + sigma^2 = 1
  static constexpr bool ends_in_pure_noise = true;                   ///< alpha = 0 at the last training step

  constexpr zero_terminal_snr() = default;
  /// @param base  the process to rescale
  constexpr explicit zero_terminal_snr(Base base) : base_(std::move(base)) {}
  /// @brief Refuses a base out of range. @throws std::invalid_argument
  constexpr void validate() const { detail::validate_policy(base_); }

  /// @brief T.
  constexpr int train_timesteps() const { return base_.train_timesteps(); }
  constexpr int table_size() const { return base_.table_size(); }  ///< the base's

  /// @brief alphas_cumprod, T values, the last one 0.
  constexpr void fill_table(double* alphas_cumprod) const {
    using detail::real;
    base_.fill_table(alphas_cumprod);
    const int count = train_timesteps();
    const real first = detail::sqrt(alphas_cumprod[0]);
    const real last = detail::sqrt(alphas_cumprod[count - 1]);
    for (int i = 0; i < count; ++i) {
      const real root = (real(detail::sqrt(alphas_cumprod[i])) - last) * (first / (first - last));
      alphas_cumprod[i] = (root * root).value;
    }
  }

  /// @brief The node at training step `t`, in [0, T).
  constexpr node at(double const* alphas_cumprod, int t) const {
    return variance_preserving_node(t, alphas_cumprod[t]);
  }

 private:
  [[no_unique_address]] Base base_;
};

}  // namespace process
}  // namespace v0
}  // namespace ardent
