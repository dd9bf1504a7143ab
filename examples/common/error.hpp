// SPDX-License-Identifier: Apache-2.0
//
// The one kind of error that the example programs report to their user: something that came from outside (a file, an
// argument, a full disk) is not what it has to be. Mistakes of the calling code are std::invalid_argument instead.
#pragma once

#include <cstddef>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>

namespace examples {

/// @brief Bad input at run time. what() is one line; a program prints it after "error: " and exits with status 2.
struct input_error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// @brief The device that was asked for is not there, or failed. A program prints it likewise and exits with status 1:
/// nothing was wrong with what it was given.
struct device_error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// @brief Makes text from a file fit for a one-line message.
/// @param text any bytes
/// @param limit longest result in characters, at least 3; longer text is cut and ends in "..."
/// @return the text with every byte that is not printable ASCII replaced by "?"
[[nodiscard]] inline std::string printable(std::string_view text, std::size_t limit = 160) {
  bool const cut = text.size() > limit;
  std::string line(cut ? text.substr(0, limit - 3) : text);
  for (char& c : line) {
    if (c < ' ' || c > '~') c = '?';
  }
  return cut ? line + "..." : line;
}

/// @brief A file's name for a message: on one line, otherwise as given and never shortened.
[[nodiscard]] inline std::string printable_path(std::filesystem::path const& file) {
  std::string line = file.string();
  for (char& c : line) {
    if ((c >= '\0' && c < ' ') || c == '\x7f') c = '?';  // bytes of UTF-8 names stay as they are
  }
  return line;
}

/// @brief Throws the message "FILE: expected EXPECTED, found FOUND".
/// @param file the file that is at fault
/// @param expected what the program needs
/// @param found what is there instead
/// @throws input_error always
[[noreturn]] inline void fail(std::filesystem::path const& file, std::string_view expected, std::string_view found) {
  throw input_error(printable_path(file) + ": expected " + std::string(expected) + ", found " + std::string(found));
}

}  // namespace examples
