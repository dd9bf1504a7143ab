// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief A cuBLASLt that computes on the host, plainly, on the memory of the fake runtime: for tests of the code that
/// describes products to the library.
///
/// It refuses descriptions that contradict one another, leading dimensions below a matrix's rows, and pointers that are
/// less aligned than the search for an algorithm was told. Sums are in double, rounded once.

#include <cublasLt.h>

#include <cstddef>

namespace fake::blaslt {

/// @brief Forgets all counts and failures. Handles that are alive stay.
void reset();

/// @brief The number-th call of a function from now on, from 1, returns an error and does nothing.
void fail(char const* name, int number, cublasStatus_t error);

/// @brief Searches for an algorithm since reset().
int searches();
/// @brief Products that were enqueued since reset().
int products();
/// @brief Handles and descriptors that are not destroyed.
int live();

/// @brief Whether products are computed; else only checked, for memory that holds nothing.
void compute(bool on);

}  // namespace fake::blaslt
