// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief Runs kernels on the CPU, on OpenMP's threads. Compile with -fopenmp.

#if !defined(_OPENMP)
#  error "ardent/executor/openmp.hpp: OpenMP is off. Compile with -fopenmp, or use ardent/executor/host.hpp."
#endif

#include <ardent/detail/thread_pool.hpp>
#include <ardent/executor/basic_host.hpp>

#include <omp.h>

#include <mutex>
#include <stdexcept>
#include <string>

namespace ardent {
inline namespace v0 {
namespace detail {

class openmp_pool {
 public:
  explicit openmp_pool(int size) : size_(size) {}
  int size() const { return size_; }

  template <class F>
  void run(F const& f) {
    const std::lock_guard one_caller(callers_);
    first_exception failure;
    int found = size_;
#pragma omp parallel num_threads(size_)
    {
      // with fewer threads than asked for, a team's barrier would wait for ever: nobody starts
      if (omp_get_num_threads() == size_)
        failure.guard([&] { f(omp_get_thread_num()); });
      else if (omp_get_thread_num() == 0)
        found = omp_get_num_threads();
    }
    if (found != size_)
      throw std::runtime_error("ardent::executor::openmp: expected " + std::to_string(size_) +
                               " threads, OpenMP gave " + std::to_string(found) +
                               ". Raise OMP_THREAD_LIMIT, or do not call from a parallel region.");
    failure.rethrow();
  }

 private:
  std::mutex callers_;
  int size_;
};

}  // namespace detail

namespace executor {

/// @brief The host executor on OpenMP.
using openmp = basic_host<detail::openmp_pool>;

}  // namespace executor
}  // namespace v0
}  // namespace ardent
