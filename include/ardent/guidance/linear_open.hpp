// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief A guidance scale that rises evenly from AR step to AR step and would be whole one step behind the last.

#include <ardent/guidance/guidance.hpp>
#include <ardent/number.hpp>

namespace ardent {
inline namespace v0 {
namespace guidance {

/// @brief 1 + (guidance_scale - 1) s / n at AR step s of n, in double: no guidance at the first, and at the last still
/// an n-th part short of guidance_scale, which guidance::linear_by_step reaches.
///
/// Source: published code of FAR, Frequency AR (arXiv 2503.05305).
/// @tparam Scale  guidance_scale, in [0, 1e6], 1 being no guidance; or `dynamic`
template <auto Scale = dynamic>
class linear_open {
 public:
  static constexpr bool guided = true;  ///< two branches

  constexpr linear_open() = default;
  /// @param guidance_scale  in [0, 1e6]
  /// @throws std::invalid_argument outside
  constexpr explicit linear_open(double guidance_scale) : scale_(guidance_scale) { validate(); }
  /// @brief Refuses numbers out of range. @throws std::invalid_argument
  constexpr void validate() const { detail::check_guidance("linear_open", guidance_scale()); }

  /// @brief The scale as given.
  constexpr double guidance_scale() const { return scale_.get(); }

  /// @brief The scale at an AR step.
  constexpr double scale(ar_progress const& p) const { return 1 + (guidance_scale() - 1) * p.ar_step / p.ar_steps; }

 private:
  [[no_unique_address]] number<double, Scale> scale_;
};

linear_open(double) -> linear_open<dynamic>;

}  // namespace guidance
}  // namespace v0
}  // namespace ardent
