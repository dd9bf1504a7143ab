// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief What the annealings from one number of steps down to another have in common.

#include <ardent/annealing/annealing.hpp>
#include <ardent/number.hpp>

namespace ardent {
inline namespace v0 {
namespace annealing {

/// @brief An annealing along a curve from Upper at the first AR step down to Lower at the last: base of
/// annealing::linear, cosine, two_stage, flowar and xar, and of your own.
/// @tparam Curve  `Curve::steps(upper, lower, ar_step, last)` is the number of steps at AR step `ar_step` in [0, last],
///                with a double `last` of at least 1; `Curve::name` stands in messages
/// @tparam Upper  most steps, at least Lower, or `dynamic`
/// @tparam Lower  fewest steps, at least 1, or `dynamic`
template <class Curve, auto Upper, auto Lower>
class two_bounds {
 public:
  constexpr two_bounds() = default;
  /// @param upper  most steps
  /// @param lower  fewest steps
  /// @throws std::invalid_argument unless upper >= lower >= 1
  constexpr two_bounds(int upper, int lower) : upper_(upper), lower_(lower) { validate(); }
  /// @brief Refuses bounds out of range. @throws std::invalid_argument
  constexpr void validate() const { detail::check_annealing_bounds(Curve::name, upper(), lower()); }

  constexpr int upper() const { return upper_.get(); }  ///< most steps
  constexpr int lower() const { return lower_.get(); }  ///< fewest steps

  /// @brief Steps requested at AR step s of n; of a single one, where the published formulas divide by zero, `upper`.
  constexpr int steps(int ar_step, int ar_steps) const {
    return ar_steps == 1 ? upper() : Curve::steps(upper(), lower(), ar_step, ar_steps - 1);
  }

 private:
  [[no_unique_address]] number<int, Upper> upper_;
  [[no_unique_address]] number<int, Lower> lower_;
};

}  // namespace annealing
}  // namespace v0
}  // namespace ardent
