// SPDX-License-Identifier: Apache-2.0
//
// What defines a Harmon network: the language model's config.json and the arguments of MAR's constructor.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>

#include "common/network/language_weights.hpp"
#include "mar/config.hpp"

namespace examples::harmon {

/// @brief How an image's tokens lie, in raster order.
struct grid {
  int height = 0;  ///< rows of tokens
  int width = 0;   ///< tokens in a row

  /// @brief Tokens of an image.
  [[nodiscard]] int tokens() const noexcept { return height * width; }
  [[nodiscard]] bool operator==(grid const&) const = default;
};

/// @brief The sizes under their official names, and the few numbers that the published code fixes.
/// Source: Wu et al., Harmonizing Visual Representations for Unified Multimodal Understanding and Generation,
/// arXiv 2503.21979.
struct config {
  /// @brief Most tokens along a side of an image.
  static constexpr int max_side = 128;

  language::config llm;       ///< the language model
  mar::config mar;            ///< encoder, decoder and diffusion head
  double vae_scale = 0.2325;  ///< latents are tokens divided by it
  int max_timestep = 950;     ///< noisiest training step that DiSA's version of Harmon visits

  /// @brief Reads the members "llm" (as Qwen2's config.json), "mar" (as MAR's constructor) and, where they differ from
  /// the published numbers, "derived": {"vae_scale": ..., "max_timestep": ...}.
  /// @param document  the JSON
  /// @param file      where it comes from, for messages
  /// @throws input_error naming file and key, if one is missing, is of another kind, is out of range or contradicts
  ///   another one
  [[nodiscard]] static config from_json(nlohmann::json const& document, std::filesystem::path const& file);

  [[nodiscard]] bool operator==(config const&) const = default;

  /// @brief The grid that the position tables are for.
  [[nodiscard]] grid native() const noexcept { return {mar.seq_h(), mar.seq_w()}; }
};

}  // namespace examples::harmon
