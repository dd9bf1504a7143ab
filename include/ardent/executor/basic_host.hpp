// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief The host executor: kernels on CPU threads, at the instruction-set level of the CPU.

#include <ardent/group/host_fast.hpp>

#include <atomic>
#include <stdexcept>
#include <string>
#include <thread>

namespace ardent {
inline namespace v0 {
namespace executor {

/// @brief Runs kernels on a pool of threads. A const-callable object; concurrent calls take turns.
///
/// An executor offers, and `generate` uses:
/// - `threads()`: how many work at once; `groups()`: how many tiles are worked on at once, each by its own group.
/// - `parallel_for(n, f)`: f(i, worker) for i in [0, n), in any order; worker in [0, threads()).
/// - `run_tiles(n, kernel)`: kernel(block, grid, tile, worker) for n tiles, each by one block.
/// - Called from inside one of these, `parallel_for` and `run_tiles` run on the calling thread alone, and `run_team`
///   throws: the other threads are busy.
/// - `run_team(kernel)`: kernel(block, grid, worker) by all groups together, as one grid. It must not throw: the others
///   would wait for it at a barrier for ever.
///
/// @tparam Pool  threads that run one function at once: `Pool(int)`, `size()`, `run(f)`, one caller at a time
template <class Pool>
class basic_host {
 public:
  /// @param threads  at least 1; 0 takes as many as the machine has
  /// @param level    instruction-set level; not above host_level()
  /// @throws std::invalid_argument if threads is negative, or the CPU lacks the level
  explicit basic_host(int threads = 0, simd_level level = host_level())
      : pool_(checked(threads)), barrier_(pool_.size()), level_(level) {
    if (level > host_level())
      throw std::invalid_argument("ardent::executor: this CPU lacks the instruction-set level asked for");
  }

  /// @brief Number of threads.
  int threads() const { return pool_.size(); }
  /// @brief Number of groups: one thread each.
  int groups() const { return pool_.size(); }
  /// @brief Instruction-set level.
  simd_level level() const { return level_; }

  /// @brief f(i, worker) for i in [0, n).
  template <class F>
  void parallel_for(int n, F const& f) const {
    const bool nested = inside().executor == this;
    if (threads() == 1 || n == 1 || nested) {
      for (int i = 0; i < n; ++i) f(i, nested ? inside().worker : 0);
      return;
    }
    std::atomic<int> next{0};
    pool_.run([&](int worker) {
      const entered entry(this, worker);
      for (int i = next.fetch_add(1); i < n; i = next.fetch_add(1)) f(i, worker);
    });
  }

  /// @brief kernel(block, grid, tile, worker) for tiles in [0, n), a block of one thread each.
  template <class Kernel>
  void run_tiles(int n, Kernel const& kernel) const {
    at_level([&](auto block) {
      parallel_for(n, [&](int tile, int worker) {
        host_team grid(0, 1, nullptr);  // the team's type, so that a kernel is compiled once for both
        kernel(block, grid, tile, worker);
      });
    });
  }

  /// @brief kernel(block, grid, worker) by all threads as one grid.
  template <class Kernel>
  void run_team(Kernel const& kernel) const {
    if (inside().executor == this)
      throw std::logic_error(
          "ardent::executor: run_team was called from inside a kernel of the same executor, whose "
          "threads are busy. Call it from outside, or use another executor.");
    at_level([&](auto block) {
      pool_.run([&](int worker) {
        const entered entry(this, worker);
        host_team grid(worker, threads(), &barrier_);
        kernel(block, grid, worker);
      });
    });
  }

 private:
  /// The executor that this thread is working for, and as which worker.
  struct place {
    void const* executor = nullptr;
    int worker = 0;
  };
  static place& inside() {
    thread_local place here;
    return here;
  }
  struct entered {
    place before;
    entered(void const* executor, int worker) : before(inside()) { inside() = {executor, worker}; }
    ~entered() { inside() = before; }
  };

  static int checked(int threads) {
    if (threads < 0)
      throw std::invalid_argument("ardent::executor: expected at least 1 thread (or 0 for all), found " +
                                  std::to_string(threads));
    if (threads > 0) return threads;
    const unsigned all = std::thread::hardware_concurrency();
    return all == 0 ? 1 : static_cast<int>(all);
  }

  template <class F>
  void at_level(F const& f) const {
    switch (level_) {
      case simd_level::avx512_dot:
      case simd_level::avx512:
        return f(host_block<simd_level::avx512>(level_ == simd_level::avx512_dot));
      case simd_level::avx2:
        return f(host_block<simd_level::avx2>{});
      case simd_level::baseline:
        return f(host_block<simd_level::baseline>{});
    }
  }

  mutable Pool pool_;                     // run() lets one caller in at a time, so that
  mutable detail::spin_barrier barrier_;  // one team at a time uses the barrier
  simd_level level_;
};

}  // namespace executor
}  // namespace v0
}  // namespace ardent
