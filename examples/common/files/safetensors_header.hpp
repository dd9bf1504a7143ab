// SPDX-License-Identifier: Apache-2.0
//
// The header of a safetensors file. For safetensors.cpp.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "safetensors.hpp"

namespace examples {

/// @brief A tensor's name for a message.
[[nodiscard]] std::string quoted(std::string_view name);

/// @brief Checks the header's length, which the file's first 8 bytes say.
/// @param rest bytes of the file behind those
/// @throws input_error if it is longer than that, or than safetensors::max_header
void check_header_length(std::filesystem::path const& path, std::uint64_t length, std::uint64_t rest);

/// @brief Reads the header.
/// @param text all of it
/// @param data_size bytes of the file behind it
/// @throws input_error if it is not what safetensors::read() asks for
[[nodiscard]] tensor_entries parse_header(std::filesystem::path const& path, std::string const& text,
                                          std::uint64_t data_size);

}  // namespace examples
