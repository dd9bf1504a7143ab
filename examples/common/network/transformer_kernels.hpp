// SPDX-License-Identifier: Apache-2.0
//
// Bodies of a transformer's parts on the library's block of one thread, which brings the instruction-set level. What a
// lambda does is inlined into the block's loops and compiled for that level with them. For transformer.cpp.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <type_traits>

#include <ardent/config.hpp>
#include <ardent/group/group.hpp>

#include "transformer.hpp"
#include "transformer_math.hpp"

namespace examples::transformer::kernels {

using ardent::packed_matrix;
using ardent::panel_width;
using ardent::strided_range;

/// @brief Row `row` of a matrix.
template <class T>
ARDENT_INLINE T* row_of(T* m, int row, int width) {
  return m + static_cast<std::ptrdiff_t>(row) * width;
}

/// @brief y = norm(x), see transformer.hpp.
template <class Block>
void normalise(Block const& block, packed_norm const& norm, float const* x, int rows, float* y, float* factors) {
  int const width = norm.width;
  float const part = 1.0F / static_cast<float>(width);
  constexpr int at_once = 8;  // rows that stay in the first cache while they are read three times
  float* const means = factors + at_once;
  for (int begin = 0; begin < rows; begin += at_once) {
    strided_range const some{0, rows - begin < at_once ? rows - begin : at_once, 1};
    float const* const from = row_of(x, begin, width);
    float* const to = row_of(y, begin, width);
    block.row_sums(
        some, width, [=](int r, int c) ARDENT_INLINE_LAMBDA { return from[r * width + c]; },
        [=](int r, float sum) ARDENT_INLINE_LAMBDA { means[r] = part * sum; });
    block.row_sums(
        some, width,
        [=](int r, int c) ARDENT_INLINE_LAMBDA {
          float const d = from[r * width + c] - means[r];
          return d * d;
        },
        [=](int r, float sum)
            ARDENT_INLINE_LAMBDA { factors[r] = 1.0F / std::sqrt(part * sum + layer_norm::epsilon); });
    block.elements(some, {0, width, 1}, [=](int r, int c) ARDENT_INLINE_LAMBDA {
      to[r * width + c] = (from[r * width + c] - means[r]) * factors[r] * norm.weight[c] + norm.bias[c];
    });
  }
}

/// @brief f(row, column, y) for y = layer(x), of some rows and panels.
/// @param x [rows.last][layer.inputs], `stride` floats from row to row; only `rows` are read
template <class Storage, class Block, class F>
void multiply(Block const& block, packed_matrix<Storage> const& layer, float const* x, int stride, strided_range rows,
              strided_range panels, workspace& work, F f) {
  if constexpr (std::is_same_v<Storage, float>) {
    block.product(ardent::product_rows<float>{x, stride}, rows, layer, panels, f);
  } else {
    ardent::product_rows<Storage> const narrow{work.narrow(), ardent::narrowed_bytes<Storage>(layer.inputs)};
    block.narrow(x, stride, rows, layer.inputs, narrow);
    block.product(narrow, rows, layer, panels, f);
  }
}

/// @brief f(row, column, y) for y = layer(x), all rows and outputs.
template <class Storage, class Block, class F>
void multiply(Block const& block, packed_matrix<Storage> const& layer, float const* x, int rows, workspace& work, F f) {
  multiply(block, layer, x, layer.inputs, {0, rows, 1}, {0, layer.panels(), 1}, work, f);
}

/// @brief See transformer.hpp.
template <class Storage, class Block>
void project_qkv(Block const& block, packed_block<Storage> const& layer, float const* x, int begin, int end,
                 int first_query, workspace& work) {
  int const width = layer.width(), stride = 3 * width, panels = layer.qkv.panels();
  float* const normed = work.features();
  normalise(block, layer.norm1, row_of(x, begin, width), end - begin, row_of(normed, begin, width), work.factors());
  float* const qkv = work.qkv();
  auto const store = [=](int r, int c, float y) ARDENT_INLINE_LAMBDA { row_of(qkv, r, stride)[c] = y; };
  if (first_query <= begin) {
    multiply(block, layer.qkv, normed, width, {begin, end, 1}, {0, panels, 1}, work, store);
    return;
  }
  // A panel in which queries end and keys begin is done by both.
  multiply(block, layer.qkv, normed, width, {begin, end, 1}, {width / panel_width, panels, 1}, work, store);
  if (first_query >= end) return;
  multiply(block, layer.qkv, normed, width, {first_query, end, 1}, {0, (width + panel_width - 1) / panel_width, 1},
           work, store);
}

/// @brief The keys of a head, [sequence][width of a head] in rows of `stride` floats, as weights of a layer that has an
/// output for each key.
template <class Block>
packed_matrix<float> pack_keys(Block const& block, float const* keys, int stride, int sequence, int width,
                               workspace& work) {
  float* const to = work.keys();
  packed_matrix<float> packed;
  packed.data = to;
  packed.bias = work.zeros();
  packed.inputs = width;
  packed.outputs = sequence;
  block.elements({0, packed.panels(), 1}, {0, 1, 1}, [=](int p, int) ARDENT_INLINE_LAMBDA {
    float* const panel = to + static_cast<std::ptrdiff_t>(p) * width * panel_width;
    int const first = p * panel_width, count = sequence - first < panel_width ? sequence - first : panel_width;
    for (int j = 0; j < panel_width; ++j) {
      // outputs beyond the last are computed too, of some key
      float const* const key = row_of(keys, first + (j < count ? j : 0), stride);
      for (int c = 0; c < width; ++c) panel[c * panel_width + j] = key[c];
    }
  });
  return packed;
}

/// @brief The values of a head, likewise, as weights of a layer that has an input for each value.
template <class Block>
packed_matrix<float> pack_values(Block const& block, float const* values, int stride, int sequence, int width,
                                 workspace& work) {
  float* const to = work.values();
  packed_matrix<float> packed;
  packed.data = to;
  packed.bias = work.zeros();
  packed.inputs = sequence;
  packed.outputs = width;
  for (int p = 0; p < packed.panels(); ++p) {
    int const first = p * panel_width, count = width - first < panel_width ? width - first : panel_width;
    float* const panel = to + static_cast<std::ptrdiff_t>(p) * sequence * panel_width;
    if (count == panel_width) {
      block.elements({0, sequence, 1}, {0, panel_width, 1}, [=](int r, int j) ARDENT_INLINE_LAMBDA {
        panel[r * panel_width + j] = row_of(values, r, stride)[first + j];
      });
    } else {
      block.elements({0, sequence, 1}, {0, panel_width, 1}, [=](int r, int j) ARDENT_INLINE_LAMBDA {
        panel[r * panel_width + j] = j < count ? row_of(values, r, stride)[first + j] : 0.0F;
      });
    }
  }
  return packed;
}

/// @brief scores[r] = exp(scale (scores[r] - its largest)), inverse[r] = 1 / its sum. Subtracting the largest keeps exp
/// from overflowing. 16 maxima and sums are kept, whatever the vectors are.
template <class Block>
void exponentiate(Block const& block, float* scores, int stride, int rows, int columns, float scale, float* inverse) {
  constexpr int lanes = 16;
  block.elements({0, rows, 1}, {0, 1, 1}, [=](int r, int) ARDENT_INLINE_LAMBDA {
    float* const row = row_of(scores, r, stride);
    int const whole = columns / lanes * lanes;
    float most[lanes], sum[lanes];
    for (int j = 0; j < lanes; ++j) most[j] = row[j < columns ? j : 0];
    for (int c = 0; c < whole; c += lanes)
      for (int j = 0; j < lanes; ++j) most[j] = row[c + j] > most[j] ? row[c + j] : most[j];
    for (int c = whole; c < columns; ++c) most[0] = row[c] > most[0] ? row[c] : most[0];
    float largest = most[0];
    for (int j = 1; j < lanes; ++j) largest = most[j] > largest ? most[j] : largest;
    for (int j = 0; j < lanes; ++j) sum[j] = 0.0F;
    for (int c = 0; c < whole; c += lanes)
      for (int j = 0; j < lanes; ++j) {
        float const e = exp_of_negative(scale * (row[c + j] - largest));
        row[c + j] = e;
        sum[j] += e;
      }
    for (int c = whole; c < columns; ++c) {
      row[c] = exp_of_negative(scale * (row[c] - largest));
      sum[c - whole] += row[c];
    }
    for (int half = lanes / 2; half > 0; half /= 2)
      for (int j = 0; j < half; ++j) sum[j] += sum[j + half];
    inverse[r] = 1.0F / sum[0];
  });
}

/// @brief Queries, keys and values of an attention: rows of [heads][head width].
struct attention_rows {
  float const* queries;  ///< `query_stride` floats from row to row
  int query_stride;
  int rows;             ///< of queries
  float const* keys;    ///< `key_stride` floats from row to row
  float const* values;  ///< likewise
  int key_stride;
  int count;           ///< of keys
  int const* visible;  ///< [rows], keys that a query sees; null for all
  int sharing = 1;     ///< heads of queries in a row that share a head of keys and values
};

/// @brief to [rows][width] = softmax(q k^T / sqrt(head width)) v, head by head, over the keys that each query sees.
template <class Block>
void attend_to(Block const& block, attention_rows const& of, int width, int heads, float* to, workspace& work) {
  int const head_width = width / heads, score_stride = work.score_stride();
  float const scale = 1.0F / std::sqrt(static_cast<float>(head_width));
  float* const scores = work.scores();
  float* const inverse = work.factors();
  packed_matrix<float> keys, values;
  for (int head = 0; head < heads; ++head) {
    int const column = head * head_width;
    if (head % of.sharing == 0) {
      int const shared = head / of.sharing * head_width;
      keys = pack_keys(block, of.keys + shared, of.key_stride, of.count, head_width, work);
      values = pack_values(block, of.values + shared, of.key_stride, of.count, head_width, work);
    }
    for (int begin = 0; begin < of.rows; begin += workspace::chunk) {
      strided_range const rows{0, std::min(workspace::chunk, of.rows - begin), 1};
      float const* const queries = row_of(of.queries, begin, of.query_stride) + column;
      block.product(ardent::product_rows<float>{queries, of.query_stride}, rows, keys, {0, keys.panels(), 1},
                    [=](int i, int c, float y) ARDENT_INLINE_LAMBDA { row_of(scores, i, score_stride)[c] = y; });
      if (of.visible == nullptr) {
        exponentiate(block, scores, score_stride, rows.last, of.count, scale, inverse);
      } else {
        for (int i = 0; i < rows.last; ++i) {
          int const seen = of.visible[begin + i];
          float* const row = row_of(scores, i, score_stride);
          exponentiate(block, row, score_stride, 1, seen, scale, inverse + i);
          std::fill(row + seen, row + of.count, 0.0F);  // values that are not seen add nothing
        }
      }
      float* const out = row_of(to, begin, width) + column;
      block.product(ardent::product_rows<float>{scores, score_stride}, rows, values, {0, values.panels(), 1},
                    [=](int i, int c, float y) ARDENT_INLINE_LAMBDA { row_of(out, i, width)[c] = y * inverse[i]; });
    }
  }
}

/// @brief x [rows][width] += fc2(GELU(fc1(norm2(x)))).
template <class Storage, class Block>
void add_mlp(Block const& block, packed_block<Storage> const& layer, float* x, int rows, workspace& work) {
  int const width = layer.width(), hidden_stride = workspace::hidden_stride(layer.hidden());
  normalise(block, layer.norm2, x, rows, work.features(), work.factors());
  float* const hidden = work.hidden();
  multiply(block, layer.fc1, work.features(), rows, work,
           [=](int r, int c, float y) ARDENT_INLINE_LAMBDA { row_of(hidden, r, hidden_stride)[c] = gelu(y); });
  multiply(block, layer.fc2, hidden, hidden_stride, {0, rows, 1}, {0, layer.fc2.panels(), 1}, work,
           [=](int r, int c, float y) ARDENT_INLINE_LAMBDA { row_of(x, r, width)[c] += y; });
}

/// @brief x [rows][width] += proj(attention); see attention_rows.
template <class Storage, class Block>
void attend(Block const& block, packed_block<Storage> const& layer, float* x, attention_rows const& of,
            workspace& work) {
  int const width = layer.width();
  attend_to(block, of, width, layer.heads, work.features(), work);
  multiply(block, layer.proj, work.features(), of.rows, work,
           [=](int r, int c, float y) ARDENT_INLINE_LAMBDA { row_of(x, r, width)[c] += y; });
}

/// @brief See transformer.hpp.
template <class Storage, class Block>
void attend_and_mlp(Block const& block, packed_block<Storage> const& layer, float* x, int rows, int first_query,
                    workspace& work) {
  int const width = layer.width(), wanted = rows - first_query, stride = 3 * width;
  float* const out = row_of(x, first_query, width);
  float* const qkv = work.qkv();
  attend(block, layer, out,
         {row_of(qkv, first_query, stride), stride, wanted, qkv + width, qkv + 2 * width, stride, rows, nullptr}, work);
  add_mlp(block, layer, out, wanted, work);
}

}  // namespace examples::transformer::kernels
