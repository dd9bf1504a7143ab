// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief DiSA's two-stage annealing.

#include <ardent/annealing/annealing.hpp>
#include <ardent/number.hpp>

namespace ardent {
inline namespace v0 {
namespace annealing {

/// @brief Upper in the first half of the AR steps (s < L / 2, L = n - 1), Lower in the second.
///
/// Source: DiSA (arXiv 2505.20297), section 3.2; the rounding as in its code. With a single AR step, where the
/// published formula divides by zero, it is `upper`.
/// @tparam Upper  most steps, at least Lower, or `dynamic`
/// @tparam Lower  fewest steps, at least 1, or `dynamic`
template <auto Upper, auto Lower>
class two_stage {
 public:
  constexpr two_stage() = default;
  /// @throws std::invalid_argument unless upper >= lower >= 1
  constexpr two_stage(int upper, int lower) : upper_(upper), lower_(lower) {
    detail::check_annealing_bounds("two_stage", upper, lower);
  }

  /// @brief Most steps.
  constexpr int upper() const { return upper_.get(); }
  /// @brief Fewest steps.
  constexpr int lower() const { return lower_.get(); }

  /// @brief Steps requested at AR step s of n.
  constexpr int steps(int ar_step, int ar_steps) const {
    if (ar_steps == 1) return upper();
    return 2 * ar_step < ar_steps - 1 ? upper() : lower();
  }

 private:
  [[no_unique_address]] number<int, Upper> upper_{};
  [[no_unique_address]] number<int, Lower> lower_{};
};

two_stage(int, int) -> two_stage<dynamic, dynamic>;

}  // namespace annealing
}  // namespace v0
}  // namespace ardent
