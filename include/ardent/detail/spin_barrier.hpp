// SPDX-License-Identifier: Apache-2.0
#pragma once

// The barrier of a team of threads that meet every few microseconds: a thread looks for a while before it sleeps.

#include <ardent/config.hpp>

#include <atomic>
#include <thread>

namespace ardent {
inline namespace v0 {
namespace detail {

class spin_barrier {
 public:
  /// @param size  threads, at least 1
  explicit spin_barrier(int size)
      : size_(size), looks_(static_cast<unsigned>(size) <= std::thread::hardware_concurrency() ? 4096 : 0) {}

  /// Waits until all threads are here. What any of them wrote before, all see afterwards.
  void arrive_and_wait() {
    const unsigned phase = phase_.load(std::memory_order_relaxed);  // it ends only once this thread has arrived
    if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == size_) {
      arrived_.store(0, std::memory_order_relaxed);
      // Not release: notify_all() looks whether anybody sleeps, and a look that comes before the phase is seen to end
      // would miss one who is about to, for ever.
      phase_.store(phase + 1, std::memory_order_seq_cst);
      phase_.notify_all();
      return;
    }
    // sleeping and being woken takes as long as many of the layers that lie between two barriers
    for (int i = 0; i < looks_; ++i) {
      if (phase_.load(std::memory_order_acquire) != phase) return;
      relax();
    }
    phase_.wait(phase, std::memory_order_acquire);
  }

 private:
  static void relax() {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
  }

  int size_;
  int looks_;  // none where threads outnumber processors: the one that is waited for would have to wait too
  // a cache line each: arrivals do not disturb those who look
  alignas(64) std::atomic<int> arrived_{0};
  alignas(64) std::atomic<unsigned> phase_{0};
};

}  // namespace detail
}  // namespace v0
}  // namespace ardent
