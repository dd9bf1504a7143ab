// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief A CUDA graph of whatever a callable enqueues: many launches, launched as one.

#include <ardent/cuda/error.hpp>

#include <utility>

namespace ardent {
inline namespace v0 {
namespace cuda {

namespace detail {

/// Ends a capture in any case, also where the callable throws.
class stream_capture {
 public:
  stream_capture(cudaStream_t stream, cudaStreamCaptureMode mode) : stream_(stream) {
    check(cudaStreamBeginCapture(stream, mode), "beginning the capture of a graph");
  }
  ~stream_capture() {
    if (!ended_) end();
    if (graph_ != nullptr) cudaGraphDestroy(graph_);
  }
  stream_capture(stream_capture const&) = delete;
  stream_capture& operator=(stream_capture const&) = delete;

  /// What was captured; it lives as long as this object.
  cudaGraph_t finish() {
    check(end(), "ending the capture of a graph");
    return graph_;
  }

 private:
  cudaError_t end() {
    ended_ = true;
    const cudaError_t code = cudaStreamEndCapture(stream_, &graph_);
    // the runtime remembers a failure; whoever calls it next is not to be blamed
    if (code != cudaSuccess) cudaGetLastError();
    return code;
  }

  cudaStream_t stream_;
  cudaGraph_t graph_ = nullptr;
  bool ended_ = false;
};

}  // namespace detail

/// @brief An executable graph. It owns it; it can be moved, not copied. What was captured keeps its addresses: memory
/// that the kernels use, and whatever else the callable referred to on the device, must outlive the launches.
class graph {
 public:
  /// @brief Captures what `enqueue(stream)` enqueues on the stream; nothing of it runs yet.
  ///
  /// The callable must only enqueue: no wait, no allocation, no copy from pageable memory, and no work on other streams
  /// unless it forks from this one and joins it. If it throws, the capture is ended, nothing is kept, and the exception
  /// is passed on.
  /// @param stream   a stream of the current device; not the default stream, which cannot be captured
  /// @param enqueue  `enqueue(stream)`
  /// @param mode     what other calls are refused meanwhile: by default unsafe ones of this thread
  /// @throws error if the capture or the graph's instantiation fails
  template <class F>
  explicit graph(cudaStream_t stream, F&& enqueue, cudaStreamCaptureMode mode = cudaStreamCaptureModeThreadLocal) {
    detail::stream_capture capture(stream, mode);
    enqueue(stream);
    check(cudaGraphInstantiate(&executable_, capture.finish(), 0), "instantiating a graph");
  }
  /// @brief Destroys the graph; launches under way are completed by the runtime.
  ~graph() {
    if (executable_ != nullptr) cudaGraphExecDestroy(executable_);
  }
  graph(graph const&) = delete;
  graph& operator=(graph const&) = delete;
  /// @brief Takes the other's graph; the other may then only be assigned to or destroyed.
  graph(graph&& other) noexcept : executable_(std::exchange(other.executable_, nullptr)) {}
  /// @brief Exchanges graphs; the other may then only be assigned to or destroyed.
  graph& operator=(graph&& other) noexcept {
    std::swap(executable_, other.executable_);
    return *this;
  }

  /// @brief Enqueues all of it on a stream of the same device.
  /// @throws error if the launch fails
  void launch(cudaStream_t stream) const { check(cudaGraphLaunch(executable_, stream), "launching a graph"); }
  /// @brief The runtime's handle; it stays this object's.
  cudaGraphExec_t handle() const { return executable_; }

 private:
  cudaGraphExec_t executable_ = nullptr;
};

}  // namespace cuda
}  // namespace v0
}  // namespace ardent
