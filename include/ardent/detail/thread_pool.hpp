// SPDX-License-Identifier: Apache-2.0
#pragma once

// A fixed set of threads that all run the same function at once, again and again.

#include <ardent/config.hpp>

#include <condition_variable>
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
    {
      const std::lock_guard lock(mutex_);
      job_ = [](void const* context, int rank) { (*static_cast<decltype(guarded) const*>(context))(rank); };
      context_ = &guarded;
      running_ = size_ - 1;
      ++generation_;
    }
    start_.notify_all();
    guarded(0);
    {
      std::unique_lock lock(mutex_);
      done_.wait(lock, [this] { return running_ == 0; });
    }
    failure.rethrow();
  }

 private:
  void work(int rank) {
    unsigned seen = 0;
    for (;;) {
      void (*job)(void const*, int) = nullptr;
      void const* context = nullptr;
      {
        std::unique_lock lock(mutex_);
        start_.wait(lock, [&] { return stopping_ || generation_ != seen; });
        if (stopping_) return;
        seen = generation_;
        job = job_;
        context = context_;
      }
      job(context, rank);
      {
        const std::lock_guard lock(mutex_);
        --running_;
      }
      done_.notify_one();
    }
  }
  void stop() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    start_.notify_all();
    for (std::thread& worker : workers_) worker.join();
    workers_.clear();
  }

  int size_;
  std::mutex callers_, mutex_;
  std::condition_variable start_, done_;
  void (*job_)(void const*, int) = nullptr;
  void const* context_ = nullptr;
  unsigned generation_ = 0;
  int running_ = 0;
  bool stopping_ = false;
  std::vector<std::thread> workers_;
};

}  // namespace detail
}  // namespace v0
}  // namespace ardent
