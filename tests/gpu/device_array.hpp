// SPDX-License-Identifier: Apache-2.0
//
// Arrays on the GPU, for tests: filled with NaN before they are written, given back at the end of the scope.
#pragma once

#include <ardent/cuda/error.hpp>

#include <cstddef>
#include <span>
#include <vector>

namespace test {

/// @brief An array in device memory, aligned to 256 bytes.
/// @tparam T  trivially copyable
template <class T>
class device_array {
 public:
  /// @param count  elements
  /// @param fill   what every byte is set to; 0xff makes floats and doubles NaN
  explicit device_array(std::size_t count, int fill = 0xff) : size_(count) {
    ardent::cuda::check(cudaMalloc(&start_, bytes() + 1), "cudaMalloc");
    ardent::cuda::check(cudaMemset(start_, fill, bytes() + 1), "cudaMemset");
  }
  /// @brief A copy of host memory.
  explicit device_array(std::span<T const> from) : device_array(from.size()) {
    ardent::cuda::check(cudaMemcpy(start_, from.data(), bytes(), cudaMemcpyHostToDevice), "cudaMemcpy to the device");
  }
  explicit device_array(std::vector<T> const& from) : device_array(std::span<T const>(from)) {}  ///< a copy
  ~device_array() { cudaFree(start_); }
  device_array(device_array const&) = delete;
  device_array& operator=(device_array const&) = delete;

  T* data() const { return static_cast<T*>(start_); }    ///< the first element, in device memory
  std::size_t size() const { return size_; }             ///< elements
  std::span<T> span() const { return {data(), size_}; }  ///< all of it
  /// @brief Its elements on the host, after all that was enqueued before: errors of that surface here.
  std::vector<T> read() const {
    std::vector<T> out(size_);
    ardent::cuda::check(cudaDeviceSynchronize(), "waiting for the device");
    ardent::cuda::check(cudaMemcpy(out.data(), start_, bytes(), cudaMemcpyDeviceToHost), "cudaMemcpy to the host");
    return out;
  }

 private:
  std::size_t bytes() const { return size_ * sizeof(T); }

  std::size_t size_;
  void* start_ = nullptr;
};

/// @brief A stream of the current device, which can be captured, as the default stream cannot. It waits for the default
/// stream's work and that for its own: so arrays may be filled and copied without a thought to order.
class device_stream {
 public:
  device_stream() { ardent::cuda::check(cudaStreamCreate(&handle_), "creating a stream"); }
  ~device_stream() { cudaStreamDestroy(handle_); }
  device_stream(device_stream const&) = delete;
  device_stream& operator=(device_stream const&) = delete;
  cudaStream_t get() const { return handle_; }  ///< the runtime's handle

 private:
  cudaStream_t handle_ = nullptr;
};

}  // namespace test
