// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief DiSA's linear annealing.

#include <ardent/annealing/two_bounds.hpp>

namespace ardent {
inline namespace v0 {
namespace detail {

struct linear_fall {
  static constexpr char const* name = "linear";
  static constexpr int steps(int upper, int lower, int ar_step, double last) {
    return lower + static_cast<int>((last - ar_step) / last * (upper - lower));
  }
};

}  // namespace detail

namespace annealing {

/// @brief From Upper at the first AR step down to Lower at the last: Lower + trunc((L - s) / L * (Upper - Lower)),
/// L = n - 1, evaluated in double in this order (so it often loses a step to truncation).
///
/// Source: DiSA (arXiv 2505.20297), section 3.2; the rounding as in its code. With a single AR step, where the
/// published formula divides by zero, it is `upper`.
/// @tparam Upper  most steps, at least Lower, or `dynamic`
/// @tparam Lower  fewest steps, at least 1, or `dynamic`
template <auto Upper, auto Lower>
class linear : public two_bounds<detail::linear_fall, Upper, Lower> {
 public:
  constexpr linear() = default;
  using two_bounds<detail::linear_fall, Upper, Lower>::two_bounds;
};

linear(int, int) -> linear<dynamic, dynamic>;

}  // namespace annealing
}  // namespace v0
}  // namespace ardent
