// SPDX-License-Identifier: Apache-2.0
#pragma once

// Counting of what is infinite or not a number.

#include <ardent/detail/float_math.hpp>

namespace ardent {
inline namespace v0 {
namespace detail {

/// True for infinities and NaNs; also where a compiler takes for granted that there are none.
ARDENT_INLINE bool is_nonfinite(float v) { return (float_to_bits(v) & 0x7f800000u) == 0x7f800000u; }

/// From any thread.
ARDENT_INLINE void add_to_counter(unsigned long long* counter, unsigned count) {
#if defined(__CUDA_ARCH__)
  atomicAdd(counter, static_cast<unsigned long long>(count));
#else
  __atomic_fetch_add(counter, count, __ATOMIC_RELAXED);
#endif
}

/// If there is a counter.
ARDENT_INLINE void count_nonfinite(float v, unsigned long long* counter) {
  if (counter != nullptr && is_nonfinite(v)) add_to_counter(counter, 1);
}

}  // namespace detail
}  // namespace v0
}  // namespace ardent
