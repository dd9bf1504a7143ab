// SPDX-License-Identifier: Apache-2.0
//
// The smallest executor: this thread, at one instruction-set level known at compile time. It compiles a third of what
// executor::host does.
#pragma once

#include <ardent/group/host_fast.hpp>

namespace test {

/// @brief An executor of one block of one thread. Offers what executor::basic_host offers.
/// @tparam Dot  with avx512: the dot products of avx512_dot too
template <ardent::simd_level Level, bool Dot = false>
struct one_level {
  int threads() const { return 1; }  ///< this thread
  int groups() const { return 1; }   ///< one block
  /// @brief See executor::basic_host.
  template <class F>
  void parallel_for(int n, F const& f) const {
    for (int i = 0; i < n; ++i) f(i, 0);
  }
  /// @brief See executor::basic_host.
  template <class Kernel>
  void run_tiles(int n, Kernel const& kernel) const {
    ardent::host_block<Level> block(Dot);
    ardent::solo_grid grid;
    for (int tile = 0; tile < n; ++tile) kernel(block, grid, tile, 0);
  }
  /// @brief See executor::basic_host.
  template <class Kernel>
  void run_team(Kernel const& kernel) const {
    ardent::host_block<Level> block(Dot);
    ardent::solo_grid grid;
    kernel(block, grid, 0);
  }
};

}  // namespace test
