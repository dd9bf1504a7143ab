// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief Guidance at some times only, as an adaptor.

#include <ardent/guidance/guidance.hpp>
#include <ardent/number.hpp>

namespace ardent {
inline namespace v0 {
namespace guidance {

/// @brief A guidance that acts where the time t of the evaluation is in [Low, High]; elsewhere the conditional output
/// is used.
///
/// t is what the denoiser is told, in its own units: training steps for a discrete process, 1000 t for
/// process::cosine_continuous and linear_continuous, the flow's t for a flow.
///
/// Source: Kynkaanniemi et al., Applying guidance in a limited interval (arXiv 2404.07724); FlowAR's guidance bounds.
/// @tparam Guidance  the scale inside the interval
/// @tparam Low       lower bound, or `dynamic`
/// @tparam High      upper bound, at least Low, or `dynamic`
template <class Guidance, auto Low = dynamic, auto High = dynamic>
class interval {
  static_assert(guidance_policy<Guidance> && Guidance::guided,
                "ardent::guidance::interval: there is no guidance to restrict. Wrap guidance::constant, linear, cosine "
                "or power.");

 public:
  static constexpr bool guided = true;  ///< two branches

  constexpr interval() = default;
  /// @param guidance  the scale inside
  /// @param low       lower bound
  /// @param high      upper bound
  /// @throws std::invalid_argument unless low <= high
  constexpr interval(Guidance guidance, double low, double high) : guidance_(guidance), low_(low), high_(high) {
    validate();
  }
  /// @brief Refuses numbers out of range. @throws std::invalid_argument
  constexpr void validate() const {
    detail::validate_policy(guidance_);
    if (!(low_.get() <= high_.get()))
      throw std::invalid_argument("ardent::guidance::interval: expected low <= high, found " +
                                  std::to_string(low_.get()) + " and " + std::to_string(high_.get()));
  }
  /// @brief The scale inside.
  constexpr double scale(ar_progress const& p) const { return guidance_.scale(p); }
  /// @brief True inside.
  constexpr bool acts_at(double timestep) const { return low_.get() <= timestep && timestep <= high_.get(); }

 private:
  [[no_unique_address]] Guidance guidance_;
  [[no_unique_address]] number<double, Low> low_;
  [[no_unique_address]] number<double, High> high_;
};

template <class Guidance>
interval(Guidance, double, double) -> interval<Guidance, dynamic, dynamic>;

}  // namespace guidance
}  // namespace v0
}  // namespace ardent
