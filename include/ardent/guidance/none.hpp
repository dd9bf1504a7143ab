// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief No guidance: one branch, the conditional one.

#include <ardent/guidance/guidance.hpp>

namespace ardent {
inline namespace v0 {
namespace guidance {

/// @brief Only the conditional branch is evaluated. The default of a sampler.
struct none {
  static constexpr bool guided = false;  ///< one branch
  /// @brief 1.
  constexpr double scale(ar_progress const&) const { return 1; }
};

}  // namespace guidance
}  // namespace v0
}  // namespace ardent
