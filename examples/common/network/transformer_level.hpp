// SPDX-License-Identifier: Apache-2.0
//
// From a level of instructions at run time to the library's block of that level.
#pragma once

#include <ardent/group/host_fast.hpp>

namespace examples::transformer {

/// @brief f(the block of that level).
template <class F>
void at_level(ardent::simd_level level, F f) {
  using ardent::simd_level;
  switch (level) {
    case simd_level::baseline:
      return f(ardent::host_block<simd_level::baseline>());
    case simd_level::avx2:
      return f(ardent::host_block<simd_level::avx2>());
    case simd_level::avx512:
    case simd_level::avx512_dot:
      return f(ardent::host_block<simd_level::avx512>(level == simd_level::avx512_dot));
  }
}

}  // namespace examples::transformer
