// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief The host's checked groups: many real threads a block, so that a missing sync, a rank bug or a race shows.
///
/// For tests. Two ways to run: all threads at once (for the thread sanitizer), or one at a time from sync to sync in
/// ascending or descending order of rank, which turns a missing sync into wrong numbers every time. A sync can be
/// left out by its place in the source, to prove that a test would notice.

#include <ardent/detail/checked_machine.hpp>
#include <ardent/group/group.hpp>
#include <ardent/tile/format.hpp>

#include <cmath>
#include <limits>
#include <source_location>

namespace ardent {
inline namespace v0 {

/// @brief One thread's view of its block in the checked model. It is also a tile_block: 32 threads are a warp, whose
/// multiplications of fragments follow the same maps of lanes to elements as a GPU's.
class checked_block : public detail::spread_by_threads<checked_block> {
 public:
  /// @param machine  the threads
  /// @param block    which block
  /// @param rank     which of its threads
  checked_block(detail::checked_machine& machine, int block, int rank)
      : machine_(machine), block_(block), rank_(rank) {}

  int rank() const { return rank_; }                             ///< this thread
  int size() const { return machine_.threads_in_block(); }       ///< threads of the block
  int index() const { return block_; }                           ///< this block
  detail::checked_machine& machine() const { return machine_; }  ///< the threads
  int lane() const { return rank_ % warp_size; }                 ///< this thread in its warp
  int warp() const { return rank_ / warp_size; }                 ///< its warp
  int warps() const { return size() / warp_size; }               ///< whole warps of the block

  /// @brief Waits for all threads of the block.
  void sync(std::source_location where = std::source_location::current()) {
    machine_.sync(block_, rank_, detail::checked_machine::barrier_of_block, where);
  }

  /// @brief See block_group. Whole warps sum as a GPU's do; of other sizes every thread sums its columns of each row,
  /// and then one thread a row adds the parts.
  template <class F, class Finish>
  void row_sums(strided_range rows, int columns, F f, Finish finish) {
    if (size() % warp_size == 0) return spread_by_threads::row_sums(rows, columns, f, finish);
    float* const partial = machine_.partial_sums(block_);
    for (int r = rows.first; r < rows.last; r += rows.step) {
      float sum = 0;
      for (int c = rank_; c < columns; c += size()) sum += f(r, c);
      partial[rank_] = sum;
      sync();
      if (rank_ == r % size()) {
        float total = 0;
        for (int i = 0; i < size(); ++i) {
          total += partial[i];
          partial[i] = std::numeric_limits<float>::quiet_NaN();
        }
        finish(r, total);
      }
      sync();
    }
  }

  /// @brief See tile_block. Products are exact and added in double, then rounded once.
  template <fragment_kind Kind>
  void multiply(float (&c)[4], std::uint32_t const (&a)[4], std::uint32_t const (&b)[2]) {
    constexpr int words = detail::checked_machine::words_of_lane, depth = fragment::depth(Kind);
    std::uint32_t* const shown = next_words();
    for (int i = 0; i < 4; ++i) shown[lane() * words + i] = a[i];
    for (int i = 0; i < 2; ++i) shown[lane() * words + 4 + i] = b[i];
    machine_.wait_for_warp(block_, rank_);
    float whole_a[16][depth], whole_b[depth][8];
    for (int other = 0; other < warp_size; ++other)
      for (int half = 0; half < fragment::elements(Kind); ++half) {
        for (int i = 0; i < 4; ++i)
          whole_a[fragment::a_row(other, i)][fragment::a_k(Kind, other, i, half)] =
              element<Kind>(shown[other * words + i], half);
        for (int i = 0; i < 2; ++i)
          whole_b[fragment::b_k(Kind, other, i, half)][fragment::b_column(other)] =
              element<Kind>(shown[other * words + 4 + i], half);
      }
    for (int i = 0; i < 4; ++i) {
      double sum = static_cast<double>(c[i]);
      for (int k = 0; k < depth; ++k)
        sum += static_cast<double>(whole_a[fragment::c_row(lane(), i)][k]) *
               static_cast<double>(whole_b[k][fragment::c_column(lane(), i)]);
      c[i] = static_cast<float>(sum);
    }
  }

  /// @brief See tile_block.
  float warp_sum(float v) {
    constexpr int words = detail::checked_machine::words_of_lane;
    std::uint32_t* const shown = next_words();
    shown[lane() * words] = detail::float_to_bits(v);
    machine_.wait_for_warp(block_, rank_);
    float sum[warp_size];
    for (int i = 0; i < warp_size; ++i) sum[i] = detail::bits_to_float(shown[i * words]);
    for (int width = warp_size / 2; width > 0; width /= 2)
      for (int i = 0; i < width; ++i) sum[i] += sum[i + width];
    return sum[0];
  }

 private:
  /// Where the lanes show their words now. The next time they use the other place: a lane that comes to write here
  /// again has waited in between for those that read.
  std::uint32_t* next_words() {
    turn_ = 1 - turn_;
    return machine_.warp_words(block_, rank_, turn_);
  }
  /// An element of a fragment's word.
  template <fragment_kind Kind>
  static float element(std::uint32_t word, int half) {
    if constexpr (Kind == fragment_kind::tf32) return detail::bits_to_float(word & 0xffffe000u);
    const auto bits = static_cast<std::uint16_t>(word >> 16 * half);
    if constexpr (Kind == fragment_kind::fp16) return to_float(float16{bits});
    return to_float(bfloat16{bits});
  }

  detail::checked_machine& machine_;
  int block_;
  int rank_;
  int turn_ = 0;
};

/// @brief All blocks of the checked machine as one grid.
class checked_grid {
 public:
  /// @param rank  this block
  /// @param size  number of blocks
  checked_grid(int rank, int size) : rank_(rank), size_(size) {}
  int rank() const { return rank_; }  ///< this block
  int size() const { return size_; }  ///< number of blocks
  /// @brief Waits for all threads of all blocks.
  void sync(checked_block& block, std::source_location where = std::source_location::current()) {
    block.machine().sync(block.index(), block.rank(), detail::checked_machine::barrier_of_grid, where);
  }

 private:
  int rank_;
  int size_;
};

/// @brief The grid of a checked block that has its tile to itself.
class checked_solo_grid {
 public:
  int rank() const { return 0; }  ///< 0
  int size() const { return 1; }  ///< 1
  /// @brief The block's sync.
  void sync(checked_block& block, std::source_location where = std::source_location::current()) { block.sync(where); }
};

}  // namespace v0
}  // namespace ardent
