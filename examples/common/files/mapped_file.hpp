// SPDX-License-Identifier: Apache-2.0
//
// A large file's content in memory without a copy of it: mapped, so that pages come from the file when they are read
// and cost no memory of the process's own.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

namespace examples {

/// @brief A regular file's content, read-only, where the system maps files.
///
/// While it is mapped nobody may cut the file short: reading what is gone ends the process, in order after
/// end_in_order_without_mapped_files(). Replacing the file, as write_atomically() does, is harmless.
class mapped_file {
 public:
  /// @brief Maps the file if that is possible; see mapped().
  /// @throws input_error if it is no regular file or may not be read
  explicit mapped_file(std::filesystem::path const& path);
  ~mapped_file();
  mapped_file(mapped_file const&) = delete;
  mapped_file& operator=(mapped_file const&) = delete;

  /// @brief Whether it is mapped. If not, it has to be read: some systems map no files, others not those of every file
  /// system, and nobody an empty one.
  [[nodiscard]] bool mapped() const noexcept { return !bytes_.empty(); }
  /// @brief The content, if it is mapped; valid as long as this object.
  [[nodiscard]] std::span<std::byte const> bytes() const noexcept { return bytes_; }

  /// @brief Gives back the memory of those pages that lie wholly in a part of the content. The content stays: whoever
  /// reads it again has it brought from the file again.
  void release(std::span<std::byte const> part) const noexcept;

 private:
  std::span<std::byte const> bytes_;
};

/// @brief Has the process end in order when a mapped file turns out to be shorter than it was, or its disk fails: the
/// system sends SIGBUS then, and no exception could leave the read. Unfinished files are removed, one line says what is
/// wrong, and the status is 2. Any other SIGBUS removes them too and ends the process as always; a handler that is
/// there already, as a sanitizer's, stays.
void end_in_order_without_mapped_files() noexcept;

}  // namespace examples
