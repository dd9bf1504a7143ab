// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief Runs kernels on the checked groups: for tests of kernel bodies on a machine without a GPU.

#include <ardent/group/host_checked.hpp>

#include <set>

namespace ardent {
inline namespace v0 {
namespace executor {

/// @brief An executor whose blocks are real threads. Offers what basic_host offers; slow, and meant to be.
class checked {
 public:
  /// @param blocks    blocks of a grid, at least 1
  /// @param threads   threads of a block, at least 1
  /// @param order     how the threads run
  /// @param left_out  a sync that is left out, to prove that a test would notice; by default none
  checked(int blocks, int threads, checked_order order = checked_order::concurrent, sync_place left_out = {})
      : blocks_(blocks), threads_(threads), order_(order), left_out_(std::move(left_out)) {}

  int threads() const { return 1; }       ///< host loops run on one thread
  int groups() const { return blocks_; }  ///< blocks of a grid

  /// @brief Every place that has called sync so far.
  std::set<sync_place> const& places() const { return places_; }

  /// @brief f(i, 0) for i in [0, n).
  template <class F>
  void parallel_for(int n, F const& f) const {
    for (int i = 0; i < n; ++i) f(i, 0);
  }

  /// @brief kernel(block, grid, tile, 0) for tiles in [0, n), one block after the other.
  template <class Kernel>
  void run_tiles(int n, Kernel const& kernel) const {
    for (int tile = 0; tile < n; ++tile) {
      detail::checked_machine machine(1, threads_, order_, left_out_);
      machine.run([&](int block, int rank) {
        checked_block b(machine, block, rank);
        checked_solo_grid grid;
        kernel(b, grid, tile, 0);
      });
      places_.insert(machine.places().begin(), machine.places().end());
    }
  }

  /// @brief kernel(block, grid, worker) by all blocks as one grid.
  template <class Kernel>
  void run_team(Kernel const& kernel) const {
    detail::checked_machine machine(blocks_, threads_, order_, left_out_);
    machine.run([&](int block, int rank) {
      checked_block b(machine, block, rank);
      checked_grid grid(block, blocks_);
      kernel(b, grid, block);
    });
    places_.insert(machine.places().begin(), machine.places().end());
  }

 private:
  int blocks_;
  int threads_;
  checked_order order_;
  sync_place left_out_;
  mutable std::set<sync_place> places_;
};

}  // namespace executor
}  // namespace v0
}  // namespace ardent
