// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief How the tokens of a batch of images lie in memory.

#include <ardent/config.hpp>

#include <cstdint>

namespace ardent {
inline namespace v0 {

/// @brief Tokens of a batch: [images][sequence_length][channels].
struct token_layout {
  int images = 1;                 ///< images of the batch, at least 1
  int sequence_length = 1;        ///< tokens of an image, at least 1
  int channels = 1;               ///< numbers of a token, at least 1
  std::uint32_t first_image = 0;  ///< index of its first image: noise and orders are keyed by it
};

}  // namespace v0
}  // namespace ardent
