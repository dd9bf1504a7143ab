// SPDX-License-Identifier: Apache-2.0
#pragma once

// Layer norms of a tiled head, a row a warp.

#include <ardent/detail/tiled_activations.hpp>

#include <cstddef>

namespace ardent {
inline namespace v0 {
namespace detail {

/// Where a row's layer norm reads.
struct norm_row {
  float const *h, *shift, *scale;  // [width]
  float const* weight;             // norm weight [width], then bias [width]; null in the last layer
  int width;
};

/// (h - mean) factor, weighted, then (1 + scale) + shift: four neighbours.
ARDENT_INLINE void modulate_quad(norm_row const& row, int c, four_floats const& h, float mean, float factor,
                                 float (&out)[4]) {
  const four_floats up = load_floats(row.scale + c), by = load_floats(row.shift + c);
  for (int i = 0; i < 4; ++i) out[i] = (h.value[i] - mean) * factor;
  if (row.weight != nullptr) {
    const four_floats w = load_floats(row.weight + c), b = load_floats(row.weight + row.width + c);
    for (int i = 0; i < 4; ++i) out[i] = out[i] * w.value[i] + b.value[i];
  }
  for (int i = 0; i < 4; ++i) out[i] = out[i] * (1.0f + up.value[i]) + by.value[i];
}

/// Quads of a row that a lane keeps in registers, so that all of them are on their way at once: 1024 columns.
inline constexpr int kept_quads = 8;

/// The mean of a row and 1 / its standard deviation, by a warp; kept [kept_quads] = this lane's first quads.
ARDENT_ANY_GROUP
template <class Block>
ARDENT_INLINE void row_moments(Block& block, float const* h, int width, four_floats (&kept)[kept_quads], float& mean,
                               float& factor) {
  constexpr int step = 4 * warp_size, all_kept = kept_quads * step;
  const float inverse = quotient(1.0f, static_cast<float>(width));
  const int start = 4 * block.lane();
  for (int q = 0; q < kept_quads; ++q)
    kept[q] = start + q * step < width ? load_floats(h + start + q * step) : four_floats{};
  float sum = 0;
  for (int q = 0; q < kept_quads; ++q)
    if (start + q * step < width) sum += (kept[q].value[0] + kept[q].value[1]) + (kept[q].value[2] + kept[q].value[3]);
  for (int c = start + all_kept; c < width; c += step) {
    const four_floats v = load_floats(h + c);
    sum += (v.value[0] + v.value[1]) + (v.value[2] + v.value[3]);
  }
  mean = block.warp_sum(sum) * inverse;
  float squares = 0;
  for (int q = 0; q < kept_quads; ++q)
    if (start + q * step < width)
      for (int i = 0; i < 4; ++i) squares += (kept[q].value[i] - mean) * (kept[q].value[i] - mean);
  for (int c = start + all_kept; c < width; c += step) {
    const four_floats v = load_floats(h + c);
    for (int i = 0; i < 4; ++i) squares += (v.value[i] - mean) * (v.value[i] - mean);
  }
  factor = reciprocal_sqrt(block.warp_sum(squares) * inverse + 1e-6f);
}

/// to = LN(h) (1 + scale) + shift with the modulations of block d, for rows first, first + step ..., by one warp; the
/// last layer (no weight) has no affine part. No synchronisation.
/// @param h           [rows][width]
/// @param modulation  [rows][stride]
/// @param weight      norm weight [width], then bias [width]; or null
ARDENT_ANY_GROUP
template <class Format, class Block>
ARDENT_INLINE void normalise(Block& block, int first, int step, int rows, int width, float const* h,
                             float const* modulation, int stride, int d, float const* weight,
                             typename Format::activation* to) {
  for (int r = first; r < rows; r += step) {
    float const* const shift = modulation + static_cast<std::ptrdiff_t>(r) * stride + 3 * d * width;
    const norm_row row{h + static_cast<std::ptrdiff_t>(r) * width, shift, shift + width, weight, width};
    four_floats kept[kept_quads];
    float mean, factor;
    row_moments(block, row.h, width, kept, mean, factor);
    const auto store = [&](int c, four_floats const& v) ARDENT_INLINE_LAMBDA {
      float out[4] = {};
      if (c < width) modulate_quad(row, c, v, mean, factor, out);
      store_activations(out, to + activation_index<Format>(r, c, rows));
    };
    int c = 4 * block.lane();
    for (int q = 0; q < kept_quads; ++q, c += 4 * warp_size)
      if (c < padded_inputs<Format>(width)) store(c, kept[q]);
    for (; c < padded_inputs<Format>(width); c += 4 * warp_size)
      store(c, c < width ? load_floats(row.h + c) : four_floats{});
  }
}

/// The last layer's norm for chunks first to last, with which `to` begins: all rows, a warp a row. moments [rows][2] is
/// written with the first chunk and read with others, by the same warp. No synchronisation.
ARDENT_ANY_GROUP
template <class Format, class Block>
ARDENT_INLINE void normalise_part(Block& block, int first, int last, int rows, int width, float const* h,
                                  float const* modulation, int stride, int d, float* moments,
                                  typename Format::activation* to) {
  const int start = first * Format::chunk;
  for (int r = block.warp(); r < rows; r += block.warps()) {
    float const* const shift = modulation + static_cast<std::ptrdiff_t>(r) * stride + 3 * d * width;
    const norm_row row{h + static_cast<std::ptrdiff_t>(r) * width, shift, shift + width, nullptr, width};
    float mean, factor;
    if (first == 0) {
      four_floats kept[kept_quads];
      row_moments(block, row.h, width, kept, mean, factor);
      if (block.lane() == 0) {
        moments[2 * r] = mean;
        moments[2 * r + 1] = factor;
      }
    } else {
      mean = moments[2 * r];
      factor = moments[2 * r + 1];
    }
    for (int c = start + 4 * block.lane(); c < last * Format::chunk; c += 4 * warp_size) {
      float out[4] = {};
      if (c < width) modulate_quad(row, c, load_floats(row.h + c), mean, factor, out);
      store_activations(out, to + activation_index<Format>(r, c - start, rows));
    }
  }
}

}  // namespace detail
}  // namespace v0
}  // namespace ardent
