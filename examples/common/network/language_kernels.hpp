// SPDX-License-Identifier: Apache-2.0
//
// Bodies of language_model.hpp on the library's block of one thread; see transformer_kernels.hpp.
#pragma once

#include <ardent/detail/float_math.hpp>

#include "language_weights.hpp"
#include "modulated_kernels.hpp"

namespace examples::transformer::kernels {

/// @brief Turns the halves of each head against each other in place: number p with number p + head width / 2.
/// @param x  [rows], `stride` floats from row to row, a row being [heads][head width]
template <class Block>
void rotate_halves(Block const& block, float* x, int stride, int rows, int heads, int head_width,
                   rotation const& turn) {
  int const pairs = head_width / 2;
  for (int head = 0; head < heads; ++head) {
    float* const begin = x + head * head_width;
    block.elements({0, rows, 1}, {0, pairs, 1}, [=](int r, int p) ARDENT_INLINE_LAMBDA {
      float* const row = row_of(begin, r, stride);
      float const cosine = row_of(turn.cosine, r, pairs)[p], sine = row_of(turn.sine, r, pairs)[p];
      float const first = row[p], second = row[p + pairs];
      row[p] = first * cosine - second * sine;
      row[p + pairs] = second * cosine + first * sine;
    });
  }
}

/// @brief One block of a language model on the rows behind those that `memory` keeps. Nothing more is kept.
/// @param x        [rows][hidden_size], updated
/// @param turn     rotation of the rows
/// @param memory   keys and values before those of the rows, and room for theirs
/// @param visible  [rows], keys that a row sees, counted from the first
template <class Storage, class Block>
void add_language_layer(Block const& block, language::config const& sizes, language::packed_layer<Storage> const& layer,
                        float* x, int rows, rotation const& turn, key_values& memory, int const* visible,
                        workspace& work) {
  int const width = sizes.hidden_size, key_width = sizes.key_width(), head_width = sizes.head_width();
  auto const epsilon = static_cast<float>(sizes.rms_norm_eps);
  float* const normed = work.features();
  float* const queries = work.qkv();
  float* const keys = row_of(memory.keys(), memory.kept(), key_width);
  float* const values = row_of(memory.values(), memory.kept(), key_width);
  rms_norm(block, x, rows, width, layer.input_norm, normed, work.factors(), epsilon);
  auto const project = [&](packed_matrix<Storage> const& by, float* to, int stride) {
    multiply(block, by, normed, rows, work,
             [=](int r, int c, float y) ARDENT_INLINE_LAMBDA { row_of(to, r, stride)[c] = y; });
  };
  project(layer.q, queries, width);
  project(layer.k, keys, key_width);
  project(layer.v, values, key_width);
  rotate_halves(block, queries, width, rows, sizes.num_attention_heads, head_width, turn);
  rotate_halves(block, keys, key_width, rows, sizes.num_key_value_heads, head_width, turn);
  attend_to(
      block,
      {queries, width, rows, memory.keys(), memory.values(), key_width, memory.kept() + rows, visible, sizes.sharing()},
      width, sizes.num_attention_heads, work.features(), work);
  auto const add = [=](int r, int c, float y) ARDENT_INLINE_LAMBDA { row_of(x, r, width)[c] += y; };
  multiply(block, layer.o, work.features(), rows, work, add);

  int const stride = workspace::hidden_stride(sizes.intermediate_size);
  float* const hidden = work.hidden();
  rms_norm(block, x, rows, width, layer.post_norm, normed, work.factors(), epsilon);
  multiply(block, layer.gate, normed, rows, work,
           [=](int r, int c, float y) ARDENT_INLINE_LAMBDA { row_of(hidden, r, stride)[c] = ardent::detail::silu(y); });
  multiply(block, layer.up, normed, rows, work,
           [=](int r, int c, float y) ARDENT_INLINE_LAMBDA { row_of(hidden, r, stride)[c] *= y; });
  multiply(block, layer.down, hidden, stride, {0, rows, 1}, {0, layer.down.panels(), 1}, work, add);
}

}  // namespace examples::transformer::kernels
