// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief What a network that somebody else evaluates reads and writes: sizes and types.

#include <ardent/config.hpp>
#include <ardent/float16.hpp>
#include <ardent/packed_matrix.hpp>

#include <type_traits>

namespace ardent {
inline namespace v0 {

/// @brief A type that a batched network may read or write: float, bfloat16 or float16. State, rows and the guidance mix
/// are float or double whatever it is.
template <class T>
concept network_number = std::is_same_v<T, float> || std::is_same_v<T, bfloat16> || std::is_same_v<T, float16>;

/// @brief What a batched network reads and writes. The types of its numbers are template arguments, since they change
/// the kernel; how often the input is written costs a kernel one branch that all threads take alike, so it is a number.
/// @tparam Input   float, bfloat16 or float16
/// @tparam Output  the same choice
template <network_number Input = float, network_number Output = float>
struct network_shape {
  int channels = 0;      ///< numbers of a token that it reads, at least 1
  int outputs = 0;       ///< numbers that it writes for a token: channels, or more if some are variances or unused;
                         ///< 0 stands for as many as the sampler reads
  int input_copies = 1;  ///< 1: the input is [tokens][channels]; as many as the sampler's branches: it is written once
                         ///< for each, [branches][tokens][channels], for networks that want a batch of 2 n
};

}  // namespace v0
}  // namespace ardent
