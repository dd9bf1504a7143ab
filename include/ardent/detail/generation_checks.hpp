// SPDX-License-Identifier: Apache-2.0
#pragma once

// What every AR loop refuses alike. `where` is the function that the message names.

#include <ardent/detail/arena.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <stdexcept>
#include <string>

namespace ardent {
inline namespace v0 {
namespace detail {

inline void check_lengths(char const* where, int sampler_length, int model_length, int images) {
  if (images < 1)
    throw std::invalid_argument(std::string(where) + ": expected at least 1 image, found " + std::to_string(images));
  if (model_length != sampler_length)
    throw std::invalid_argument(std::string(where) + ": expected a model of " + std::to_string(sampler_length) +
                                " tokens as the ordering has, found one of " + std::to_string(model_length));
}

inline void check_image_count(char const* where, int branches, int sequence_length, int images) {
  const int most_images = std::numeric_limits<int>::max() / branches / sequence_length;
  if (images > most_images)
    throw std::invalid_argument(std::string(where) + ": expected at most " + std::to_string(most_images) +
                                " images of this many tokens in a batch, found " + std::to_string(images));
}

inline void check_image_indices(char const* where, int images, std::uint32_t first_image) {
  if (static_cast<std::uint32_t>(images - 1) > ~first_image)
    throw std::invalid_argument(std::string(where) + ": expected image indices below 2^32, found " +
                                std::to_string(images) + " images from " + std::to_string(first_image) + " on");
}

inline void check_batch(char const* where, int images, int sequence_length, int channels, std::uint32_t first_image,
                        std::size_t found) {
  const std::size_t expected =
      static_cast<std::size_t>(images) * static_cast<std::size_t>(sequence_length) * static_cast<std::size_t>(channels);
  if (found != expected)
    throw std::invalid_argument(std::string(where) + ": expected " + std::to_string(expected) +
                                " numbers of tokens, found room for " + std::to_string(found));
  check_image_indices(where, images, first_image);
}

inline std::byte* checked_workspace(char const* where, std::size_t needed, std::span<std::byte> workspace) {
  if (workspace.size() < needed)
    throw std::invalid_argument(std::string(where) + ": expected a workspace of " + std::to_string(needed) +
                                " bytes, found " + std::to_string(workspace.size()));
  if (reinterpret_cast<std::uintptr_t>(workspace.data()) % arena_alignment != 0)
    throw std::invalid_argument(std::string(where) +
                                ": expected a workspace aligned to 64 bytes, found one that is not");
  return workspace.data();
}

}  // namespace detail
}  // namespace v0
}  // namespace ardent
