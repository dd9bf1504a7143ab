// SPDX-License-Identifier: Apache-2.0
//
// MAR's transformer on a GPU: its weights, uploaded once, and the memory of a batch.
#pragma once

#include <cuda_runtime_api.h>

#include <memory>
#include <vector>

#include <ardent/model.hpp>

#include "mar/backbone.hpp"

namespace examples::mar::gpu {

/// @brief A backbone on the device that is current when it is constructed. One batch at a time.
class device_network {
 public:
  /// @brief Uploads the weights.
  /// @param network need not outlive the constructor
  /// @param bfloat16 matrices and their inputs in bfloat16 instead of float; sums are float in both
  /// @throws ardent::cuda::error, device_error if the device does not answer or has too little memory
  device_network(backbone const& network, bool bfloat16);
  ~device_network();
  device_network(device_network const&) = delete;
  device_network& operator=(device_network const&) = delete;

  /// @brief Tokens of an image.
  [[nodiscard]] int sequence_length() const noexcept { return sizes_.seq_len(); }

  /// @brief Makes ready for batches: allocates their memory and chooses how each product is computed, so that
  /// condition() does neither.
  /// @param images of a batch; memory for more is kept
  /// @param branches 1, or 2 with guidance
  /// @param tokens drawn for an image at each AR step
  /// @throws input_error if so many images cannot be drawn at a time
  /// @throws ardent::cuda::error, device_error as the constructor
  void prepare(int images, int branches, std::vector<int> const& tokens);

  /// @brief Enqueues what backbone::condition computes, for all images and branches: see ardent::cuda::device_model.
  /// @param labels [images] in device memory; negative: no class
  void condition(cudaStream_t stream, ardent::ar_step_view const& view, int const* labels, float* z);

 private:
  class body;
  template <class Storage>
  class body_of;

  config sizes_;
  std::unique_ptr<body> body_;
};

}  // namespace examples::mar::gpu
