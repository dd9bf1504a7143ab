// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief A guidance scale that rises with the share of tokens that are known.

#include <ardent/guidance/guidance.hpp>
#include <ardent/number.hpp>

namespace ardent {
inline namespace v0 {
namespace guidance {

/// @brief 1 + (guidance_scale - 1) (L - unknown_after) / L, evaluated in float as published code does.
///
/// Source: MAR (arXiv 2406.11838), appendix B.
/// @tparam Scale  guidance_scale, in [0, 1e6], 1 being no guidance; or `dynamic`
template <auto Scale = dynamic>
class linear {
 public:
  static constexpr bool guided = true;  ///< two branches

  constexpr linear() = default;
  /// @param guidance_scale  in [0, 1e6]
  /// @throws std::invalid_argument outside
  constexpr explicit linear(double guidance_scale) : scale_(guidance_scale) { validate(); }
  /// @brief Refuses numbers out of range. @throws std::invalid_argument
  constexpr void validate() const { detail::check_guidance("linear", guidance_scale()); }

  /// @brief The scale as given.
  constexpr double guidance_scale() const { return scale_.get(); }

  /// @brief The scale at an AR step.
  constexpr double scale(ar_progress const& p) const {
    const float rise =
        static_cast<float>(guidance_scale() - 1) * static_cast<float>(p.sequence_length - p.unknown_after);
    const float share = rise / static_cast<float>(p.sequence_length);
    return 1.0f + share;
  }

 private:
  [[no_unique_address]] number<double, Scale> scale_;
};

linear(double) -> linear<dynamic>;

}  // namespace guidance
}  // namespace v0
}  // namespace ardent
