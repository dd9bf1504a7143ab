// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief Linear annealing as the xAR variant of DiSA rounds it.

#include <ardent/annealing/annealing.hpp>
#include <ardent/detail/real.hpp>
#include <ardent/number.hpp>

namespace ardent {
inline namespace v0 {
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
class xar {
 public:
  constexpr xar() = default;
  /// @throws std::invalid_argument unless upper >= lower >= 1
  constexpr xar(int upper, int lower) : upper_(upper), lower_(lower) {
    detail::check_annealing_bounds("xar", upper, lower);
  }

  /// @brief Most steps.
  constexpr int upper() const { return upper_.get(); }
  /// @brief Fewest steps.
  constexpr int lower() const { return lower_.get(); }

  /// @brief Steps requested at AR step s of n.
  constexpr int steps(int ar_step, int ar_steps) const {
    if (ar_steps == 1) return upper();
    const double last = ar_steps - 1;
    return static_cast<int>(detail::rounded((last - ar_step) / last * (upper() - lower())) + lower());
  }

 private:
  [[no_unique_address]] number<int, Upper> upper_{};
  [[no_unique_address]] number<int, Lower> lower_{};
};

xar(int, int) -> xar<dynamic, dynamic>;

}  // namespace annealing
}  // namespace v0
}  // namespace ardent
