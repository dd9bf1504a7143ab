// SPDX-License-Identifier: Apache-2.0
#pragma once

// Where an AdaLN head's activations are in the memory that the grid shares.

#include <ardent/packed_matrix.hpp>

#include <cstddef>

namespace ardent {
inline namespace v0 {
namespace detail {

template <class Storage>
struct adaln_activations {
  float *condition, *h, *normal, *hidden;  // [rows][W]
  float *y, *modulation;                   // [steps at once][rows][W], and [(3 D + 2) W]
  int stride, modulation_stride;           // floats from row to row
  product_rows<Storage> narrow, narrow_y;  // of normal or hidden, and of y; unused with float weights

  /// Floats of a row in memory: an odd number of 64 bytes. A product reads some column of many rows; at a distance of
  /// 4 KiB, as of 1024 floats, they would all want the same few lines of a first-level cache.
  ARDENT_HD static constexpr int padded(int width) { return ((width + 15) / 16 | 1) * 16; }
  ARDENT_HD static constexpr int narrow_floats(int width) {
    return narrowed_bytes<Storage>(width) / static_cast<int>(sizeof(float));
  }

  template <class Shape>
  ARDENT_INLINE adaln_activations(Shape const& shape, int rows, int at_once, float* shared)
      : stride(padded(shape.width())), modulation_stride(padded(shape.modulations())) {
    const int width = shape.width();
    float* place = shared;
    const auto take = [&](int count, int floats) ARDENT_INLINE_LAMBDA {
      float* const start = place;
      place += static_cast<std::ptrdiff_t>(count) * floats;
      return start;
    };
    condition = take(rows, stride);
    h = take(rows, stride);
    normal = take(rows, stride);
    hidden = take(rows, stride);
    if constexpr (!std::is_same_v<Storage, float>)
      narrow = {reinterpret_cast<std::byte*>(take(rows, narrow_floats(width))), narrowed_bytes<Storage>(width)};
    y = take(rows * at_once, stride);
    if constexpr (!std::is_same_v<Storage, float>)
      narrow_y = {reinterpret_cast<std::byte*>(take(rows * at_once, narrow_floats(width))),
                  narrowed_bytes<Storage>(width)};
    modulation = take(rows * at_once, modulation_stride);
  }

  /// What a product reads: an array, or the narrow rows that were made of it.
  ARDENT_INLINE product_rows<Storage> input(float const* from) const {
    if constexpr (std::is_same_v<Storage, float>)
      return {from, stride};
    else
      return narrow;
  }
  ARDENT_INLINE product_rows<Storage> input_y() const {
    if constexpr (std::is_same_v<Storage, float>)
      return {y, stride};
    else
      return narrow_y;
  }
};

}  // namespace detail
}  // namespace v0
}  // namespace ardent
