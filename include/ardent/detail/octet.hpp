// SPDX-License-Identifier: Apache-2.0
#pragma once

// Eight numbers that lie together, aligned to 16 bytes, in accesses of 16 bytes: so many 16-bit numbers are one access.

#include <ardent/config.hpp>

namespace ardent {
inline namespace v0 {
namespace detail {

/// Numbers of one access. It has them for elements, so compilers know that it may be what arrays of them are read by.
template <class T>
struct alignas(16) octet_piece {
  static constexpr int size = 16 / static_cast<int>(sizeof(T));
  T value[size];
};

template <class T>
ARDENT_INLINE void load_octet(T const* from, T (&to)[8]) {
  using piece = octet_piece<T>;
  for (int i = 0; i < 8; i += piece::size) {
    const piece p = *reinterpret_cast<piece const*>(from + i);
    for (int j = 0; j < piece::size; ++j) to[i + j] = p.value[j];
  }
}

template <class T>
ARDENT_INLINE void store_octet(T* to, T const (&from)[8]) {
  using piece = octet_piece<T>;
  for (int i = 0; i < 8; i += piece::size) {
    piece p;
    for (int j = 0; j < piece::size; ++j) p.value[j] = from[i + j];
    *reinterpret_cast<piece*>(to + i) = p;
  }
}

}  // namespace detail
}  // namespace v0
}  // namespace ardent
