// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief Linear annealing as the FlowAR variant of DiSA rounds it.

#include <ardent/annealing/annealing.hpp>
#include <ardent/number.hpp>

namespace ardent {
inline namespace v0 {
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
class flowar {
 public:
  constexpr flowar() = default;
  /// @throws std::invalid_argument unless upper >= lower >= 1
  constexpr flowar(int upper, int lower) : upper_(upper), lower_(lower) {
    detail::check_annealing_bounds("flowar", upper, lower);
  }

  /// @brief Most steps.
  constexpr int upper() const { return upper_.get(); }
  /// @brief Fewest steps.
  constexpr int lower() const { return lower_.get(); }

  /// @brief Steps requested at AR step s of n.
  constexpr int steps(int ar_step, int ar_steps) const {
    if (ar_steps == 1) return upper();
    const double last = ar_steps - 1;
    return static_cast<int>((upper() - lower()) * (last - ar_step) / last + lower());
  }

 private:
  [[no_unique_address]] number<int, Upper> upper_{};
  [[no_unique_address]] number<int, Lower> lower_{};
};

flowar(int, int) -> flowar<dynamic, dynamic>;

}  // namespace annealing
}  // namespace v0
}  // namespace ardent
