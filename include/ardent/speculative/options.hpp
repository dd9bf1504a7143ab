// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief What a user chooses of a speculative generation.

#include <ardent/number.hpp>
#include <ardent/speculative/acceptance.hpp>
#include <ardent/speculative/schedule.hpp>

namespace ardent {
inline namespace v0 {

/// @brief How a speculative generation goes.
/// @tparam Policy  an acceptance_policy
template <acceptance_policy Policy = acceptance::exact>
struct speculative_options {
  static_assert(detail::in_range<Policy>,
                "ardent::speculative_options: a number among the template arguments of the acceptance policy is out of "
                "its range. Look up the range in ardent/speculative/acceptance.hpp.");
  draft_schedule schedule{};  ///< when the target draws or verifies
  Policy policy{};            ///< when it accepts
  int max_rounds = 1000;      ///< most proposals for a refused token, in [1, 65535]; published code: 100
};

}  // namespace v0
}  // namespace ardent
