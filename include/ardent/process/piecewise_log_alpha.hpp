// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief Continuous time over a trained table: log alpha is interpolated linearly between the training steps.

#include <ardent/number.hpp>
#include <ardent/process/process.hpp>

#include <stdexcept>
#include <string>
#include <utility>

namespace ardent {
inline namespace v0 {
namespace process {

/// @brief A discrete variance-preserving process read at real times t in [0, 1].
///
/// The first `Kept` of the T training steps enter (MAR as published with DiSA trains on the steps 0 ... 950: kept =
/// 951). Time ends at t_max = (Kept - 1) / T, kept step n stands at t_max (n + 1) / Kept; between the steps log alpha_t
/// is linear in t, and beyond both ends it goes on with the slope of the last segment, for nodes up to alpha = 1. The
/// denoiser is told t * T.
///
/// Source: the discrete noise schedule of DPM-Solver (arXiv 2206.00927), appendix D.3.
/// @tparam Base  a discrete process
/// @tparam Kept  number of training steps used, in [2, T]
template <class Base, int Kept>
class piecewise_log_alpha {
  static_assert(discrete_process<Base>,
                "ardent::process::piecewise_log_alpha: the base is not a discrete process. Use process::cosine or "
                "process::linear.");
  static_assert(Kept >= 2, "ardent::process::piecewise_log_alpha: at least two training steps must be kept.");

 public:
  static constexpr bool discrete_time = false;                       ///< times are real
  static constexpr path_kind path = path_kind::variance_preserving;  ///< alpha^2 + sigma^2 = 1
  static constexpr int kept = Kept;                                  ///< training steps used

  constexpr piecewise_log_alpha() = default;
  /// @param base  the discrete process
  /// @throws std::invalid_argument if it has fewer than Kept training steps
  constexpr explicit piecewise_log_alpha(Base base) : base_(std::move(base)) { validate(); }
  /// @brief Refuses a base out of range or too short. @throws std::invalid_argument
  constexpr void validate() const {
    detail::validate_policy(base_);
    if (train_timesteps() < Kept)
      throw std::invalid_argument("ardent::process::piecewise_log_alpha: expected a base of at least " +
                                  std::to_string(Kept) + " training steps, found " + std::to_string(train_timesteps()));
  }

  /// @brief T of the base.
  constexpr int train_timesteps() const { return base_.train_timesteps(); }
  constexpr int table_size() const { return base_.table_size(); }  ///< the base's

  /// @brief t_max, where sampling starts: (Kept - 1) / T.
  constexpr double start_time() const { return static_cast<double>(Kept - 1) / train_timesteps(); }
  /// @brief Default end of sampling: the reciprocal of the number of kept steps.
  constexpr double end_time() const { return 1.0 / Kept; }

  /// @brief log alpha at the kept steps (the rest of the base's table is left as alphas_cumprod and not read).
  constexpr void fill_table(double* table) const {
    base_.fill_table(table);
    for (int n = 0; n < Kept; ++n) table[n] = 0.5 * detail::log(table[n]);
  }

  /// @brief log alpha at real time t.
  constexpr double log_alpha(double const* table, double t) const {
    using detail::real;
    const double place = detail::rounded(t / start_time() * Kept) - 1;  // in kept steps
    int n = detail::floor_to_int(place);
    n = n < 0 ? 0 : n > Kept - 2 ? Kept - 2 : n;
    return (real(table[n]) + (real(place) - real(n)) * (real(table[n + 1]) - real(table[n]))).value;
  }

  /// @brief The node at real time t.
  constexpr node at(double const* table, double t) const {
    const double log_alpha_t = detail::smaller(log_alpha(table, t), 0);  // alpha > 1 would have no sigma
    const double alphas_cumprod = detail::exp(2 * log_alpha_t);
    return {detail::rounded(t * train_timesteps()),
            alphas_cumprod,
            detail::exp(log_alpha_t),
            detail::sqrt(-detail::expm1(2 * log_alpha_t)),
            0,
            0,
            t};
  }

  /// @brief The time at which half_logsnr is lambda, from the same segments.
  constexpr double time_of(double const* table, double lambda) const {
    using detail::real;
    // log alpha = -log(1 + e^(-2 lambda)) / 2, written so that neither sign of lambda overflows
    const double magnitude = lambda < 0 ? -lambda : lambda;
    const double tail = 0.5 * detail::log(1 + detail::exp(-2 * magnitude));
    const double target = lambda < 0 ? lambda - tail : -tail;
    int low = 0, high = Kept - 1;  // log alpha falls with n
    while (high - low > 1) {
      const int middle = (low + high) / 2;
      (table[middle] >= target ? low : high) = middle;
    }
    const real place = real(low) + (real(target) - real(table[low])) / (real(table[low + 1]) - real(table[low]));
    return ((place + real(1)) * real(start_time()) / real(Kept)).value;
  }

 private:
  [[no_unique_address]] Base base_;

  static constexpr bool fits = [] {
    if constexpr (is_static<Base>)
      return Kept <= Base{}.train_timesteps();
    else
      return true;
  }();
  static_assert(fits,
                "ardent::process::piecewise_log_alpha: more training steps are kept than the base has. Keep fewer.");
};

}  // namespace process
}  // namespace v0
}  // namespace ardent
