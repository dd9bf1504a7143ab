// SPDX-License-Identifier: Apache-2.0
//
// A head on a GPU: what PyTorch's side calls and nvcc compiles. No header of CUDA's or PyTorch's is needed to include
// it.
#pragma once

#include <ardent/denoiser/adaln_shape.hpp>

#include <cstddef>
#include <memory>
#include <string>

#include "call.hpp"

namespace ardent_torch {

/// @brief Trajectories on the device that is current. Owns nothing on it.
class device_head {
 public:
  virtual ~device_head() = default;
  /// @brief Bytes of the packed weights.
  [[nodiscard]] virtual std::size_t packed_bytes() const = 0;
  /// @brief Packs a head in the host's memory; the device's copy is these bytes.
  /// @param memory  packed_bytes() bytes, aligned to 64
  /// @throws std::invalid_argument if a weight is not finite or too large for the format
  virtual void pack(ardent::adaln_weights const& weights, void* memory) const = 0;
  /// @brief Bytes of device memory that a call needs, aligned to 256.
  /// @param packed  the packed weights, in device memory, aligned to 64
  /// @throws std::invalid_argument, ardent::cuda::error
  [[nodiscard]] virtual std::size_t workspace_bytes(call const& what, void const* packed) const = 0;
  /// @brief Enqueues a call's trajectories: one launch, no wait.
  /// @param stream      a cudaStream_t of the current device
  /// @param times       [1000][W] the embedding of each training step, in device memory, aligned to 16
  /// @param time_index  [effective steps] the training steps visited, noisiest first, in device memory
  /// @param workspace   workspace_bytes(...) bytes of device memory, aligned to 256
  /// @throws std::invalid_argument, ardent::cuda::error
  virtual void enqueue(void* stream, call const& what, void const* packed, float const* times, int const* time_index,
                       void* workspace, std::size_t bytes) const = 0;
};

/// @param storage  float32 or bfloat16
/// @throws std::invalid_argument if `storage` is another, or the head's width is not a multiple of 4
std::unique_ptr<device_head> make_device_head(std::string const& storage, ardent::adaln_shape<> const& shape);

}  // namespace ardent_torch
