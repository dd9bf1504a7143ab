// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief The same guidance scale at every AR step.

#include <ardent/guidance/guidance.hpp>
#include <ardent/number.hpp>

namespace ardent {
inline namespace v0 {
namespace guidance {

/// @brief Constant guidance.
/// @tparam Scale  guidance_scale, in [0, 1e6], 1 being no guidance; or `dynamic`
template <auto Scale = dynamic>
class constant {
 public:
  static constexpr bool guided = true;  ///< two branches

  constexpr constant() = default;
  /// @param guidance_scale  in [0, 1e6]
  /// @throws std::invalid_argument outside
  constexpr explicit constant(double guidance_scale) : scale_(guidance_scale) { validate(); }
  /// @brief Refuses numbers out of range. @throws std::invalid_argument
  constexpr void validate() const { detail::check_guidance("constant", guidance_scale()); }

  /// @brief The scale as given.
  constexpr double guidance_scale() const { return scale_.get(); }

  /// @brief The scale, whatever the progress.
  constexpr double scale(ar_progress const&) const { return guidance_scale(); }

 private:
  [[no_unique_address]] number<double, Scale> scale_;
};

constant(double) -> constant<dynamic>;

}  // namespace guidance
}  // namespace v0
}  // namespace ardent
