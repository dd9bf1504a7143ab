// SPDX-License-Identifier: Apache-2.0
//
// Bodies of the transformer's kernels between its matrix products. Each runs on the device, and in tests on real
// threads of the host-checked model. Two kinds:
//  - of elements: operator()(i), i an index below a count, in any order;
//  - of rows: operator()(block, rows), by all threads of a block, for its share of the rows; a warp takes a row.
//    Besides a tile_block's members the block has warp_max(v).
//
// Storage is what the inputs of products are kept in: float or ardent::bfloat16.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>

#include <ardent/group/group.hpp>
#include <ardent/packed_matrix.hpp>
#include <ardent/tile/fragment.hpp>

namespace examples::mar::gpu {

/// @brief f(row) for the block's rows, by all lanes of a warp each.
ARDENT_ANY_GROUP
template <class Block, class F>
ARDENT_INLINE void for_each_row(Block& block, ardent::strided_range rows, F const& f) {
  for (int r = rows.first + block.warp() * rows.step; r < rows.last; r += block.warps() * rows.step) f(r);
}

/// @brief Where a token's place in a sequence is: known tokens first, in raster order, then those that are not known
/// and not drawn now, then those that are drawn now. Attention does not mind the order, and rows that are wanted lie
/// together. Element [image][position].
struct arrange_tokens {
  std::uint8_t const* known;  ///< [images][length]
  int const* positions;       ///< [images][count], ascending
  int* order;                 ///< [images][length], written: the position at each place
  int length, count, known_count;

  ARDENT_INLINE void operator()(int i) const {
    int const image = i / length, p = i % length;
    std::uint8_t const* const flags = known + image * length;
    int const* const drawn = positions + image * count;
    int known_before = 0, drawn_before = 0;
    for (int j = 0; j < p; ++j) known_before += flags[j] != 0 ? 1 : 0;
    while (drawn_before < count && drawn[drawn_before] < p) ++drawn_before;
    int place = known_count + p - known_before - drawn_before;
    if (flags[p] != 0) {
      place = known_before;
    } else if (drawn_before < count && drawn[drawn_before] == p) {
      place = length - count + drawn_before;
    }
    order[image * length + place] = p;
  }
};

/// @brief to [images][known][channels] = the known tokens. An element each.
template <class Storage>
struct gather_known {
  float const* tokens;  ///< [images][length][channels]
  int const* order;     ///< of arrange_tokens
  Storage* to;
  int length, known_count, channels;

  ARDENT_INLINE void operator()(int i) const {
    int const row = i / channels, image = row / known_count, place = row % known_count;
    int const token = image * length + order[image * length + place];
    ardent::store_weight(tokens[token * channels + i % channels], to[i]);
  }
};

/// @brief x [branches][images][buffer + known][width] = what the encoder is given before its first LayerNorm: the class
/// (or in the second branch no class) in the buffer's rows, projected tokens in the others, and their positions'
/// embeddings. An element each.
struct embed_for_encoder {
  float const* class_embedding;  ///< [classes][width]
  float const* no_class;         ///< [width]
  float const* position;         ///< [buffer + length][width]
  float const* projected;        ///< [images][known][width]
  int const* labels;             ///< [images]; negative: no class
  int const* order;              ///< of arrange_tokens
  float* x;
  int images, length, buffer, known_count, width;

  ARDENT_INLINE void operator()(int i) const {
    int const rows = buffer + known_count, row = i / width, c = i % width;
    int const sequence = row / rows, place = row % rows, image = sequence % images;
    if (place < buffer) {
      int const label = sequence < images ? labels[image] : -1;
      x[i] = (label < 0 ? no_class[c] : class_embedding[static_cast<std::ptrdiff_t>(label) * width + c]) +
             position[place * width + c];
    } else {
      int const j = place - buffer;
      x[i] =
          projected[(image * known_count + j) * width + c] + position[(buffer + order[image * length + j]) * width + c];
    }
  }
};

/// @brief x [branches][images][buffer + length][width] = what the decoder is given: the encoder's rows, and the mask
/// for tokens that are not known. An element each.
struct embed_for_decoder {
  float const* position;   ///< [buffer + length][width]
  float const* mask_rows;  ///< [length][width]: the mask token with each position's embedding
  float const* embedded;   ///< [branches][images][buffer + known][width]
  int const* order;        ///< of arrange_tokens
  float* x;
  int images, length, buffer, known_count, width;

  ARDENT_INLINE void operator()(int i) const {
    int const rows = buffer + length, row = i / width, c = i % width;
    int const sequence = row / rows, place = row % rows, seen = buffer + known_count;
    int const at = place < buffer ? 0 : order[sequence % images * length + place - buffer];
    if (place < seen) {
      int const where = place < buffer ? place : buffer + at;
      x[i] = embedded[(sequence * seen + place) * width + c] + position[where * width + c];
    } else {
      x[i] = mask_rows[at * width + c];
    }
  }
};

/// @brief Queries, keys and values of each head together: to [3][sequences][heads][rows][head width]
/// from [sequences][rows][3 width]. An element of `from` each.
template <class Storage>
struct split_heads {
  float const* from;
  Storage* queries;
  Storage* keys;
  Storage* values;
  int rows, heads, head_width;

