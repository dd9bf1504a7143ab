// SPDX-License-Identifier: Apache-2.0
//
// Helpers for tests of safetensors files that are not as they should be.
#pragma once

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>

#include "bad_input.hpp"
#include "common/files/safetensors.hpp"
#include "support/environment.hpp"

namespace bad_input {

/// @brief The bytes of a file with this header and data; the length before the header is right unless given.
inline std::string with_header(std::string_view header, std::string_view data = "", std::uint64_t length = 0) {
  if (length == 0) length = header.size();
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &length, 8);
  return bytes.append(header).append(data);
}

/// @brief What reading a file of these bytes says, checked to be what mapping it says.
inline std::string complaint_about(std::string_view bytes) {
  test::temporary_folder const folder;
  std::filesystem::path const file = folder / "bad.safetensors";
  put(file, bytes);
  std::string message = complaint(file, [&] { static_cast<void>(examples::safetensors::read(file)); });
  CHECK(message == complaint(file, [&] { static_cast<void>(examples::safetensors::map(file)); }));
  return message;
}

}  // namespace bad_input
