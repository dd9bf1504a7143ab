// SPDX-License-Identifier: Apache-2.0
//
// Where a trained model lies: weights and what defines the network. And what of a weight file a network must not leave.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "common/files/safetensors.hpp"

namespace examples {

/// @brief The two files of a model.
struct model_files {
  std::filesystem::path weights;  ///< FILE.safetensors
  std::filesystem::path config;   ///< FILE.json

  /// @brief A model of the source tree: models/NAME/NAME.safetensors and .json.
  [[nodiscard]] static model_files shipped(std::string const& name);
  /// @brief What the user named. The configuration of weights that came without one has the same name, ending in .json.
  /// @param otherwise the model where neither is given
  [[nodiscard]] static model_files chosen(std::optional<std::filesystem::path> const& weights,
                                          std::optional<std::filesystem::path> const& config, model_files otherwise);
};

/// @brief Checks that a network has taken all there is: a tensor that is left over belongs to another network.
/// @param weights  the file the network was made from, by this object or a copy of it
/// @param is_buffer  true for names of tensors that the network computes itself
/// @throws input_error naming the first tensor left over
void check_all_taken(safetensors const& weights, bool (*is_buffer)(std::string_view name));

}  // namespace examples
