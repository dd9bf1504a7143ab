// SPDX-License-Identifier: Apache-2.0
//
// Drawing on a GPU, for the program's host code. In a build without CUDA both functions throw.
#pragma once

#include "mar/drawing.hpp"

namespace examples::mar::gpu {

/// @brief What is kept in bfloat16 instead of float. Sums are float in any case.
struct storage {
  bool head = false;      ///< weights and activations of the diffusion head
  bool backbone = false;  ///< matrices of the transformer and their inputs
};

/// @brief Checks that there is a GPU, before a model is read.
/// @throws device_error saying what is missing
void check_device();

/// @brief Draws images as mar::draw does: the same orders, the same noise, and up to rounding the same tokens.
/// @throws device_error if the device fails
/// @throws input_error if the batch is too large for the model
/// @throws std::invalid_argument if the model does not fit the plan
[[nodiscard]] drawing draw(checkpoint const& trained, request const& what, storage kept);

}  // namespace examples::mar::gpu
