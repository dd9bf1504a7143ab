// SPDX-License-Identifier: Apache-2.0
//
// A tiny Harmon network with random weights: it proves that the path from a prompt to a picture runs, and nothing else.
#pragma once

#include <cstdint>
#include <string>

#include "common/files/safetensors.hpp"
#include "config.hpp"
#include "model.hpp"

namespace examples::harmon {

/// @brief The tiny network's sizes: 8 x 8 tokens of 16 channels, widths of 64, and a token id for each byte of text.
[[nodiscard]] config untrained_config();

/// @brief Its tensors, drawn from a normal distribution; the same for the same seed on every machine up to the
/// rounding of the mathematics library.
[[nodiscard]] safetensors untrained_weights(config const& sizes, std::uint64_t seed);

/// @brief A text as the tiny network reads it: its bytes.
[[nodiscard]] prompt untrained_ids(std::string const& text);

}  // namespace examples::harmon
