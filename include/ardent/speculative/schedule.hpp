// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief When the draft runs and when the target verifies.

#include <ardent/config.hpp>

#include <stdexcept>
#include <string>

namespace ardent {
inline namespace v0 {

/// @brief AR steps s of n: up to target_ratio * n the target draws alone; after that the draft draws, and the target
/// verifies all that is unverified at every multiple of num_draft and at the last step.
///
/// Source: CSpD (arXiv 2411.11925), token pre-filling; the defaults are its code's.
class draft_schedule {
 public:
  constexpr draft_schedule() = default;
  /// @param num_draft     AR steps between verifications, at least 1
  /// @param target_ratio  in [0, 1]
  /// @throws std::invalid_argument outside
  constexpr explicit draft_schedule(int num_draft, double target_ratio = 0.15)
      : num_draft_(num_draft), target_ratio_(target_ratio) {
    if (num_draft < 1)
      throw std::invalid_argument("ardent::draft_schedule: expected at least 1 AR step between verifications, found " +
                                  std::to_string(num_draft));
    if (!(target_ratio >= 0 && target_ratio <= 1))
      throw std::invalid_argument("ardent::draft_schedule: expected a target ratio in [0, 1], found " +
                                  std::to_string(target_ratio));
  }

  constexpr int num_draft() const { return num_draft_; }           ///< AR steps between verifications
  constexpr double target_ratio() const { return target_ratio_; }  ///< share of AR steps that are the target's own

  /// @brief True if the target draws AR step s of n itself.
  constexpr bool is_target_only(int s, int n) const { return s <= target_ratio_ * n; }
  /// @brief True if AR step s of n is the draft's and the target verifies after it.
  constexpr bool is_verified(int s, int n) const {
    return !is_target_only(s, n) && (s % num_draft_ == 0 || s == n - 1);
  }

 private:
  int num_draft_ = 8;
  double target_ratio_ = 0.15;
};

}  // namespace v0
}  // namespace ardent
