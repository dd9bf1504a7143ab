// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief The exception for failed calls of the CUDA runtime: which call, which error, and what to do.

#include <ardent/config.hpp>

#include <cuda_runtime_api.h>

#include <stdexcept>
#include <string>

namespace ardent {
inline namespace v0 {

/// @brief What runs on NVIDIA GPUs. Needs nvcc.
namespace cuda {

/// @brief What a user can do about an error of the CUDA runtime; one sentence or two.
inline char const* advice(cudaError_t code) {
  switch (code) {
    case cudaErrorInsufficientDriver:
      return "Install an NVIDIA driver that supports CUDA 13, or draw on the host with executor::host.";
    case cudaErrorNoDevice:
      return "No GPU is visible: check CUDA_VISIBLE_DEVICES, or draw on the host with executor::host.";
    case cudaErrorMemoryAllocation:
      return "Free device memory, or draw fewer images at once.";
    case cudaErrorNoKernelImageForDevice:
    case cudaErrorInvalidDeviceFunction:
      return "The program has no code for this GPU: add its architecture to nvcc's -gencode.";
    case cudaErrorUnsupportedPtxVersion:
      return "The driver is older than the compiler: update it, or compile for this GPU's architecture.";
    case cudaErrorInvalidResourceHandle:
    case cudaErrorContextIsDestroyed:
      return "The stream does not exist any more or belongs to another device: make its device current and pass a live "
             "stream.";
    case cudaErrorLaunchOutOfResources:
    case cudaErrorInvalidConfiguration:
      return "The kernel asks for more registers or shared memory than this GPU has: use another format of the "
             "weights, "
             "or draw on the host with executor::host.";
    case cudaErrorNotSupported:
      return "This GPU or its driver cannot do that: draw on the host with executor::host, or on another GPU.";
    case cudaErrorCooperativeLaunchTooLarge:
      return "The cooperative kernel has more blocks than the GPU holds at once: use fewer.";
    case cudaErrorIllegalAddress:
    case cudaErrorMisalignedAddress:
    case cudaErrorLaunchFailure:
      return "A pointer given to an earlier kernel is not device memory, or its array is too short: run the program "
             "under compute-sanitizer.";
    case cudaErrorStreamCaptureUnsupported:
    case cudaErrorStreamCaptureInvalidated:
      return "The stream is being captured and this call cannot be: make it before the capture.";
    default:
      return "See the CUDA runtime's description of this error.";
  }
}

/// @brief A call of the CUDA runtime failed. `what()` is one line: the call, the error by name and in words, and
/// advice.
class error : public std::runtime_error {
 public:
  /// @param call  the function that failed, or what was to be done
  /// @param code  what it returned
  error(char const* call, cudaError_t code)
      : std::runtime_error(std::string("ardent::cuda: ") + call + " failed with " + cudaGetErrorName(code) + " (" +
                           cudaGetErrorString(code) + "). " + advice(code)),
        code_(code) {}
  /// @brief What the call returned.
  cudaError_t code() const { return code_; }

 private:
  cudaError_t code_;
};

/// @brief Throws if a call failed, and takes the error from the runtime, so that a later call does not report it again.
/// @throws error
inline void check(cudaError_t code, char const* call) {
  if (code == cudaSuccess) return;
  cudaGetLastError();
  throw error(call, code);
}

}  // namespace cuda
}  // namespace v0
}  // namespace ardent
