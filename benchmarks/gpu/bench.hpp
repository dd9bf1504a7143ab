// SPDX-License-Identifier: Apache-2.0
//
// What the GPU's benchmarks share: memory, times by events, and results as lines of JSON, which report.py reads.
#pragma once

#include <ardent/cuda/error.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <string>
#include <vector>

namespace bench {

using ardent::cuda::check;

/// @brief Device memory, aligned to 256; every byte is 0.
class device_bytes {
 public:
  explicit device_bytes(std::size_t size) : size_(size) {
    check(cudaMalloc(&start_, size), "cudaMalloc");
    check(cudaMemset(start_, 0, size), "cudaMemset");
  }
  /// @brief A copy of host memory.
  template <class T>
  explicit device_bytes(std::vector<T> const& from) : device_bytes(from.size() * sizeof(T)) {
    check(cudaMemcpy(start_, from.data(), size_, cudaMemcpyHostToDevice), "cudaMemcpy");
  }
  ~device_bytes() { cudaFree(start_); }
  device_bytes(device_bytes const&) = delete;
  device_bytes& operator=(device_bytes const&) = delete;
  /// @brief The memory as an array.
  template <class T>
  T* as() const {
    return static_cast<T*>(start_);
  }
  std::size_t size() const { return size_; }  ///< bytes

 private:
  std::size_t size_;
  void* start_ = nullptr;
};

/// @brief A stream and two events.
class clock {
 public:
  clock() {
    check(cudaStreamCreate(&stream_), "creating a stream");
    check(cudaEventCreate(&first_), "creating an event");
    check(cudaEventCreate(&last_), "creating an event");
  }
  ~clock() {
    cudaEventDestroy(first_);
    cudaEventDestroy(last_);
    cudaStreamDestroy(stream_);
  }
  clock(clock const&) = delete;
  clock& operator=(clock const&) = delete;
  cudaStream_t stream() const { return stream_; }  ///< where what is timed runs

  /// @brief The median of several runs, after warm-up.
  struct result {
    double seconds;  ///< of a run
    int repeats;     ///< runs that were timed
  };

  /// @brief Times what `enqueue(stream)` enqueues: two runs to warm up, then as many as fit the time, 3 to 30.
  template <class F>
  result time(F const& enqueue, double seconds = 0.3) const {
    enqueue(stream_);
    const double second = once(enqueue);
    const int repeats = std::clamp(static_cast<int>(seconds / std::max(second, 1e-6)), 3, 30);
    std::vector<double> all;
    for (int i = 0; i < repeats; ++i) all.push_back(once(enqueue));
    std::nth_element(all.begin(), all.begin() + repeats / 2, all.end());
    return {all[static_cast<std::size_t>(repeats / 2)], repeats};
  }

 private:
  template <class F>
  double once(F const& enqueue) const {
    check(cudaEventRecord(first_, stream_), "recording an event");
    enqueue(stream_);
    check(cudaEventRecord(last_, stream_), "recording an event");
    check(cudaEventSynchronize(last_), "running what is timed");
    float milliseconds = 0;
    check(cudaEventElapsedTime(&milliseconds, first_, last_), "reading a time");
    return milliseconds * 1e-3;
  }

  cudaStream_t stream_ = nullptr;
  cudaEvent_t first_ = nullptr, last_ = nullptr;
};

/// @brief Prints {"kind": "limit", ...}: what the card can do at most.
/// @param unit  of the value: "B/s", "FLOP/s" or "s"
inline void print_limit(char const* name, double value, char const* unit) {
  std::printf("{\"kind\": \"limit\", \"name\": \"%s\", \"value\": %.6g, \"unit\": \"%s\"}\n", name, value, unit);
  std::fflush(stdout);
}

/// @brief Runs a benchmark: without a GPU one sentence and exit status 77; what it throws is one line.
template <class F>
int main_of(F const& run) {
  int devices = 0;
  const cudaError_t code = cudaGetDeviceCount(&devices);
  if (code != cudaSuccess || devices < 1) {
    std::printf("skipped: there is no GPU to time (%s)\n",
                cudaGetErrorName(code == cudaSuccess ? cudaErrorNoDevice : code));
    return 77;
  }
  try {
    run();
  } catch (std::exception const& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
  return 0;
}

}  // namespace bench
