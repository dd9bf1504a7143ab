// SPDX-License-Identifier: Apache-2.0
#pragma once

// In which order an image's positions are drawn, on the host.

#include <ardent/ordering/ordering.hpp>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>

namespace ardent {
inline namespace v0 {
namespace detail {

/// order [length]: the positions of an image, those drawn first in front. `keys` [length] is written where the order is
/// a random one.
template <class Ordering, class Random>
void make_order(Ordering const& ordering, Random const& random, std::uint32_t image, int length, std::uint64_t* keys,
                int* order) {
  if constexpr (placed_ordering<Ordering>) {
    for (int i = 0; i < length; ++i) order[i] = ordering.position(i);
  } else {
    for (int p = 0; p < length; ++p) order[p] = p;
    if constexpr (Ordering::permuted) {
      for (int p = 0; p < length; ++p) keys[p] = random.order_key(image, static_cast<std::uint32_t>(p));
      std::sort(order, order + length, [&](int x, int y) { return keys[x] < keys[y]; });
    }
  }
}

/// Refuses an ordering with positions of its own if one is missing: a user's may be wrong, and its tokens would be
/// written where there is no memory.
/// @param marks  scratch, a byte for each position
template <class Ordering>
void check_positions([[maybe_unused]] Ordering const& ordering, [[maybe_unused]] std::uint8_t* marks) {
  if constexpr (placed_ordering<Ordering>) {
    const int length = ordering.sequence_length();
    std::memset(marks, 0, static_cast<std::size_t>(length));
    for (int i = 0; i < length; ++i) {
      const int position = ordering.position(i);
      if (position < 0 || position >= length || marks[position] != 0)
        throw std::invalid_argument("ardent::generate: expected an ordering that places each position from 0 to " +
                                    std::to_string(length - 1) + " once, found position " + std::to_string(position) +
                                    (position < 0 || position >= length ? "" : " twice"));
      marks[position] = 1;
    }
  }
}

}  // namespace detail
}  // namespace v0
}  // namespace ardent
