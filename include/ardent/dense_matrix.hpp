// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief A linear layer with its weights row after row.

#include <ardent/config.hpp>

namespace ardent {
inline namespace v0 {

/// @brief A view of y = W x + b. It does not own its memory.
/// @tparam Storage  of W and x: float, bfloat16 or float16
/// @tparam Output   of y and b: float or Storage
template <class Storage, class Output = float>
struct dense_matrix {
  Storage const* weight = nullptr;  ///< [outputs][inputs], aligned to 64
  Output const* bias = nullptr;     ///< [outputs], aligned to 64
  int inputs = 0;                   ///< inner dimension
  int outputs = 0;                  ///< outputs
};

}  // namespace v0
}  // namespace ardent
