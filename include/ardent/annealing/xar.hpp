// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief Linear annealing as the xAR variant of DiSA rounds it.

#include <ardent/annealing/two_bounds.hpp>
#include <ardent/detail/real.hpp>

namespace ardent {
inline namespace v0 {
namespace detail {

struct xar_fall {
  static constexpr char const* name = "xar";
  static constexpr int steps(int upper, int lower, int ar_step, double last) {
    return static_cast<int>(rounded((last - ar_step) / last * (upper - lower)) + lower);
  }
};

}  // namespace detail

namespace annealing {

/// @brief From Upper at the first AR step (a cell) down to Lower at the last:
/// trunc((L - s) / L (Upper - Lower) + Lower), L = n - 1, evaluated in double in this order.
///
/// annealing::linear adds Lower after the truncation instead: the two may differ by a step.
///
/// Source: DiSA (arXiv 2505.20297), section 3.2; the rounding as in its code for xAR (arXiv 2502.20388). With a single
/// AR step, where the published formula divides by zero, it is `upper`.
/// @tparam Upper  most steps, at least Lower, or `dynamic`
/// @tparam Lower  fewest steps, at least 1, or `dynamic`
template <auto Upper, auto Lower>
class xar : public two_bounds<detail::xar_fall, Upper, Lower> {
 public:
  constexpr xar() = default;
  using two_bounds<detail::xar_fall, Upper, Lower>::two_bounds;
};

xar(int, int) -> xar<dynamic, dynamic>;

}  // namespace annealing
}  // namespace v0
}  // namespace ardent
