// SPDX-License-Identifier: Apache-2.0
//
// Packing on several threads: one alone is no match for a file that lies in the system's cache.
#include "transformer_packing.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>

namespace examples::transformer {

void run_all(std::vector<std::function<void()>> const& tasks) {
  std::atomic<std::size_t> next{0};
  std::mutex mutex;
  std::exception_ptr failure;
  auto const work = [&] {
    try {
      for (std::size_t i = next++; i < tasks.size(); i = next++) tasks[i]();
    } catch (...) {
      next = tasks.size();
      std::lock_guard const lock(mutex);
      failure = std::current_exception();
    }
  };
  // more threads than this would wait for memory
  std::size_t const most = std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, 8);
  {
    std::vector<std::jthread> threads;
    try {
      for (std::size_t i = 1; i < std::min(most, tasks.size()); ++i) threads.emplace_back(work);
    } catch (std::system_error const&) {
      // the system gives no more threads: those that there are do all of it
    }
    work();
  }
  if (failure) std::rethrow_exception(failure);
}

}  // namespace examples::transformer
