// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief DiSA's two-stage annealing.

#include <ardent/annealing/two_bounds.hpp>

namespace ardent {
inline namespace v0 {
namespace detail {

struct two_stage_fall {
  static constexpr char const* name = "two_stage";
  static constexpr int steps(int upper, int lower, int ar_step, double last) {
    return 2 * ar_step < last ? upper : lower;
  }
};

}  // namespace detail

namespace annealing {

/// @brief Upper in the first half of the AR steps (s < L / 2, L = n - 1), Lower in the second.
///
/// Source: DiSA (arXiv 2505.20297), section 3.2; the rounding as in its code. With a single AR step, where the
/// published formula divides by zero, it is `upper`.
/// @tparam Upper  most steps, at least Lower, or `dynamic`
/// @tparam Lower  fewest steps, at least 1, or `dynamic`
template <auto Upper, auto Lower>
class two_stage : public two_bounds<detail::two_stage_fall, Upper, Lower> {
 public:
  constexpr two_stage() = default;
  using two_bounds<detail::two_stage_fall, Upper, Lower>::two_bounds;
};

two_stage(int, int) -> two_stage<dynamic, dynamic>;

}  // namespace annealing
}  // namespace v0
}  // namespace ardent
