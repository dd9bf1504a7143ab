// SPDX-License-Identifier: Apache-2.0
//
// The parts of a pre-norm vision transformer: linear layers, LayerNorm, and the block of attention and MLP. Products
// are the library's: at the instruction-set level of the CPU, each output one chain of multiply-adds. One sequence a
// call: a row comes out as that sequence says, whatever other rows are computed in the same call, and on whatever
// thread. Everything a call needs besides the weights lies in a workspace, so that calls on const weights may run at
// the same time, one workspace a thread, and none of them allocates.
#pragma once

#include <ardent/group/host_fast.hpp>

#include "aligned_memory.hpp"
#include "transformer_packing.hpp"

namespace examples::transformer {

/// @brief The temporaries of a block. One may serve blocks of several sizes and storages, one after the other.
class workspace {
 public:
  /// @brief Most queries whose attention weights are in memory at a time.
  static constexpr int chunk = 48;

  /// @param rows longest sequence, at least 1
  /// @param width largest width of a row
  /// @param hidden largest hidden width of an MLP
  /// @param level instructions to use, which the CPU must have
  workspace(int rows, int width, int hidden, ardent::simd_level level);

  /// @brief Instructions to use.
  [[nodiscard]] ardent::simd_level level() const noexcept { return level_; }
  /// @brief Queries, keys and values, [rows][3 width] for the width of the block at work.
  [[nodiscard]] float* qkv() noexcept { return qkv_.data(); }
  /// @brief LayerNorm's result, then the attention's, [rows][width].
  [[nodiscard]] float* features() noexcept { return features_.data(); }
  /// @brief The MLP's hidden layer, [rows][hidden] with hidden_stride(hidden) floats from row to row.
  [[nodiscard]] float* hidden() noexcept { return hidden_.data(); }
  /// @brief An odd number of 64 bytes, in floats: a column of many rows, which a product reads together, then lies in
  /// many sets of a first-level cache. (A width of 3072 would put it into one.)
  [[nodiscard]] static constexpr int hidden_stride(int hidden) noexcept { return ((hidden + 15) / 16 | 1) * 16; }
  /// @brief What products with weights of a narrow storage read, [rows] of the largest width.
  [[nodiscard]] std::byte* narrow() noexcept { return narrow_.data(); }
  /// @brief The attention weights of one head and up to `chunk` queries, [chunk][score_stride()].
  [[nodiscard]] float* scores() noexcept { return scores_.data(); }
  /// @brief Floats from one row of scores to the next.
  [[nodiscard]] int score_stride() const noexcept { return score_stride_; }
  /// @brief A number for each of `chunk` rows.
  [[nodiscard]] float* factors() noexcept { return factors_.data(); }
  /// @brief The keys of a head, packed as weights are.
  [[nodiscard]] float* keys() noexcept { return keys_.data(); }
  /// @brief The values of a head, packed as weights are.
  [[nodiscard]] float* values() noexcept { return values_.data(); }
  /// @brief Zeros, as many as a sequence or a row is long: the bias of products that have none.
  [[nodiscard]] float const* zeros() const noexcept { return zeros_.data(); }

 private:
  ardent::simd_level level_;
  int score_stride_;
  aligned_floats features_, qkv_, hidden_, scores_, factors_, keys_, values_, zeros_;
  aligned_memory narrow_;
};

/// @brief y = layer(x).
/// @param x [rows][layer.inputs]
/// @param rows at least 0
/// @param y [rows][layer.outputs], must not overlap x
template <class Storage>
void apply(ardent::packed_matrix<Storage> const& layer, float const* x, int rows, float* y, workspace& work);

/// @brief y = norm(x).
/// @param x [rows][norm.width]
/// @param rows at least 0
/// @param y [rows][norm.width], x itself or not overlapping it
void apply(packed_norm const& norm, float const* x, int rows, float* y, workspace& work);

/// @brief First half of a block: writes qkv(norm1(x)) of the rows [begin, end) into work.qkv().
///
/// These rows depend on nothing but the same rows of x, so where x is known beforehand the caller may keep them and
/// copy them into work.qkv() instead.
/// @param x [end][width], the sequence that enters the block
/// @param begin first row to do
/// @param end one past the last row to do
/// @param first_query queries are needed only for rows from here on, keys and values for all
/// @param work of at least `end` rows and the block's widths
template <class Storage>
void project_qkv(packed_block<Storage> const& layer, float const* x, int begin, int end, int first_query,
                 workspace& work);

/// @brief Second half of a block: attention over work.qkv(), projection and MLP, added to x.
/// @param x [rows][width]; the rows [first_query, rows) are updated, the others neither read nor written
/// @param rows length of the sequence; work.qkv() holds keys and values of all its rows
/// @param first_query first row that is wanted; 0 for all
/// @param work as for project_qkv
template <class Storage>
void attend_and_mlp(packed_block<Storage> const& layer, float* x, int rows, int first_query, workspace& work);

/// @brief The attention of a block's second half alone, over keys and values that the caller keeps: those of rows that
/// are not in this call are still there.
/// @param x [rows][width], updated; work.qkv() holds the queries of its rows
/// @param rows at least 0
/// @param kept [count][2 width]: key and value of a row
/// @param count at least 1
/// @param work of at least max(rows, count) rows and the block's widths
template <class Storage>
void attend(packed_block<Storage> const& layer, float* x, int rows, float const* kept, int count, workspace& work);

/// @brief The MLP of a block's second half alone.
/// @param x [rows][width], updated
/// @param rows at least 0
template <class Storage>
void add_mlp(packed_block<Storage> const& layer, float* x, int rows, workspace& work);

}  // namespace examples::transformer
