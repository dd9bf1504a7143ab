// SPDX-License-Identifier: Apache-2.0
#pragma once

// A fixed set of threads that all run the same function at once, again and again.

#include <ardent/config.hpp>

#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace ardent {
inline namespace v0 {
namespace detail {

/// Keeps the first exception that any worker throws, for the caller.
class first_exception {
 public:
  template <class F>
  void guard(F&& f) {
    try {
      f();
    } catch (...) {
      const std::lock_guard lock(mutex_);
      if (!first_) first_ = std::current_exception();
    }
  }
  void rethrow() {
    if (first_) std::rethrow_exception(first_);
  }

 private:
  std::mutex mutex_;
  std::exception_ptr first_;
};

class thread_pool {
 public:
  explicit thread_pool(int size) : size_(size) {
    try {
      for (int rank = 1; rank < size; ++rank) workers_.emplace_back([this, rank] { work(rank); });
    } catch (...) {
      stop();
      throw;
    }
  }
  ~thread_pool() { stop(); }
  thread_pool(thread_pool const&) = delete;
  thread_pool& operator=(thread_pool const&) = delete;

  int size() const { return size_; }

  /// f(rank) on every thread at once, rank 0 being the caller. Returns when all have; rethrows the first exception.
  template <class F>
  void run(F const& f) {
    const std::lock_guard one_caller(callers_);
    first_exception failure;
    const auto guarded = [&](int rank) { failure.guard([&] { f(rank); }); };
    job_ = [](void const* context, int rank) { (*static_cast<decltype(guarded) const*>(context))(rank); };
    context_ = &guarded;
    running_.store(size_ - 1, std::memory_order_relaxed);
    begin();
    guarded(0);
    for (int left = running_.load(); left != 0; left = running_.load()) running_.wait(left);
    failure.rethrow();
  }

 private:
  void work(int rank) {
    // a generation ends only when every worker has counted itself out, so none is missed
    for (unsigned seen = 0;; ++seen) {
      generation_.wait(seen);
      if (stopping_) return;
      job_(context_, rank);
      if (running_.fetch_sub(1) == 1) running_.notify_one();
    }
  }
  /// Publishes what the workers are to read, and wakes them.
  void begin() {
    generation_.fetch_add(1);
    generation_.notify_all();
  }
  void stop() {
    stopping_ = true;
    begin();
    for (std::thread& worker : workers_) worker.join();
    workers_.clear();
  }

  int size_;
  std::mutex callers_;
  void (*job_)(void const*, int) = nullptr;
  void const* context_ = nullptr;
  bool stopping_ = false;
  // waited on, which costs a program that includes this half of what <condition_variable> does to compile
  std::atomic<unsigned> generation_{0};
  std::atomic<int> running_{0};
  std::vector<std::thread> workers_;
};

}  // namespace detail
}  // namespace v0
}  // namespace ardent
