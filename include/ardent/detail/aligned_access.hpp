// SPDX-License-Identifier: Apache-2.0
#pragma once

// Several numbers that lie together, as one access: of a device one instruction, where the type is aligned to its size.

#include <ardent/config.hpp>

// The type may alias what it is an access to. nvcc's device code is left to what it knows of types: it moves fewer
// loads past a store of a type that may alias.
#if defined(__CUDA_ARCH__)
#  define ARDENT_MAY_ALIAS
#else
#  define ARDENT_MAY_ALIAS [[gnu::may_alias]]
#endif

namespace ardent {
inline namespace v0 {
namespace detail {

/// What is at `from`, which is aligned for Whole. (nvcc makes single bytes of a memcpy, whatever
/// it was told of the alignment.)
template <class Whole>
ARDENT_INLINE Whole read_aligned(void const* from) {
  return *static_cast<Whole const*>(from);
}

/// Puts v at `to`, which is aligned for Whole.
template <class Whole>
ARDENT_INLINE void write_aligned(Whole const& v, void* to) {
  *static_cast<Whole*>(to) = v;
}

}  // namespace detail
}  // namespace v0
}  // namespace ardent
