// SPDX-License-Identifier: Apache-2.0
//
// Writing a file whole or not at all: nobody ever sees half a picture or half a dump, and a failed run leaves an older
// file of the same name as it was.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string_view>

namespace examples {

/// @brief Replaces a file's content in one step.
///
/// The bytes go to a temporary file in the same directory, reach the disk (fsync), and the temporary file is then
/// renamed; on any failure it is removed. A symbolic link stays and its target is replaced. An existing file keeps its
/// permissions, and one that may not be written is refused. A target that exists and is no regular file (a device, a
/// pipe) cannot be replaced: it is written directly, every step checked.
/// @param path the file to write; its directory must exist
/// @param content all of the new content
/// @throws input_error if the directory is missing or not writable, the path is a directory, or the disk is full
void write_atomically(std::filesystem::path const& path, std::span<std::byte const> content);

/// @brief The same for text.
void write_atomically(std::filesystem::path const& path, std::string_view content);

/// @brief A file that is written piece by piece, for content that need not fit into memory. It takes its name only when
/// it is whole, as with write_atomically; without commit() nothing of it stays.
class atomic_output {
 public:
  /// @param path the file to write; its directory must exist
  /// @throws input_error as check_writable, and if the path is no regular file: pieces may be written over
  explicit atomic_output(std::filesystem::path const& path);
  atomic_output(atomic_output const&) = delete;
  atomic_output& operator=(atomic_output const&) = delete;
  ~atomic_output();

  /// @brief Writes at the present place, which moves behind it.
  /// @throws input_error if the disk is full
  void write(std::span<std::byte const> content);
  /// @brief Bytes before the present place.
  [[nodiscard]] std::uint64_t tell() const noexcept;
  /// @brief Moves the present place.
  /// @throws input_error if the system does not
  void seek(std::uint64_t place);
  /// @brief Puts the file in its place. Nothing may be written afterwards.
  /// @throws input_error as write_atomically
  void commit();

 private:
  struct state;
  std::unique_ptr<state> state_;
};

/// @brief Whether a name is that of a file that is being written atomically, or was when its process was killed.
[[nodiscard]] bool is_unfinished(std::string_view name);

/// @brief Removes what killed processes left of files that they were writing atomically. What cannot be removed stays.
/// @param directory  where to look; not below it
/// @param whose      whether the file of this name is one that nobody else is writing now
void remove_unfinished(std::filesystem::path const& directory, std::function<bool(std::string_view name)> const& whose);

/// @brief Checks before a long computation that write_atomically could start: makes the temporary file and removes it.
/// @param path the file that will be written
/// @throws input_error as write_atomically, but for a disk that is full only for larger files
void check_writable(std::filesystem::path const& path);

/// @brief Checks that an output is not also another file of the run, under whatever name: a link, or another way there.
/// Devices such as /dev/null may be.
/// @param output  will be written
/// @param other   must survive that
/// @param what    what `other` is, for the message
/// @throws input_error if they are one file
void check_other_file(std::filesystem::path const& output, std::filesystem::path const& other, char const* what);

}  // namespace examples
