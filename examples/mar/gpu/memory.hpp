// SPDX-License-Identifier: Apache-2.0
//
// Owners of what the CUDA runtime gives: memory, a stream, events.
#pragma once

#include <cstddef>
#include <span>
#include <utility>

#include <ardent/cuda/error.hpp>

namespace examples::mar::gpu {

/// @brief Device memory.
class device_memory {
 public:
  /// @throws ardent::cuda::error if there is too little
  explicit device_memory(std::size_t bytes) : bytes_(bytes) {
    ardent::cuda::check(cudaMalloc(&data_, bytes), "allocating device memory");
  }
  ~device_memory() {
    if (data_ != nullptr) cudaFree(data_);
  }
  device_memory(device_memory&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  device_memory& operator=(device_memory&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }

  [[nodiscard]] std::byte* data() const noexcept { return static_cast<std::byte*>(data_); }
  [[nodiscard]] std::size_t size() const noexcept { return bytes_; }

  /// @brief Copies an image from the host, which may go afterwards. Waits.
  void upload(std::span<std::byte const> image) {
    ardent::cuda::check(cudaMemcpy(data_, image.data(), image.size(), cudaMemcpyHostToDevice),
                        "copying weights to the device");
    // a copy from pageable memory may return while its last part is on its way
    ardent::cuda::check(cudaDeviceSynchronize(), "waiting for the copy of weights");
  }

 private:
  void* data_ = nullptr;
  std::size_t bytes_;
};

/// @brief A stream that does not wait for the default stream.
class stream {
 public:
  stream() { ardent::cuda::check(cudaStreamCreateWithFlags(&handle_, cudaStreamNonBlocking), "making a stream"); }
  ~stream() { cudaStreamDestroy(handle_); }
  stream(stream const&) = delete;
  stream& operator=(stream const&) = delete;

  [[nodiscard]] cudaStream_t get() const noexcept { return handle_; }
  void wait() const { ardent::cuda::check(cudaStreamSynchronize(handle_), "drawing on the device"); }

 private:
  cudaStream_t handle_ = nullptr;
};

/// @brief A point in a stream, and when it was reached.
class event {
 public:
  event() { ardent::cuda::check(cudaEventCreate(&handle_), "making an event"); }
  ~event() {
    if (handle_ != nullptr) cudaEventDestroy(handle_);
  }
  event(event&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  event& operator=(event&&) = delete;

  void record(cudaStream_t stream) { ardent::cuda::check(cudaEventRecord(handle_, stream), "recording an event"); }
  void wait() const { ardent::cuda::check(cudaEventSynchronize(handle_), "drawing on the device"); }
  /// @brief Seconds from an earlier event; both have been reached.
  [[nodiscard]] double since(event const& earlier) const {
    float milliseconds = 0;
    ardent::cuda::check(cudaEventElapsedTime(&milliseconds, earlier.handle_, handle_), "asking for a time");
    return milliseconds * 1e-3;
  }

 private:
  cudaEvent_t handle_ = nullptr;
};

}  // namespace examples::mar::gpu
