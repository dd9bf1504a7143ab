// SPDX-License-Identifier: Apache-2.0
//
// A trained Harmon as it lies on disk: the weights (safetensors, official parameter names) and a JSON with the language
// model's and MAR's sizes, as examples/common/checkpoints/convert_checkpoint.py writes them. Or a tiny one with random
// weights.
#pragma once

#include <cstdint>
#include <filesystem>

#include "common/files/safetensors.hpp"
#include "common/network/adaln_head.hpp"
#include "common/program/model_files.hpp"
#include "config.hpp"
#include "weights.hpp"

namespace examples::harmon {

/// @brief A model found and checked. Immutable.
///
/// The weights stay in their file, which is mapped, until they are packed for where they are to be used: as long as
/// this object lives nobody may cut that file short.
class checkpoint {
 public:
  /// @param files where it lies
  /// @throws input_error naming the file and what of it is not as it has to be
  explicit checkpoint(model_files const& files);
  /// @brief The tiny network with random weights of this seed.
  explicit checkpoint(std::uint64_t untrained_seed);

  /// @brief Its sizes.
  [[nodiscard]] config const& sizes() const noexcept { return sizes_; }
  /// @brief The network's tensors.
  [[nodiscard]] weights const& network() const noexcept { return network_; }
  /// @brief The diffusion head's tensors.
  [[nodiscard]] adaln_tensors head() const { return head_tensors(sizes_, tensors_); }
  /// @brief Whether the weights are random: what it draws means nothing.
  [[nodiscard]] bool untrained() const noexcept { return untrained_; }

 private:
  checkpoint(config const& sizes, model_files const& files);
  checkpoint(config const& sizes, safetensors const& tensors, bool untrained);

  config sizes_;
  safetensors tensors_;
  weights network_;
  bool untrained_;
};

}  // namespace examples::harmon
