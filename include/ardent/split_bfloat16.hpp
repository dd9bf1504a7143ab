// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief A number in two bfloat16, for tensor cores that multiply these: 16 bits of it are kept, and float's range.

#include <ardent/packed_matrix.hpp>

namespace ardent {
inline namespace v0 {

/// @brief A number as the sum of two bfloat16. Storage only.
struct split_bfloat16 {
  bfloat16 high;  ///< the nearest bfloat16
  bfloat16 low;   ///< the nearest to what is left
};

/// @brief The sum, exactly.
ARDENT_INLINE float to_float(split_bfloat16 x) { return to_float(x.high) + to_float(x.low); }

/// @brief Splits a number; infinities become NaN.
ARDENT_INLINE void store_weight(float x, split_bfloat16& out) {
  store_weight(x, out.high);
  store_weight(x - to_float(out.high), out.low);
}

}  // namespace v0
}  // namespace ardent
