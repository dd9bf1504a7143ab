// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a head evaluated by a library's matrix products does between them: kernel bodies, each for a share of the rows.

#include <ardent/detail/tiled_activations.hpp>
#include <ardent/group/group.hpp>

#include <cstddef>

namespace ardent {
inline namespace v0 {
namespace detail {

/// to [rows][width] = from, rounded.
template <class Storage>
struct dense_round {
  float const* from;  // [rows][width]
  int width;
  Storage* to;

  ARDENT_ANY_GROUP
  template <class Block>
  ARDENT_INLINE void operator()(Block& block, strided_range rows) const {
    const dense_round& a = *this;
    block.elements(rows, {0, width, 1}, [&a](int r, int c) ARDENT_INLINE_LAMBDA {
      const std::ptrdiff_t i = static_cast<std::ptrdiff_t>(r) * a.width + c;
      store_activation(a.from[i], a.to[i]);
    });
  }
};

/// y = SiLU(time + condition), and h = input(x) for all branches.
template <class Storage>
struct dense_embed {
  float const* times;      // [times][width]
  int const* time_index;   // of this evaluation
  float const* condition;  // [rows][width]
  float const* x;          // [tokens][channels]
  Storage const* weight;   // input layer, [width][channels]
  float const* bias;       // [width]
  int width, channels, tokens;
  Storage* y;  // [rows][width]
  float* h;    // [rows][width]

  ARDENT_ANY_GROUP
  template <class Block>
  ARDENT_INLINE void operator()(Block& block, strided_range rows) const {
    const dense_embed& a = *this;
    float const* const time = times + static_cast<std::ptrdiff_t>(*time_index) * width;
    block.elements(rows, {0, width, 1}, [&a, time](int r, int c) ARDENT_INLINE_LAMBDA {
      const std::ptrdiff_t i = static_cast<std::ptrdiff_t>(r) * a.width + c;
      store_activation(silu(time[c] + a.condition[i]), a.y[i]);
      float const* const row = a.x + static_cast<std::ptrdiff_t>(r % a.tokens) * a.channels;
      float sum = a.bias[c];
      for (int k = 0; k < a.channels; ++k)
        sum += row[k] * to_float(a.weight[static_cast<std::ptrdiff_t>(c) * a.channels + k]);
      a.h[i] = sum;
    });
  }
};

/// h += gate * update if there is one; then to = LN(h) (1 + scale) + shift, a warp a row.
template <class Storage>
struct dense_normalise {
  float* h;                 // [rows][width]
  float const* update;      // [rows][width]; null before the first block
  float const* gate;        // [rows][stride] of the block before
  float const* modulation;  // [rows][stride]: shift, scale
  float const* norm;        // weight [width], bias [width]; null in the last layer
  int width, stride, gate_stride;
  Storage* to;  // [rows][width]

  ARDENT_ANY_GROUP
  template <class Block>
  ARDENT_INLINE void operator()(Block& block, strided_range rows) const {
    const float inverse = quotient(1.0f, static_cast<float>(width));
    for (int r = rows.first + block.warp() * rows.step; r < rows.last; r += block.warps() * rows.step) {
      float* const row = h + static_cast<std::ptrdiff_t>(r) * width;
      float const* const shift = modulation + static_cast<std::ptrdiff_t>(r) * stride;
      float sum = 0;
      for (int c = 4 * block.lane(); c < width; c += 4 * warp_size) {
        four_floats v = load_floats(row + c);
        if (update != nullptr) {
          const four_floats u = load_floats(update + static_cast<std::ptrdiff_t>(r) * width + c);
          const four_floats g = load_floats(gate + static_cast<std::ptrdiff_t>(r) * gate_stride + c);
          for (int i = 0; i < 4; ++i) v.value[i] += g.value[i] * u.value[i];
          store_activations(v.value, row + c);
        }
        sum += (v.value[0] + v.value[1]) + (v.value[2] + v.value[3]);
      }
      // each lane reads below what it wrote itself
      const float mean = block.warp_sum(sum) * inverse;
      float squares = 0;
      for (int c = 4 * block.lane(); c < width; c += 4 * warp_size) {
        const four_floats v = load_floats(row + c);
        for (int i = 0; i < 4; ++i) squares += (v.value[i] - mean) * (v.value[i] - mean);
      }
      const float factor = reciprocal_sqrt(block.warp_sum(squares) * inverse + 1e-6f);
      for (int c = 4 * block.lane(); c < width; c += 4 * warp_size) {
        const four_floats v = load_floats(row + c), up = load_floats(shift + width + c), by = load_floats(shift + c);
        float out[4];
        for (int i = 0; i < 4; ++i) out[i] = (v.value[i] - mean) * factor;
        if (norm != nullptr) {
          const four_floats w = load_floats(norm + c), b = load_floats(norm + width + c);
          for (int i = 0; i < 4; ++i) out[i] = out[i] * w.value[i] + b.value[i];
        }
        for (int i = 0; i < 4; ++i) out[i] = out[i] * (1.0f + up.value[i]) + by.value[i];
        store_activations(out, to + static_cast<std::ptrdiff_t>(r) * width + c);
      }
    }
  }
};

/// to [rows][width] = SiLU(from), rounded.
template <class Storage>
struct dense_silu {
  float const* from;
  int width;
  Storage* to;

  ARDENT_ANY_GROUP
  template <class Block>
  ARDENT_INLINE void operator()(Block& block, strided_range rows) const {
    const dense_silu& a = *this;
    block.elements(rows, {0, width, 1}, [&a](int r, int c) ARDENT_INLINE_LAMBDA {
      const std::ptrdiff_t i = static_cast<std::ptrdiff_t>(r) * a.width + c;
      store_activation(silu(a.from[i]), a.to[i]);
    });
  }
};

}  // namespace detail
}  // namespace v0
}  // namespace ardent
