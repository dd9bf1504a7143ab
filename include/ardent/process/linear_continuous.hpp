// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief The linear-beta noise process over real time.

#include <ardent/number.hpp>
#include <ardent/process/process.hpp>

#include <stdexcept>
#include <string>

namespace ardent {
inline namespace v0 {
namespace process {

/// @brief log alpha(t) = -t^2 (b1 - b0) / 4 - t b0 / 2, t in [0, 1]: the limit of the linear betas for many steps.
///
/// Sampling goes from t = 1 to 0.001. The denoiser is told 1000 t.
///
/// Source: Song et al., Score SDE (arXiv 2011.13456), equation 33.
/// @tparam BetaStart  b0 > 0, or `dynamic`
/// @tparam BetaEnd    b1 > b0, with b0 + b1 at most 1400, or `dynamic`: alpha^2 at t = 1 is e^(-(b0 + b1) / 2), which
///                    a double holds down to e^-700
template <auto BetaStart = 0.1, auto BetaEnd = 20.0>
class linear_continuous {
 public:
  static constexpr bool discrete_time = false;                              ///< times are real
  static constexpr path_kind path = path_kind::smooth_variance_preserving;  ///< alpha^2 + sigma^2 = 1, with rates

  constexpr linear_continuous() = default;
  /// @param beta_start  b0 > 0
  /// @param beta_end    b1 > b0, with b0 + b1 at most 1400
  /// @throws std::invalid_argument otherwise
  constexpr linear_continuous(double beta_start, double beta_end) : beta_start_(beta_start), beta_end_(beta_end) {
    validate();
  }
  /// @brief Refuses numbers out of range. @throws std::invalid_argument
  constexpr void validate() const {
    const double start = beta_start_.get(), end = beta_end_.get();
    if (!(start > 0 && start < end && start + end <= 1400))
      throw std::invalid_argument(
          "ardent::process::linear_continuous: expected 0 < beta_start < beta_end and a sum of at most 1400, found " +
          std::to_string(start) + " and " + std::to_string(end));
  }

  constexpr double start_time() const { return 1; }   ///< nearly pure noise
  constexpr double end_time() const { return 1e-3; }  ///< nearly clean
  constexpr int table_size() const { return 0; }      ///< no table
  constexpr void fill_table(double*) const {}         ///< nothing

  /// @brief The node at t in [0, 1].
  constexpr node at(double const*, double t) const {
    using detail::real;
    const real rise = real(beta_end_.get()) - real(beta_start_.get());
    const real log_alpha = -(real(t) * real(t) * rise / real(4) + real(t) * real(beta_start_.get()) / real(2));
    const real alpha = detail::exp(log_alpha.value);
    const real sigma = detail::sqrt(-detail::expm1(2 * log_alpha.value));
    const real rate = -(alpha * (real(t) * rise + real(beta_start_.get())) / real(2));
    return {(real(1000) * real(t)).value,
            detail::exp(2 * log_alpha.value),
            alpha.value,
            sigma.value,
            rate.value,
            sigma.value == 0 ? 0.0 : (-(alpha * rate) / sigma).value,
            t};
  }
  /// @brief The root of the quadratic in t: with q = log(1 + e^(-2 lambda)), t = 2 q / (sqrt(b0^2 + 2 (b1 - b0) q) +
  /// b0).
  constexpr double time_of(double const*, double lambda) const {
    using detail::real;
    const real rise = real(beta_end_.get()) - real(beta_start_.get());
    const real start = beta_start_.get();
    const real q = detail::log1p(detail::exp(-2 * lambda));
    return (real(2) * q / (real(detail::sqrt((start * start + real(2) * rise * q).value)) + start)).value;
  }

 private:
  [[no_unique_address]] number<double, BetaStart> beta_start_;
  [[no_unique_address]] number<double, BetaEnd> beta_end_;
};

linear_continuous(double, double) -> linear_continuous<dynamic, dynamic>;

}  // namespace process
}  // namespace v0
}  // namespace ardent
