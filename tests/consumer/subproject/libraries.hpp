// SPDX-License-Identifier: Apache-2.0
//
// The same tokens from the two shared objects and from the program's other translation unit.
#pragma once

#include <cstdint>
#include <vector>

std::vector<float> left_tokens(std::uint64_t seed);   ///< from libleft, on one thread
std::vector<float> right_tokens(std::uint64_t seed);  ///< from libright, on two threads, of OpenMP if there is it
std::vector<float> here_tokens(std::uint64_t seed);   ///< from here.cpp, on two threads
