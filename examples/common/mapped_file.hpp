// SPDX-License-Identifier: Apache-2.0
//
// A large file's content in memory without a copy of it: mapped, so that pages come from the file when they are read
// and cost no memory of the process's own.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>

namespace examples {

/// @brief A regular file's content, read-only. Mapped where the system maps files, else read into memory.
///
/// While it is mapped nobody may cut the file short: reading what is gone ends the process. Replacing the file, as
/// write_atomically() does, is harmless.
class mapped_file {
 public:
  /// @brief Opens the file.
  /// @throws input_error if it is no regular file or cannot be read, or if it has to be read and does not fit into
  ///   memory
  explicit mapped_file(std::filesystem::path const& path);
  ~mapped_file();
  mapped_file(mapped_file const&) = delete;
  mapped_file& operator=(mapped_file const&) = delete;

  /// @brief The content; valid as long as this object.
  [[nodiscard]] std::span<std::byte const> bytes() const noexcept { return bytes_; }
  /// @brief Whether it is mapped.
  [[nodiscard]] bool mapped() const noexcept { return copy_ == nullptr && !bytes_.empty(); }

  /// @brief Gives back the memory of those pages that lie wholly in a part of the content. The content stays: whoever
  /// reads it again has it brought from the file again. Of a file that was read it does nothing.
  void release(std::span<std::byte const> part) const noexcept;

 private:
  std::span<std::byte const> bytes_;
  std::unique_ptr<std::byte[]> copy_;  // of a file that is not mapped
};

}  // namespace examples
