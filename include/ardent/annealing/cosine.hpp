// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief DiSA's cosine annealing.

#include <ardent/annealing/two_bounds.hpp>
#include <ardent/detail/math.hpp>

namespace ardent {
inline namespace v0 {
namespace detail {

struct cosine_fall {
  static constexpr char const* name = "cosine";
  static constexpr int steps(int upper, int lower, int ar_step, double last) {
    const double wave = cos(pi * ar_step / last);
    return lower + static_cast<int>((wave + 1) / 2 * (upper - lower));
  }
};

}  // namespace detail

namespace annealing {

/// @brief From Upper to Lower along half a cosine: Lower + trunc((cos(pi s / L) + 1) / 2 * (Upper - Lower)),
/// L = n - 1, evaluated in double in this order.
///
/// Source: DiSA (arXiv 2505.20297), section 3.2; the rounding as in its code. With a single AR step, where the
/// published formula divides by zero, it is `upper`.
/// @tparam Upper  most steps, at least Lower, or `dynamic`
/// @tparam Lower  fewest steps, at least 1, or `dynamic`
template <auto Upper, auto Lower>
class cosine : public two_bounds<detail::cosine_fall, Upper, Lower> {
 public:
  constexpr cosine() = default;
  using two_bounds<detail::cosine_fall, Upper, Lower>::two_bounds;
};

cosine(int, int) -> cosine<dynamic, dynamic>;

}  // namespace annealing
}  // namespace v0
}  // namespace ardent
