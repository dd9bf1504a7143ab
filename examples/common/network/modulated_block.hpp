// SPDX-License-Identifier: Apache-2.0
//
// What the transformers of FlowAR, xAR and Harmon's kin are made of: RMSNorm, rotary embedding in two dimensions,
// attention that remembers keys and values, gated MLP, and modulation by a condition. One sequence a call, as in
// transformer.hpp: a row comes out as its sequence says, whatever is computed beside it and on whatever thread. Nothing
// here allocates but the constructors.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "aligned_memory.hpp"
#include "modulated_weights.hpp"
#include "transformer.hpp"

namespace examples::transformer {

/// @brief Added to the mean square by every RMSNorm here.
inline constexpr float rms_epsilon = 1e-6F;

/// @brief Gate, scale and shift of the rows of a sequence, for one half of a block: row r has those at
/// (r / rows) * stride. A stride of 0 is one modulation for all rows; rows = 1 is one for each.
struct modulation {
  float const* gate = nullptr;   ///< [groups], `stride` floats apart; null where there is none
  float const* scale = nullptr;  ///< likewise
  float const* shift = nullptr;  ///< likewise
  int stride = 0;                ///< floats from one group of rows to the next
  int rows = 1;                  ///< rows in a group, at least 1
};

/// @brief The modulation of a half of a block from its six vectors.
/// @param vectors  [groups][6][width]: gate1, gate2, scale1, scale2, shift1, shift2
/// @param width    of a row
/// @param half     0: attention, 1: MLP
/// @param rows     rows of the sequence in a group
[[nodiscard]] constexpr modulation half_of(float const* vectors, int width, int half, int rows) {
  return {vectors + half * width, vectors + (2 + half) * width, vectors + (4 + half) * width, 6 * width, rows};
}

/// @brief Cosines and sines by which the rows of a sequence are rotated, in the order of the rows.
struct rotation {
  float const* cosine = nullptr;  ///< [rows][head width / 2]
  float const* sine = nullptr;    ///< [rows][head width / 2]
};

/// @brief Rotary embedding in two dimensions: the first half of a head turns with the token's row, the second with its
/// column; neighbours (x0, x1) turn together, by position * 10000^(-4 k / head width) for k < head width / 4.
///
/// Source: Su et al., RoFormer, arXiv 2104.09864; in two dimensions as in FlowAR's and xAR's published code.
class rotary_table {
 public:
  rotary_table() = default;
  /// @param rows        a row coordinate for each entry
  /// @param columns     as many column coordinates
  /// @param head_width  a multiple of 4
  /// @throws std::invalid_argument if these do not fit
  rotary_table(std::span<float const> rows, std::span<float const> columns, int head_width);
  /// @brief The tokens of a square map in raster order, at coordinates j / side * extent.
  [[nodiscard]] static rotary_table of_map(int side, float extent, int head_width);

  /// @brief Positions 0, 1, ... of a sequence, as language models have it: pair p turns by position *
  /// theta^(-2 p / head width) for p < head width / 2.
  /// @param count       positions
  /// @param theta       base of the frequencies
  /// @param head_width  an even number
  [[nodiscard]] static rotary_table of_line(int count, double theta, int head_width);

  /// @brief The rotation of a sequence whose first row is entry `first`.
  [[nodiscard]] rotation from(int first = 0) const noexcept {
    auto const skip = static_cast<std::ptrdiff_t>(first) * pairs_;
    return {cosine_.data() + skip, sine_.data() + skip};
  }

 private:
  int pairs_ = 0;
  std::vector<float> cosine_, sine_;
};

/// @brief Keys and values of one sequence in one block: those that are kept, and room behind them for the rows at work.
class key_values {
 public:
  /// @param capacity  kept rows and rows at work together, at most
  /// @param width     of a row
  key_values(int capacity, int width);

  /// @brief Rows that are kept.
  [[nodiscard]] int kept() const noexcept { return kept_; }
  /// @brief Keeps the first `rows`, which have been written; 0 forgets all.
  void keep(int rows) noexcept { kept_ = rows; }
  /// @brief Most rows.
  [[nodiscard]] int capacity() const noexcept { return capacity_; }
  [[nodiscard]] float* keys() noexcept { return keys_.data(); }      ///< [capacity][width], rotated
  [[nodiscard]] float* values() noexcept { return values_.data(); }  ///< [capacity][width]

 private:
  int capacity_;
  int kept_ = 0;
  aligned_floats keys_, values_;
};

// Every workspace below: `workspace(rows, width, hidden, level)` with rows the most keys that a query sees (kept ones
// included), width the widest row or context, hidden the widest hidden layer.

/// @brief y = RMSNorm(x).
/// @param x       [rows][width]
/// @param weight  [width], or null for none
/// @param y       [rows][width], x itself or not overlapping it
void rms_norm(float const* x, int rows, int width, float const* weight, float* y, workspace& work);

/// @brief y = RMSNorm(x) (1 + scale) + shift.
/// @param x,y  as for rms_norm
/// @param by   its gate is not read
void modulated_norm(float const* x, int rows, int width, modulation const& by, float* y, workspace& work);

/// @brief y = SiLU(x).
/// @param x  [count]
/// @param y  [count], x itself or not overlapping it
void silu(float const* x, int count, float* y, workspace& work);

/// @brief x += gate * proj(attention(RMSNorm(x) (1 + scale) + shift)); keys are rotated before they are remembered.
/// @param x       [rows][width], updated
/// @param by      modulation of the rows
/// @param turn    rotation of the rows
/// @param memory  keys and values that come before those of these rows; needs room for `rows` more
/// @param keep    how many of these rows, the first ones, are kept in `memory`; 0 leaves it as it was
/// @param work    of memory.kept() + rows rows
/// @param visible [rows]: how many keys a row sees, counted from the first one kept, at least 1 and at most
///                memory.kept() + rows; null if each sees all
/// @throws std::invalid_argument if memory has no room
void add_attention(packed_attention const& layer, float* x, int rows, modulation const& by, rotation const& turn,
                   key_values& memory, int keep, workspace& work, int const* visible = nullptr);

/// @brief x += gate * mlp(RMSNorm(x) (1 + scale) + shift).
/// @param x   [rows][width], updated
/// @param by  modulation of the rows
void add_gated_mlp(packed_gated_mlp const& layer, float* x, int rows, modulation const& by, workspace& work);

/// @brief Keys and values of a context for add_cross_attention: kv(RMSNorm(context)), keys rotated.
/// @param context  [rows][layer.context()]
/// @param to       [rows][2 width], written
void project_context(packed_cross_attention const& layer, float const* context, int rows, rotation const& turn,
                     float* to, workspace& work);

/// @brief x += proj(attention of q(RMSNorm(x)), rotated, to a context).
/// @param x             [rows][width], updated
/// @param context       [context_rows][2 width], from project_context
/// @param context_rows  at least 1
void add_cross_attention(packed_cross_attention const& layer, float* x, int rows, rotation const& turn,
                         float const* context, int context_rows, workspace& work);

}  // namespace examples::transformer
