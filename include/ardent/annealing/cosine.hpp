// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief DiSA's cosine annealing.

#include <ardent/annealing/annealing.hpp>
#include <ardent/detail/math.hpp>
#include <ardent/number.hpp>

namespace ardent {
inline namespace v0 {
namespace annealing {

/// @brief From Upper to Lower along half a cosine: Lower + trunc((cos(pi s / L) + 1) / 2 * (Upper - Lower)),
/// L = n - 1, evaluated in double in this order.
///
/// Source: DiSA (arXiv 2505.20297), section 3.2; the rounding as in its code. With a single AR step, where the
/// published formula divides by zero, it is `upper`.
/// @tparam Upper  most steps, at least Lower, or `dynamic`
/// @tparam Lower  fewest steps, at least 1, or `dynamic`
template <auto Upper, auto Lower>
class cosine {
 public:
  constexpr cosine() = default;
  /// @throws std::invalid_argument unless upper >= lower >= 1
  constexpr cosine(int upper, int lower) : upper_(upper), lower_(lower) {
    detail::check_annealing_bounds("cosine", upper, lower);
  }

  /// @brief Most steps.
  constexpr int upper() const { return upper_.get(); }
  /// @brief Fewest steps.
  constexpr int lower() const { return lower_.get(); }

  /// @brief Steps requested at AR step s of n.
  constexpr int steps(int ar_step, int ar_steps) const {
    if (ar_steps == 1) return upper();
    const double last = ar_steps - 1;
    const double wave = detail::cos(detail::pi * ar_step / last);
    return lower() + static_cast<int>((wave + 1) / 2 * (upper() - lower()));
  }

 private:
  [[no_unique_address]] number<int, Upper> upper_{};
  [[no_unique_address]] number<int, Lower> lower_{};
};

cosine(int, int) -> cosine<dynamic, dynamic>;

}  // namespace annealing
}  // namespace v0
}  // namespace ardent
