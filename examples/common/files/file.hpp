// SPDX-License-Identifier: Apache-2.0
//
// A regular file opened for reading, every failure of which is an input_error that names the file. Reads go through
// here so that a directory, a device without an end or a file cut short while it is read gets a clear message.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>

namespace examples {

/// @brief A regular file being read from its start.
class input_file {
 public:
  /// @brief Opens the file.
  /// @throws input_error if it does not exist, is not a regular file or may not be read
  explicit input_file(std::filesystem::path path);

  /// @brief The name it was opened under.
  [[nodiscard]] std::filesystem::path const& path() const noexcept { return path_; }

  /// @brief Its size in bytes when it was opened.
  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }

  /// @brief Reads the next destination.size() bytes.
  /// @throws input_error if fewer are left
  void read(std::span<std::byte> destination);

 private:
  std::filesystem::path path_;
  std::ifstream stream_;
  std::uint64_t size_ = 0;
};

/// @brief The whole of a text file.
/// @throws input_error as input_file, and if the file does not fit into memory
[[nodiscard]] std::string read_text(std::filesystem::path const& path);

}  // namespace examples
