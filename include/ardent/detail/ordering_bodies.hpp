// SPDX-License-Identifier: Apache-2.0
#pragma once

// Orders, positions and tokens, an element a call: what a GPU runs between AR steps. Every call writes elements of its
// own, so that calls may come in any order.

#include <ardent/detail/quad.hpp>
#include <ardent/random/random.hpp>
#include <ardent/token_layout.hpp>

#include <cstddef>
#include <cstdint>

namespace ardent {
inline namespace v0 {
namespace detail {

/// Element i of [images][sequence_length]: its key, and its position, which the sort carries along. Offsets are those
/// of the images, and the end: [images + 1].
template <class Random>
ARDENT_INLINE void make_order_key(token_layout const& layout, Random const& random, int i, std::uint64_t* keys,
                                  int* positions, int* offsets) {
  const auto image = static_cast<std::uint32_t>(i) / static_cast<std::uint32_t>(layout.sequence_length);
  const int position = i - static_cast<int>(image) * layout.sequence_length;
  keys[i] = random.order_key(layout.first_image + image, static_cast<std::uint32_t>(position));
  positions[i] = position;
  if (position == 0) offsets[image] = i;
  if (i == 0) offsets[layout.images] = layout.images * layout.sequence_length;
}

/// The order of an ordering that is not permuted.
ARDENT_INLINE void make_raster_order(token_layout const& layout, int i, int* order) {
  order[i] = static_cast<int>(static_cast<std::uint32_t>(i) % static_cast<std::uint32_t>(layout.sequence_length));
}

/// Element i of [images][count]: one of entries [done, done + count) of its image's order, put where it comes in raster
/// order. Its place is the number of smaller positions among them: no sort, and no thread waits for another.
ARDENT_INLINE void pick_position(token_layout const& layout, int const* order, int done, int count, int i,
                                 int* positions, std::uint32_t* images) {
  const auto image = static_cast<std::uint32_t>(i) / static_cast<std::uint32_t>(count);
  const int first = static_cast<int>(image) * count;
  int const* const picked = order + static_cast<std::ptrdiff_t>(image) * layout.sequence_length + done;
  const int position = picked[i - first];
  int place = 0;
  for (int j = 0; j < count; ++j) place += picked[j] < position ? 1 : 0;
  positions[first + place] = position;
  images[i] = layout.first_image + image;
}

/// Four channels of a row of [images][count], and of the token that it stands for.
struct token_quad {
  int row;
  int channel;
  int count;             // channels, 1 to 4
  std::ptrdiff_t place;  // of the token in [images][sequence_length]
};

ARDENT_INLINE token_quad quad_of(token_layout const& layout, int const* positions, int count, int i) {
  const auto quads = (static_cast<std::uint32_t>(layout.channels) + 3) / 4;
  const auto row = static_cast<std::uint32_t>(i) / quads;
  const auto image = row / static_cast<std::uint32_t>(count);
  const int channel = 4 * static_cast<int>(static_cast<std::uint32_t>(i) - row * quads);
  const int left = layout.channels - channel;
  return {static_cast<int>(row), channel, left < 4 ? left : 4,
          static_cast<std::ptrdiff_t>(image) * layout.sequence_length + positions[row]};
}

/// Quad i of [images][count][channels]: out <- the tokens at these positions.
template <class T>
ARDENT_INLINE void gather_quad(token_layout const& layout, int const* positions, int count, bool wide, int i,
                               T const* tokens, T* out) {
  const token_quad at = quad_of(layout, positions, count, i);
  T values[4];
  load_quad(tokens + at.place * layout.channels + at.channel, wide, at.count, values);
  store_quad(out + static_cast<std::ptrdiff_t>(at.row) * layout.channels + at.channel, wide, at.count, values);
}

/// Quad i of [images][count][channels]: the tokens at these positions <- samples; they are known from then on.
template <class T>
ARDENT_INLINE void scatter_quad(token_layout const& layout, int const* positions, int count, bool wide, int i,
                                T const* samples, T* tokens, std::uint8_t* known) {
  const token_quad at = quad_of(layout, positions, count, i);
  T values[4];
  load_quad(samples + static_cast<std::ptrdiff_t>(at.row) * layout.channels + at.channel, wide, at.count, values);
  store_quad(tokens + at.place * layout.channels + at.channel, wide, at.count, values);
  if (at.channel == 0) known[at.place] = 1;
}

/// Quad i of [images][sequence_length][channels]: 0, and not known.
template <class T>
ARDENT_INLINE void clear_quad(token_layout const& layout, bool wide, int i, T* tokens, std::uint8_t* known) {
  const auto quads = (static_cast<std::uint32_t>(layout.channels) + 3) / 4;
  const auto place = static_cast<std::uint32_t>(i) / quads;
  const int channel = 4 * static_cast<int>(static_cast<std::uint32_t>(i) - place * quads);
  const int left = layout.channels - channel;
  const T values[4] = {};
  store_quad(tokens + static_cast<std::ptrdiff_t>(place) * layout.channels + channel, wide, left < 4 ? left : 4,
             values);
  if (channel == 0) known[place] = 0;
}

// The same as kernels: a call is an element.

template <class Random>
struct order_keys_kernel {
  token_layout layout;
  Random random;
  std::uint64_t* keys;
  int *positions, *offsets;
  ARDENT_INLINE void operator()(int i) const { make_order_key(layout, random, i, keys, positions, offsets); }
};

struct raster_order_kernel {
  token_layout layout;
  int* order;
  ARDENT_INLINE void operator()(int i) const { make_raster_order(layout, i, order); }
};

struct pick_kernel {
  token_layout layout;
  int const* order;
  int done, count;
  int* positions;
  std::uint32_t* images;
  ARDENT_INLINE void operator()(int i) const { pick_position(layout, order, done, count, i, positions, images); }
};

template <class T>
struct gather_kernel {
  token_layout layout;
  int const* positions;
  int count;
  bool wide;
  T const* tokens;
  T* out;
  ARDENT_INLINE void operator()(int i) const { gather_quad(layout, positions, count, wide, i, tokens, out); }
};

template <class T>
struct scatter_kernel {
  token_layout layout;
  int const* positions;
  int count;
  bool wide;
  T const* samples;
  T* tokens;
  std::uint8_t* known;
  ARDENT_INLINE void operator()(int i) const {
    scatter_quad(layout, positions, count, wide, i, samples, tokens, known);
  }
};

template <class T>
struct clear_kernel {
  token_layout layout;
  bool wide;
  T* tokens;
  std::uint8_t* known;
  ARDENT_INLINE void operator()(int i) const { clear_quad(layout, wide, i, tokens, known); }
};

}  // namespace detail
}  // namespace v0
}  // namespace ardent
