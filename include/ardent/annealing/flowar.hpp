// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief Linear annealing as the FlowAR variant of DiSA rounds it.

#include <ardent/annealing/two_bounds.hpp>

namespace ardent {
inline namespace v0 {
namespace detail {

struct flowar_fall {
  static constexpr char const* name = "flowar";
  static constexpr int steps(int upper, int lower, int ar_step, double last) {
    return static_cast<int>((upper - lower) * (last - ar_step) / last + lower);
  }
};

}  // namespace detail

namespace annealing {

/// @brief From Upper at the first AR step (a scale) down to Lower at the last:
/// trunc((Upper - Lower) (L - s) / L + Lower), L = n - 1, evaluated in double in this order.
///
/// annealing::linear adds Lower after the truncation instead: the two may differ by a step.
///
/// Source: DiSA (arXiv 2505.20297), section 3.2; the rounding as in its code for FlowAR (arXiv 2412.15205). With a
/// single AR step, where the published formula divides by zero, it is `upper`.
/// @tparam Upper  most steps, at least Lower, or `dynamic`
/// @tparam Lower  fewest steps, at least 1, or `dynamic`
template <auto Upper, auto Lower>
class flowar : public two_bounds<detail::flowar_fall, Upper, Lower> {
 public:
  constexpr flowar() = default;
  using two_bounds<detail::flowar_fall, Upper, Lower>::two_bounds;
};

flowar(int, int) -> flowar<dynamic, dynamic>;

}  // namespace annealing
}  // namespace v0
}  // namespace ardent
