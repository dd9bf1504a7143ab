// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief No annealing: every AR step gets the same number of denoising steps.

#include <ardent/annealing/annealing.hpp>
#include <ardent/number.hpp>

namespace ardent {
inline namespace v0 {
namespace annealing {

/// @brief K steps at every AR step.
/// @tparam Steps  K, at least 1, or `dynamic`
template <auto Steps>
class constant {
 public:
  constexpr constant() = default;
  /// @throws std::invalid_argument if steps < 1
  constexpr explicit constant(int steps) : steps_(steps) { detail::check_annealing_bounds("constant", steps, steps); }

  /// @brief K, whatever the AR step.
  constexpr int steps(int /*ar_step*/, int /*ar_steps*/) const { return steps_.get(); }

 private:
  [[no_unique_address]] number<int, Steps> steps_;
};

constant(int) -> constant<dynamic>;

}  // namespace annealing
}  // namespace v0
}  // namespace ardent
