// SPDX-License-Identifier: Apache-2.0
//
// The tokens of images as a safetensors file, for a decoder or a comparison.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "common/files/safetensors.hpp"
#include "drawing_cost.hpp"

namespace examples {

/// @brief Collects tokens and writes them.
class token_dump {
 public:
  /// @param tokens of an image
  /// @param channels of a token
  token_dump(std::int64_t tokens, std::int64_t channels) : tokens_(tokens), channels_(channels) {}

  /// @brief Takes the next images, whole.
  void add(std::span<float const> values) { values_.insert(values_.end(), values.begin(), values.end()); }

  /// @brief Writes tokens [images][tokens][channels], labels [images], steps and ar_tokens [AR steps]: the denoising
  /// steps that each took, and the tokens of an image that it drew.
  /// @throws input_error if it cannot be written
  void write(std::filesystem::path const& file, std::vector<int> const& labels, drawing_cost const& cost) const {
    safetensors_writer writer;
    writer.add("tokens", {static_cast<std::int64_t>(labels.size()), tokens_, channels_},
               std::span<float const>(values_));
    add_integers(writer, "labels", labels);
    add_integers(writer, "steps", cost.steps);
    add_integers(writer, "ar_tokens", cost.ar_tokens);
    writer.write(file);
  }

 private:
  static void add_integers(safetensors_writer& writer, char const* name, std::vector<int> const& values) {
    std::vector<std::int64_t> const wide(values.begin(), values.end());
    writer.add(name, {static_cast<std::int64_t>(wide.size())}, std::span<std::int64_t const>(wide));
  }

  std::int64_t tokens_, channels_;
  std::vector<float> values_;
};

}  // namespace examples
