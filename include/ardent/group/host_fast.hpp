// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief The host's fast groups: a block of one thread whose loops use the CPU's vectors, and a team of such blocks.

#include <ardent/detail/host_simd.hpp>
#include <ardent/detail/spin_barrier.hpp>
#include <ardent/group/group.hpp>

namespace ardent {
inline namespace v0 {

/// @brief A block of one: the collectives are vectorised loops at a chosen instruction-set level.
/// @tparam Level  the instructions used, up to avx512; the CPU must have them (see host_level())
template <simd_level Level>
class host_block {
  static_assert(Level <= simd_level::avx512,
                "ardent::host_block: avx512_dot is not a level of its own. Use avx512 and host_block(true).");

 public:
  /// @param dot  with avx512: take the dot products of avx512_dot too
  explicit host_block(bool dot = false) : dot_(dot) {}

  static constexpr int rank() { return 0; }  ///< 0
  static constexpr int size() { return 1; }  ///< 1
  /// @brief Nothing: a thread sees what it wrote.
  static void sync() {}

  /// @brief See block_group.
  template <class F>
  static void elements(strided_range rows, strided_range columns, F f) {
    detail::host_simd<Level>::elements(rows, columns, f);
  }

  /// @brief See block_group. 16 partial sums, added in a tree, at every level.
  template <class F, class Finish>
  static void row_sums(strided_range rows, int columns, F f, Finish finish) {
    detail::host_simd<Level>::row_sums(rows, columns, f, finish);
  }

  /// @brief See block_group.
  template <class Storage>
  void narrow(float const* x, int stride, strided_range rows, int inputs, product_rows<Storage> const& to) const {
    detail::host_simd<Level>::narrow(dot_, x, stride, rows, inputs, to);
  }

  /// @brief See block_group. One chain of multiply-adds over k for every output.
  template <class Storage, class F>
  void product(product_rows<Storage> const& x, strided_range rows, packed_matrix<Storage> const& matrix,
               strided_range panels, F f) const {
    detail::host_simd<Level>::product(dot_, x, rows, matrix, panels, f);
  }

 private:
  bool dot_;
};

/// @brief The grid of threads that share a tile: each is a block.
class host_team {
 public:
  /// @param rank     this thread, in [0, size)
  /// @param size     threads of the team
  /// @param barrier  for `size` threads; may be null if size is 1
  host_team(int rank, int size, detail::spin_barrier* barrier) : rank_(rank), size_(size), barrier_(barrier) {}
  int rank() const { return rank_; }  ///< this thread
  int size() const { return size_; }  ///< number of threads
  /// @brief Waits for all threads of the team.
  template <class Block>
  void sync(Block&) {
    if (size_ > 1) barrier_->arrive_and_wait();
  }

 private:
  int rank_;
  int size_;
  detail::spin_barrier* barrier_;
};

}  // namespace v0
}  // namespace ardent
