// SPDX-License-Identifier: Apache-2.0
//
// Bodies of modulated_block.hpp on the library's block of one thread; see transformer_kernels.hpp.
#pragma once

#include <algorithm>

#include <ardent/detail/float_math.hpp>

#include "modulated_block.hpp"
#include "transformer_kernels.hpp"

namespace examples::transformer::kernels {

/// @brief Rows whose norms are computed together: they stay in the first cache while they are read twice.
inline constexpr int normed_at_once = 8;

/// @brief factors[r] = 1 / sqrt(mean square of row r + epsilon), for at most `normed_at_once` rows.
template <class Block>
void rms_factors(Block const& block, float const* x, int rows, int width, float* factors, float epsilon = rms_epsilon) {
  float const part = 1.0F / static_cast<float>(width);
  block.row_sums(
      {0, rows, 1}, width,
      [=](int r, int c) ARDENT_INLINE_LAMBDA {
        float const v = row_of(x, r, width)[c];
        return v * v;
      },
      [=](int r, float sum) ARDENT_INLINE_LAMBDA { factors[r] = 1.0F / std::sqrt(part * sum + epsilon); });
}

/// @brief See modulated_block.hpp.
template <class Block>
void rms_norm(Block const& block, float const* x, int rows, int width, float const* weight, float* y, float* factors,
              float epsilon = rms_epsilon) {
  for (int begin = 0; begin < rows; begin += normed_at_once) {
    int const count = std::min(normed_at_once, rows - begin);
    float const* const from = row_of(x, begin, width);
    float* const to = row_of(y, begin, width);
    rms_factors(block, from, count, width, factors, epsilon);
    if (weight == nullptr) {
      block.elements({0, count, 1}, {0, width, 1}, [=](int r, int c) ARDENT_INLINE_LAMBDA {
        row_of(to, r, width)[c] = row_of(from, r, width)[c] * factors[r];
      });
    } else {
      block.elements({0, count, 1}, {0, width, 1}, [=](int r, int c) ARDENT_INLINE_LAMBDA {
        row_of(to, r, width)[c] = row_of(from, r, width)[c] * factors[r] * weight[c];
      });
    }
  }
}

/// @brief See modulated_block.hpp.
template <class Block>
void modulated_norm(Block const& block, float const* x, int rows, int width, modulation const& by, float* y,
                    float* factors) {
  for (int begin = 0; begin < rows;) {
    int const group = begin / by.rows;
    int const count = std::min({normed_at_once, rows - begin, (group + 1) * by.rows - begin});
    float const* const from = row_of(x, begin, width);
    float* const to = row_of(y, begin, width);
    float const* const scale = row_of(by.scale, group, by.stride);
    float const* const shift = row_of(by.shift, group, by.stride);
    rms_factors(block, from, count, width, factors);
    block.elements({0, count, 1}, {0, width, 1}, [=](int r, int c) ARDENT_INLINE_LAMBDA {
      row_of(to, r, width)[c] = row_of(from, r, width)[c] * factors[r] * (1.0F + scale[c]) + shift[c];
    });
    begin += count;
  }
}

/// @brief Turns neighbouring numbers of each head in place.
/// @param x  [rows], `stride` floats from row to row, a row being [heads][head width]
template <class Block>
void rotate(Block const& block, float* x, int stride, int rows, int width, int heads, rotation const& turn) {
  int const head_width = width / heads, pairs = head_width / 2;
  for (int head = 0; head < heads; ++head) {
    float* const begin = x + head * head_width;
    block.elements({0, rows, 1}, {0, pairs, 1}, [=](int r, int p) ARDENT_INLINE_LAMBDA {
      float* const pair = row_of(begin, r, stride) + 2 * p;
      float const cosine = row_of(turn.cosine, r, pairs)[p], sine = row_of(turn.sine, r, pairs)[p];
      float const first = pair[0], second = pair[1];
      pair[0] = first * cosine - second * sine;
      pair[1] = second * cosine + first * sine;
    });
  }
}

/// @brief Copies columns of one array of rows into another.
template <class Block>
void copy_rows(Block const& block, float const* from, int from_stride, int rows, int width, float* to, int to_stride) {
  block.elements({0, rows, 1}, {0, width, 1}, [=](int r, int c) ARDENT_INLINE_LAMBDA {
    row_of(to, r, to_stride)[c] = row_of(from, r, from_stride)[c];
  });
}

/// @brief x += gate * layer(from), or without a gate if there is none.
template <class Block>
void add_product(Block const& block, packed_matrix<float> const& layer, float const* from, int stride, int rows,
                 modulation const& by, float* x, workspace& work) {
  int const width = layer.outputs;
  strided_range const all{0, rows, 1}, panels{0, layer.panels(), 1};
  if (by.gate == nullptr) {
    multiply(block, layer, from, stride, all, panels, work,
             [=](int r, int c, float y) ARDENT_INLINE_LAMBDA { row_of(x, r, width)[c] += y; });
  } else {
    multiply(block, layer, from, stride, all, panels, work, [=](int r, int c, float y) ARDENT_INLINE_LAMBDA {
      row_of(x, r, width)[c] += row_of(by.gate, r / by.rows, by.stride)[c] * y;
    });
  }
}

/// @brief See modulated_block.hpp.
template <class Block>
void add_attention(Block const& block, packed_attention const& layer, float* x, int rows, modulation const& by,
                   rotation const& turn, key_values& memory, int const* visible, workspace& work) {
  int const width = layer.width(), stride = 3 * width;
  float* const qkv = work.qkv();
  modulated_norm(block, x, rows, width, by, work.features(), work.factors());
  multiply(block, layer.qkv, work.features(), rows, work,
           [=](int r, int c, float y) ARDENT_INLINE_LAMBDA { row_of(qkv, r, stride)[c] = y; });
  rotate(block, qkv, stride, rows, width, layer.heads, turn);
  rotate(block, qkv + width, stride, rows, width, layer.heads, turn);
  copy_rows(block, qkv + width, stride, rows, width, row_of(memory.keys(), memory.kept(), width), width);
  copy_rows(block, qkv + 2 * width, stride, rows, width, row_of(memory.values(), memory.kept(), width), width);
  attend_to(block, {qkv, stride, rows, memory.keys(), memory.values(), width, memory.kept() + rows, visible}, width,
            layer.heads, work.features(), work);
  add_product(block, layer.proj, work.features(), width, rows, by, x, work);
}

/// @brief See modulated_block.hpp.
template <class Block>
void add_gated_mlp(Block const& block, packed_gated_mlp const& layer, float* x, int rows, modulation const& by,
                   workspace& work) {
  int const stride = workspace::hidden_stride(layer.hidden());
  float* const hidden = work.hidden();
  modulated_norm(block, x, rows, layer.width(), by, work.features(), work.factors());
  multiply(block, layer.gate, work.features(), rows, work,
           [=](int r, int c, float y) ARDENT_INLINE_LAMBDA { row_of(hidden, r, stride)[c] = gelu(y); });
  multiply(block, layer.value, work.features(), rows, work,
           [=](int r, int c, float y) ARDENT_INLINE_LAMBDA { row_of(hidden, r, stride)[c] *= y; });
  add_product(block, layer.out, hidden, stride, rows, by, x, work);
}

/// @brief See modulated_block.hpp.
template <class Block>
void project_context(Block const& block, packed_cross_attention const& layer, float const* context, int rows,
                     rotation const& turn, float* to, workspace& work) {
  int const width = layer.width();
  rms_norm(block, context, rows, layer.context(), layer.context_norm, work.features(), work.factors());
  multiply(block, layer.kv, work.features(), rows, work,
           [=](int r, int c, float y) ARDENT_INLINE_LAMBDA { row_of(to, r, 2 * width)[c] = y; });
  rotate(block, to, 2 * width, rows, width, layer.heads, turn);
}

/// @brief See modulated_block.hpp.
template <class Block>
void add_cross_attention(Block const& block, packed_cross_attention const& layer, float* x, int rows,
                         rotation const& turn, float const* context, int context_rows, workspace& work) {
  int const width = layer.width();
  float* const queries = work.qkv();
  rms_norm(block, x, rows, width, layer.norm, work.features(), work.factors());
  multiply(block, layer.q, work.features(), rows, work,
           [=](int r, int c, float y) ARDENT_INLINE_LAMBDA { row_of(queries, r, width)[c] = y; });
  rotate(block, queries, width, rows, width, layer.heads, turn);
  attend_to(block, {queries, width, rows, context, context + width, 2 * width, context_rows, nullptr}, width,
            layer.heads, work.features(), work);
  add_product(block, layer.proj, work.features(), width, rows, {}, x, work);
}

}  // namespace examples::transformer::kernels
