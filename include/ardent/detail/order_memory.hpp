// SPDX-License-Identifier: Apache-2.0
#pragma once

// The bookkeeping between orders, positions and tokens of a batch.

#include <ardent/detail/arena.hpp>
#include <ardent/ordering/ordering.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>

namespace ardent {
inline namespace v0 {
namespace detail {

class order_memory {
 public:
  std::uint8_t* known = nullptr;    // [images][length]
  int* positions = nullptr;         // [images][tokens of the AR step]
  std::uint32_t* images = nullptr;  // the image of each of these

  /// @param most_tokens  most tokens that an AR step draws for an image
  order_memory(arena& a, int length, int image_count, int most_tokens) : length_(length), image_count_(image_count) {
    const std::size_t all = static_cast<std::size_t>(image_count) * static_cast<std::size_t>(length);
    const std::size_t most = static_cast<std::size_t>(image_count) * static_cast<std::size_t>(most_tokens);
    keys_ = a.take<std::uint64_t>(all);
    order_ = a.take<int>(all);
    known = a.take<std::uint8_t>(all);
    positions = a.take<int>(most);
    images = a.take<std::uint32_t>(most);
  }

  /// Nothing is known yet.
  void forget() { std::memset(known, 0, static_cast<std::size_t>(image_count_) * static_cast<std::size_t>(length_)); }

  /// The order in which each image's positions are drawn.
  template <class Ordering, class Random, class Executor>
  void make_orders([[maybe_unused]] Ordering const& ordering, [[maybe_unused]] Random const& random,
                   Executor const& executor, [[maybe_unused]] std::uint32_t first_image) {
    executor.parallel_for(image_count_, [&](int b, int) {
      int* const order = order_ + static_cast<std::ptrdiff_t>(b) * length_;
      if constexpr (placed_ordering<Ordering>) {
        for (int i = 0; i < length_; ++i) order[i] = ordering.position(i);
      } else {
        for (int p = 0; p < length_; ++p) order[p] = p;
      }
      if constexpr (Ordering::permuted) {
        std::uint64_t* const keys = keys_ + static_cast<std::ptrdiff_t>(b) * length_;
        for (int p = 0; p < length_; ++p)
          keys[p] = random.order_key(first_image + static_cast<std::uint32_t>(b), static_cast<std::uint32_t>(p));
        std::sort(order, order + length_, [&](int x, int y) { return keys[x] < keys[y]; });
      }
    });
  }

  /// Refuses an ordering whose own positions are not each there once: a user's may be wrong, and its tokens would be
  /// written where there is no memory.
  template <class Ordering>
  void check_positions([[maybe_unused]] char const* where, [[maybe_unused]] Ordering const& ordering) {
    if constexpr (placed_ordering<Ordering>) {
      std::memset(known, 0, static_cast<std::size_t>(length_));
      for (int i = 0; i < length_; ++i) {
        const int position = ordering.position(i);
        const bool inside = position >= 0 && position < length_;
        if (!inside || known[position] != 0)
          throw std::invalid_argument(std::string(where) +
                                      ": expected an ordering that places each position from 0 to " +
                                      std::to_string(length_ - 1) + " once, found position " +
                                      std::to_string(position) + (inside ? " twice" : ""));
        known[position] = 1;
      }
    }
  }

  /// The positions drawn now: entries [done, done + count) of each image's order, in raster order.
  void pick(int done, int count, std::uint32_t first_image) {
    for (int b = 0; b < image_count_; ++b) {
      int* const out = positions + static_cast<std::ptrdiff_t>(b) * count;
      std::copy_n(order_ + static_cast<std::ptrdiff_t>(b) * length_ + done, count, out);
      std::sort(out, out + count);
      std::fill_n(images + static_cast<std::ptrdiff_t>(b) * count, count, first_image + static_cast<std::uint32_t>(b));
    }
  }

  /// Puts samples [images][count][channels] where they belong and marks them as known.
  void scatter(float const* samples, int count, int channels, float* tokens) {
    for (int b = 0; b < image_count_; ++b)
      for (int j = 0; j < count; ++j) {
        const std::ptrdiff_t row = static_cast<std::ptrdiff_t>(b) * count + j;
        const std::ptrdiff_t place = static_cast<std::ptrdiff_t>(b) * length_ + positions[row];
        std::memcpy(tokens + place * channels, samples + row * channels,
                    static_cast<std::size_t>(channels) * sizeof(float));
        known[place] = 1;
      }
  }

 private:
  int length_;
  int image_count_;
  std::uint64_t* keys_ = nullptr;
  int* order_ = nullptr;
};

}  // namespace detail
}  // namespace v0
}  // namespace ardent