  ARDENT_INLINE void operator()(int i) const {
    int const width = heads * head_width, row = i / (3 * width), column = i % (3 * width);
    int const part = column / width, head = column % width / head_width, c = column % head_width;
    Storage* const to = part == 0 ? queries : part == 1 ? keys : values;
    ardent::store_weight(from[i], to[((row / rows * heads + head) * rows + row % rows) * head_width + c]);
  }
};

/// @brief to [sequences][rows][width] from [sequences][heads][rows][head width]. An element of `to` each.
template <class Storage>
struct merge_heads {
  float const* from;
  Storage* to;
  int rows, heads, head_width;

  ARDENT_INLINE void operator()(int i) const {
    int const width = heads * head_width, row = i / width, column = i % width;
    int const head = column / head_width, c = column % head_width;
    ardent::store_weight(from[((row / rows * heads + head) * rows + row % rows) * head_width + c], to[i]);
  }
};

/// @brief to = GELU(from), x Phi(x) as published code has it. (cuBLASLt's epilogue is the approximation by tanh, which
/// differs by up to 5e-4.) An element each; `to` may be `from`.
template <class Storage>
struct gelu {
  float const* from;
  Storage* to;

  ARDENT_INLINE void operator()(int i) const {
    float const x = from[i];
    ardent::store_weight(0.5f * x * (1.0f + erff(x * 0.707106781186547524f)), to[i]);
  }
};

/// @brief A row's LayerNorm: put(c, value) for each column, by the lanes of a warp.
ARDENT_ANY_GROUP
template <class Block, class Put>
ARDENT_INLINE void normalise_row(Block& block, float const* x, int width, float const* weight, float const* bias,
                                 Put const& put) {
  constexpr float epsilon = 1e-6f;
  float const inverse = 1.0f / static_cast<float>(width);
  float sum = 0, squares = 0;
  for (int c = block.lane(); c < width; c += ardent::warp_size) sum += x[c];
  float const mean = block.warp_sum(sum) * inverse;
  for (int c = block.lane(); c < width; c += ardent::warp_size) squares += (x[c] - mean) * (x[c] - mean);
  float const factor = 1.0f / sqrtf(block.warp_sum(squares) * inverse + epsilon);
  for (int c = block.lane(); c < width; c += ardent::warp_size) put(c, (x[c] - mean) * factor * weight[c] + bias[c]);
}

/// @brief to = LayerNorm(x), [rows][width]; `to` may be x. Rows.
template <class Storage>
struct layer_norm_rows {
  float const* x;
  float const* weight;
  float const* bias;
  Storage* to;
  int width;

  ARDENT_ANY_GROUP
  template <class Block>
  ARDENT_INLINE void operator()(Block& block, ardent::strided_range rows) const {
    for_each_row(block, rows, [&](int r) ARDENT_INLINE_LAMBDA {
      Storage* const out = to + r * width;
      normalise_row(block, x + r * width, width, weight, bias,
                    [=](int c, float v) ARDENT_INLINE_LAMBDA { ardent::store_weight(v, out[c]); });
    });
  }
};

/// @brief z [branches][images][count][width] = LayerNorm of the last `count` rows of each sequence, and the positions'
/// embeddings for the head. Rows of z.
struct condition_rows {
  float const* x;  ///< [branches][images][sequence][width]
  float const* weight;
  float const* bias;
  float const* position;  ///< [length][width]
  int const* positions;   ///< [images][count]
  float* z;
  int images, sequence, count, width;

  ARDENT_ANY_GROUP
  template <class Block>
  ARDENT_INLINE void operator()(Block& block, ardent::strided_range rows) const {
    for_each_row(block, rows, [&](int r) ARDENT_INLINE_LAMBDA {
      int const which = r / count, j = r % count;
      float const* const added = position + positions[which % images * count + j] * width;
      float* const out = z + r * width;
      normalise_row(block, x + (which * sequence + sequence - count + j) * width, width, weight, bias,
                    [=](int c, float v) ARDENT_INLINE_LAMBDA { out[c] = v + added[c]; });
    });
  }
};

/// @brief to = softmax(scale * x) of each row; subtracting the largest first keeps exp from overflowing. `to` may be x.
/// Rows, `stride` numbers apart, of which `columns` count.
template <class Storage>
struct softmax_rows {
  float const* x;
  Storage* to;
  int columns, stride;
  float scale;

  ARDENT_ANY_GROUP
  template <class Block>
  ARDENT_INLINE void operator()(Block& block, ardent::strided_range rows) const {
    for_each_row(block, rows, [&](int r) ARDENT_INLINE_LAMBDA {
      float const* const from = x + r * stride;
      float largest = -INFINITY, sum = 0;
      for (int c = block.lane(); c < columns; c += ardent::warp_size) largest = fmaxf(largest, from[c]);
      largest = block.warp_max(largest);
      for (int c = block.lane(); c < columns; c += ardent::warp_size) sum += expf(scale * (from[c] - largest));
      float const inverse = 1.0f / block.warp_sum(sum);
      for (int c = block.lane(); c < columns; c += ardent::warp_size)
        ardent::store_weight(expf(scale * (from[c] - largest)) * inverse, to[r * stride + c]);
    });
  }
};

}  // namespace examples::mar::gpu
