// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief A guidance scale that rises evenly from AR step to AR step.

#include <ardent/guidance/guidance.hpp>
#include <ardent/number.hpp>

namespace ardent {
inline namespace v0 {
namespace guidance {

/// @brief 1 + (guidance_scale - 1) s / (n - 1) at AR step s of n, in double: no guidance at the first, all of it at the
/// last. guidance::linear rises with the tokens instead, which of growing scales come late.
///
/// A single AR step, for which the formula divides by zero, is the last one: it has guidance_scale.
///
/// Source: published code of FlowAR (arXiv 2412.15205) and xAR (arXiv 2502.20388), s a scale and a cell.
/// @tparam Scale  guidance_scale, in [0, 1e6], 1 being no guidance; or `dynamic`
template <auto Scale = dynamic>
class linear_by_step {
 public:
  static constexpr bool guided = true;  ///< two branches

  constexpr linear_by_step() = default;
  /// @param guidance_scale  in [0, 1e6]
  /// @throws std::invalid_argument outside
  constexpr explicit linear_by_step(double guidance_scale) : scale_(guidance_scale) { validate(); }
  /// @brief Refuses numbers out of range. @throws std::invalid_argument
  constexpr void validate() const { detail::check_guidance("linear_by_step", guidance_scale()); }

  /// @brief The scale as given.
  constexpr double guidance_scale() const { return scale_.get(); }

  /// @brief The scale at an AR step.
  constexpr double scale(ar_progress const& p) const {
    if (p.ar_steps == 1) return guidance_scale();
    return 1 + (guidance_scale() - 1) * p.ar_step / (p.ar_steps - 1);
  }

 private:
  [[no_unique_address]] number<double, Scale> scale_;
};

linear_by_step(double) -> linear_by_step<dynamic>;

}  // namespace guidance
}  // namespace v0
}  // namespace ardent
