// SPDX-License-Identifier: Apache-2.0
#pragma once

// Four numbers that lie together: on a device in accesses of 16 bytes (or of all that four small numbers have), where
// alignment allows it.

#include <ardent/config.hpp>
#include <ardent/detail/aligned_access.hpp>

#include <cstdint>

namespace ardent {
inline namespace v0 {
namespace detail {

/// Four numbers in pieces of at most 16 bytes.
template <class T>
struct ARDENT_MAY_ALIAS alignas(sizeof(T) * 4 < 16 ? sizeof(T) * 4 : 16) wide_piece {
  static constexpr int size = sizeof(T) * 4 < 16 ? 4 : static_cast<int>(16 / sizeof(T));
  T value[size];
};

/// The first n of four numbers; the others become 0. If wide, n is 4 and p is aligned for wide_piece.
template <class T>
ARDENT_INLINE void load_quad(T const* p, bool wide, int n, T (&out)[4]) {
  if (wide) {
    using piece = wide_piece<T>;
    for (int i = 0; i < 4; i += piece::size) {
      const piece from = read_aligned<piece>(p + i);
      for (int j = 0; j < piece::size; ++j) out[i + j] = from.value[j];
    }
    return;
  }
  for (int j = 0; j < 4; ++j) out[j] = j < n ? p[j] : T{};
}

template <class T>
ARDENT_INLINE void store_quad(T* p, bool wide, int n, T const (&from)[4]) {
  if (wide) {
    using piece = wide_piece<T>;
    for (int i = 0; i < 4; i += piece::size) {
      piece to;
      for (int j = 0; j < piece::size; ++j) to.value[j] = from[i + j];
      write_aligned(to, p + i);
    }
    return;
  }
  for (int j = 0; j < 4; ++j)
    if (j < n) p[j] = from[j];
}

/// True if quads of p are whole pieces.
template <class T>
bool is_wide(T const* p) {
  return reinterpret_cast<std::uintptr_t>(p) % alignof(wide_piece<T>) == 0;
}

}  // namespace detail
}  // namespace v0
}  // namespace ardent
