// SPDX-License-Identifier: Apache-2.0
//
// Counts what this program takes from the heap.
#pragma once

namespace test {

/// @brief Allocations by operator new so far, on all threads.
long allocations();

}  // namespace test
