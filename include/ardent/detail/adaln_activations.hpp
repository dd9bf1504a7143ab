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
  product_rows<Storage> narrow, narrow_y;  // of normal or hidden, and of y; unused with float weights
  int width;

  /// Floats of each array's row, so that arrays are aligned to 64 bytes.
  ARDENT_HD static constexpr int padded(int width) { return (width + 15) / 16 * 16; }
  ARDENT_HD static constexpr int narrow_floats(int width) {
    return narrowed_bytes<Storage>(width) / static_cast<int>(sizeof(float));
  }

  template <class Shape>
  ARDENT_INLINE adaln_activations(Shape const& shape, int rows, int at_once, float* shared) : width(shape.width()) {
    float* place = shared;
    const auto take = [&](int count, int floats) ARDENT_INLINE_LAMBDA {
      float* const start = place;
      place += static_cast<std::ptrdiff_t>(count) * floats;
      return start;
    };
    condition = take(rows, padded(width));
    h = take(rows, padded(width));
    normal = take(rows, padded(width));
    hidden = take(rows, padded(width));
    if constexpr (!std::is_same_v<Storage, float>)
      narrow = {reinterpret_cast<std::byte*>(take(rows, narrow_floats(width))), narrowed_bytes<Storage>(width)};
    y = take(rows * at_once, padded(width));
    if constexpr (!std::is_same_v<Storage, float>)
      narrow_y = {reinterpret_cast<std::byte*>(take(rows * at_once, narrow_floats(width))),
                  narrowed_bytes<Storage>(width)};
    modulation = take(rows * at_once, padded(shape.modulations()));
  }

  /// What a product reads: an array, or the narrow rows that were made of it.
  ARDENT_INLINE product_rows<Storage> input(float const* from) const {
    if constexpr (std::is_same_v<Storage, float>)
      return {from, width};
    else
      return narrow;
  }
  ARDENT_INLINE product_rows<Storage> input_y() const {
    if constexpr (std::is_same_v<Storage, float>)
      return {y, width};
    else
      return narrow_y;
  }
};

}  // namespace detail
}  // namespace v0
}  // namespace ardent
