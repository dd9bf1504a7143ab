// SPDX-License-Identifier: Apache-2.0
//
// Counts what this program takes from the heap, and refuses it if told to.
#pragma once

namespace test {

/// @brief Allocations by operator new so far, on all threads.
long allocations();

/// @brief Of these, how many were not given back.
long outstanding();

/// @brief While it lives, one allocation of the program fails with std::bad_alloc, on whatever thread it is. Do not use
/// doctest meanwhile: it allocates.
class failing_allocation {
 public:
  /// @param after    how many succeed before
  /// @param for_good  all those that follow fail as well, until the end of its life
  explicit failing_allocation(long after, bool for_good = false);
  failing_allocation(failing_allocation const&) = delete;
  failing_allocation& operator=(failing_allocation const&) = delete;
  ~failing_allocation();

  /// @brief Whether any did fail.
  bool failed() const;
};

}  // namespace test
