// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief Which lane of a warp holds which element of a tensor-core multiplication.
///
/// C [16][8] += A [16][K] B [K][8], by mma.sync m16n8k16 for 16-bit elements and m16n8k8 for TF32. Each lane holds four
/// words of A, two of B and four floats of C. Source: PTX ISA 9.0, section 9.7.14.5, "Matrix fragments for
/// mma.m16n8k8" and "for mma.m16n8k16 with floating point type".

#include <ardent/config.hpp>

#include <cstdint>

namespace ardent {
inline namespace v0 {

/// @brief Lanes of a warp.
inline constexpr int warp_size = 32;

/// @brief What the words of A and B are.
enum class fragment_kind {
  bf16,  ///< two bfloat16 a word, the lower k in the lower half
  fp16,  ///< two half a word, the lower k in the lower half
  tf32,  ///< a float a word, of which the lower 13 bits are not read
};

/// @brief Where the words of a fragment belong.
namespace fragment {

/// @brief Elements that a word holds.
ARDENT_HD constexpr int elements(fragment_kind kind) { return kind == fragment_kind::tf32 ? 1 : 2; }
/// @brief The inner dimension of one multiplication.
ARDENT_HD constexpr int depth(fragment_kind kind) { return 8 * elements(kind); }

/// @brief Row of A, in [0, 16), of a lane's word in [0, 4).
ARDENT_HD constexpr int a_row(int lane, int word) { return lane / 4 + 8 * (word % 2); }
/// @brief k of element `half` of a lane's word in [0, 4) of A.
ARDENT_HD constexpr int a_k(fragment_kind kind, int lane, int word, int half) {
  return elements(kind) * (lane % 4 + 4 * (word / 2)) + half;
}
/// @brief Column of B, in [0, 8), of a lane's words.
ARDENT_HD constexpr int b_column(int lane) { return lane / 4; }
/// @brief k of element `half` of a lane's word in [0, 2) of B.
ARDENT_HD constexpr int b_k(fragment_kind kind, int lane, int word, int half) {
  return elements(kind) * (lane % 4 + 4 * word) + half;
}
/// @brief Row of C, in [0, 16), of a lane's float in [0, 4).
ARDENT_HD constexpr int c_row(int lane, int i) { return lane / 4 + 8 * (i / 2); }
/// @brief Column of C, in [0, 8), of a lane's float in [0, 4).
ARDENT_HD constexpr int c_column(int lane, int i) { return 2 * (lane % 4) + i % 2; }

}  // namespace fragment
}  // namespace v0
}  // namespace ardent
