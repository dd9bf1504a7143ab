// SPDX-License-Identifier: Apache-2.0
//
// The barrier of a team, where threads only look for the others and where they fall asleep.
#include <ardent/detail/spin_barrier.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <thread>
#include <vector>

namespace {

// Each thread counts phases in a place of its own, without atomics: the barrier alone makes them visible. Returns how
// often a thread saw another count than its own after a barrier. `late` is slept by one thread, in turn, each phase.
int disagreements(int threads, int phases, std::chrono::microseconds late) {
  ardent::detail::spin_barrier barrier(threads);
  std::vector<int> phase(static_cast<std::size_t>(threads), 0);
  std::atomic<int> wrong{0};
  std::vector<std::thread> others;
  for (int rank = 0; rank < threads; ++rank)
    others.emplace_back([&, rank] {
      for (int i = 1; i <= phases; ++i) {
        if (late.count() > 0 && i % threads == rank) std::this_thread::sleep_for(late);
        phase[static_cast<std::size_t>(rank)] = i;
        barrier.arrive_and_wait();
        wrong += static_cast<int>(std::count_if(phase.begin(), phase.end(), [i](int seen) { return seen != i; }));
        barrier.arrive_and_wait();  // nobody writes before all have looked
      }
    });
  for (std::thread& one : others) one.join();
  return wrong;
}

}  // namespace

TEST_CASE("spin_barrier: what was written before it is seen after it") {
  for (const int threads : {1, 2, 3, 4}) {
    CAPTURE(threads);
    CHECK(disagreements(threads, 2000, {}) == 0);
  }
}

TEST_CASE("spin_barrier: threads that have looked in vain sleep until the last arrives") {
  CHECK(disagreements(2, 20, std::chrono::milliseconds(5)) == 0);
}

TEST_CASE("spin_barrier: more threads than processors") {
  const int threads = static_cast<int>(std::thread::hardware_concurrency()) + 5;
  CHECK(disagreements(threads, 300, {}) == 0);
  CHECK(disagreements(threads, threads, std::chrono::milliseconds(1)) == 0);
}
