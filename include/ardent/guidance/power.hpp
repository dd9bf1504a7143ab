// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief A guidance scale that rises with a power of the share of known tokens.

#include <ardent/detail/math.hpp>
#include <ardent/guidance/guidance.hpp>
#include <ardent/number.hpp>

namespace ardent {
inline namespace v0 {
namespace guidance {

/// @brief 1 + (guidance_scale - 1) u^Exponent, u = (L - unknown_after) / L; exponent 1 is linear (in double).
///
/// Source: the power-cosine schedules of MDTv2 (arXiv 2303.14389) without their cosine.
/// @tparam Scale     guidance_scale, in [0, 1e6], 1 being no guidance; or `dynamic`
/// @tparam Exponent  in (0, 1e6], or `dynamic`
template <auto Scale = dynamic, auto Exponent = dynamic>
class power {
 public:
  static constexpr bool guided = true;  ///< two branches

  constexpr power() = default;
  /// @param guidance_scale  in [0, 1e6]
  /// @param exponent        in (0, 1e6]
  /// @throws std::invalid_argument outside
  constexpr power(double guidance_scale, double exponent) : scale_(guidance_scale), exponent_(exponent) { validate(); }
  /// @brief Refuses numbers out of range. @throws std::invalid_argument
  constexpr void validate() const {
    detail::check_guidance("power", guidance_scale());
    if (!(exponent_.get() > 0 && exponent_.get() <= 1e6))
      throw std::invalid_argument("ardent::guidance::power: the exponent must be in (0, 1e6], found " +
                                  std::to_string(exponent_.get()));
  }
  /// @brief The scale as given.
  constexpr double guidance_scale() const { return scale_.get(); }
  /// @brief The scale at an AR step.
  constexpr double scale(ar_progress const& p) const {
    const double share = static_cast<double>(p.sequence_length - p.unknown_after) / p.sequence_length;
    return 1 + (guidance_scale() - 1) * detail::pow(share, exponent_.get());
  }

 private:
  [[no_unique_address]] number<double, Scale> scale_;
  [[no_unique_address]] number<double, Exponent> exponent_;
};

power(double, double) -> power<dynamic, dynamic>;

}  // namespace guidance
}  // namespace v0
}  // namespace ardent
