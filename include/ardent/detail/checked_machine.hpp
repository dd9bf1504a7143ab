// SPDX-License-Identifier: Apache-2.0
#pragma once

// The threads of the checked groups: a barrier for each block and one for the grid, run freely or one at a time.

#include <ardent/config.hpp>
#include <ardent/tile/fragment.hpp>

#include <barrier>
#include <condition_variable>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <mutex>
#include <set>
#include <source_location>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace ardent {
inline namespace v0 {

/// @brief How the checked groups run their threads.
enum class checked_order {
  concurrent,  ///< all at once
  ascending,   ///< one at a time from sync to sync, lowest rank first
  descending,  ///< one at a time from sync to sync, highest rank first
};

/// @brief A sync by its place in the source.
using sync_place = std::pair<std::string, unsigned>;

namespace detail {

class checked_machine {
 public:
  static constexpr int barrier_of_block = 0;
  static constexpr int barrier_of_grid = 1;
  static constexpr int barrier_of_warp = 2;
  static constexpr int words_of_lane = 6;  // what a lane shows its warp

  checked_machine(int blocks, int threads, checked_order order, sync_place left_out)
      : blocks_(blocks),
        threads_(threads),
        order_(order),
        left_out_(std::move(left_out)),
        grid_barrier_(blocks * threads),
        turn_(static_cast<std::size_t>(blocks * threads)),
        state_(static_cast<std::size_t>(blocks * threads), runnable),
        partial_(static_cast<std::size_t>(blocks),
                 std::vector<float>(static_cast<std::size_t>(threads), std::numeric_limits<float>::quiet_NaN())) {
    for (int b = 0; b < blocks; ++b) block_barriers_.push_back(std::make_unique<std::barrier<>>(threads));
    for (int i = 0; i < blocks * threads; i += threads_in_warp(i)) {
      warp_barriers_.resize(static_cast<std::size_t>(i));
      warp_barriers_.push_back(std::make_unique<std::barrier<>>(threads_in_warp(i)));
    }
    warp_words_.resize(static_cast<std::size_t>(2 * blocks * threads * words_of_lane));
    current_ = order == checked_order::descending ? blocks * threads - 1 : 0;
  }

  int blocks() const { return blocks_; }
  int threads_in_block() const { return threads_; }
  float* partial_sums(int block) { return partial_[static_cast<std::size_t>(block)].data(); }
  /// What the lanes of a thread's warp show one another, [lane][words_of_lane]; there are two, which take turns.
  std::uint32_t* warp_words(int block, int rank, int turn) {
    const int thread = first_of_warp(block * threads_ + rank) + turn * blocks_ * threads_;
    return warp_words_.data() + static_cast<std::ptrdiff_t>(thread) * words_of_lane;
  }

  /// Every place that called sync (rank 0 of block 0 keeps the list).
  std::set<sync_place> const& places() const { return places_; }

  /// f(block, rank) on every thread.
  template <class F>
  void run(F const& f) {
    std::vector<std::thread> workers;
    for (int i = 0; i < blocks_ * threads_; ++i)
      workers.emplace_back([this, i, &f] {
        if (order_ != checked_order::concurrent) wait_for_turn(i);
        f(i / threads_, i % threads_);
        if (order_ != checked_order::concurrent) leave(i);
      });
    for (std::thread& worker : workers) worker.join();
    if (stuck_) throw std::logic_error("ardent::checked_machine: threads wait at different barriers for ever");
  }

  void sync(int block, int rank, int barrier, std::source_location where) {
    const sync_place place{where.file_name(), where.line()};
    if (block == 0 && rank == 0) places_.insert(place);
    if (place != left_out_) wait(block, rank, barrier);
  }

  /// The threads of a warp wait for one another, as the lanes of a GPU's warp do in an instruction: not a sync that a
  /// kernel could forget.
  void wait_for_warp(int block, int rank) { wait(block, rank, barrier_of_warp); }

 private:
  enum thread_state { runnable, at_block, at_grid, at_warp, finished };

  /// A warp's first thread over all blocks, and its number of threads.
  int first_of_warp(int thread) const { return thread - thread % threads_ % warp_size; }
  int threads_in_warp(int first) const {
    const int left = threads_ - first % threads_;
    return left < warp_size ? left : warp_size;
  }

  void wait(int block, int rank, int barrier) {
    const int thread = block * threads_ + rank;
    if (order_ == checked_order::concurrent) {
      if (barrier == barrier_of_grid)
        grid_barrier_.arrive_and_wait();
      else if (barrier == barrier_of_warp)
        warp_barriers_[static_cast<std::size_t>(first_of_warp(thread))]->arrive_and_wait();
      else
        block_barriers_[static_cast<std::size_t>(block)]->arrive_and_wait();
      return;
    }
    std::unique_lock lock(mutex_);
    constexpr thread_state waiting[] = {at_block, at_grid, at_warp};
    state_[static_cast<std::size_t>(thread)] = waiting[barrier];
    if (barrier == barrier_of_warp)
      release_if_complete(first_of_warp(thread), threads_in_warp(first_of_warp(thread)), at_warp);
    else if (barrier == barrier_of_grid)
      release_if_complete(0, blocks_ * threads_, at_grid);
    else
      release_if_complete(block * threads_, threads_, at_block);
    pass_turn();
    turn_[static_cast<std::size_t>(thread)].wait(lock, [&] { return current_ == thread || stuck_; });
  }

  void wait_for_turn(int thread) {
    std::unique_lock lock(mutex_);
    turn_[static_cast<std::size_t>(thread)].wait(lock, [&] { return current_ == thread || stuck_; });
  }
  void leave(int thread) {
    const std::lock_guard lock(mutex_);
    state_[static_cast<std::size_t>(thread)] = finished;
    pass_turn();
  }
  void release_if_complete(int first, int count, thread_state waiting) {
    for (int i = first; i < first + count; ++i)
      if (state_[static_cast<std::size_t>(i)] != waiting) return;
    for (int i = first; i < first + count; ++i) state_[static_cast<std::size_t>(i)] = runnable;
  }
  /// Gives the turn to the first runnable thread in order; if threads are left and none can run, all give up.
  void pass_turn() {
    const int count = blocks_ * threads_;
    bool left = false;
    for (int i = 0; i < count; ++i) {
      const int thread = order_ == checked_order::descending ? count - 1 - i : i;
      if (state_[static_cast<std::size_t>(thread)] == runnable) {
        current_ = thread;
        turn_[static_cast<std::size_t>(thread)].notify_one();
        return;
      }
      left = left || state_[static_cast<std::size_t>(thread)] != finished;
    }
    stuck_ = stuck_ || left;
    if (stuck_)
      for (std::condition_variable& turn : turn_) turn.notify_all();
  }

  int blocks_;
  int threads_;
  checked_order order_;
  sync_place left_out_;
  std::barrier<> grid_barrier_;
  std::vector<std::unique_ptr<std::barrier<>>> block_barriers_;
  std::vector<std::unique_ptr<std::barrier<>>> warp_barriers_;  // at the place of a warp's first thread
  std::mutex mutex_;
  std::vector<std::condition_variable> turn_;  // one for each thread: a turn wakes one thread, not all
  std::vector<thread_state> state_;
  int current_ = 0;
  bool stuck_ = false;
  std::vector<std::vector<float>> partial_;
  std::vector<std::uint32_t> warp_words_;
  std::set<sync_place> places_;
};

}  // namespace detail
}  // namespace v0
}  // namespace ardent
