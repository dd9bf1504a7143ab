// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief A guidance scale that rises with the share of known tokens, along a cosine.

#include <ardent/detail/math.hpp>
#include <ardent/guidance/guidance.hpp>
#include <ardent/number.hpp>

namespace ardent {
inline namespace v0 {
namespace guidance {

/// @brief 1 + (guidance_scale - 1) (1 - cos(pi u)) / 2, u = (L - unknown_after) / L: flat at both ends.
///
/// Source: the library's own variant of guidance::linear, which is Muse's (arXiv 2301.00704, section 2.7), with the
/// power-cosine of MDTv2 (arXiv 2303.14389) at power 1 in place of the line.
/// @tparam Scale  guidance_scale, in [0, 1e6], 1 being no guidance; or `dynamic`
template <auto Scale = dynamic>
class cosine {
 public:
  static constexpr bool guided = true;  ///< two branches

  constexpr cosine() = default;
  /// @param guidance_scale  in [0, 1e6]
  /// @throws std::invalid_argument outside
  constexpr explicit cosine(double guidance_scale) : scale_(guidance_scale) { validate(); }
  /// @brief Refuses numbers out of range. @throws std::invalid_argument
  constexpr void validate() const { detail::check_guidance("cosine", guidance_scale()); }
  /// @brief The scale as given.
  constexpr double guidance_scale() const { return scale_.get(); }
  /// @brief The scale at an AR step.
  constexpr double scale(ar_progress const& p) const {
    const double share = static_cast<double>(p.sequence_length - p.unknown_after) / p.sequence_length;
    return 1 + (guidance_scale() - 1) * (1 - detail::cos(detail::pi * share)) / 2;
  }

 private:
  [[no_unique_address]] number<double, Scale> scale_;
};

cosine(double) -> cosine<dynamic>;

}  // namespace guidance
}  // namespace v0
}  // namespace ardent
