// SPDX-License-Identifier: Apache-2.0
//
// Which temporary files this process has, so that a signal which ends it leaves none of them behind.
#pragma once

#include <cstddef>
#include <string>

namespace examples {

/// @brief A file that is gone when SIGINT, SIGTERM or SIGHUP ends the process, as long as this object lives.
///
/// List a file before it is made, and call made() after: whatever the signal comes between, the file is removed. Some
/// dozen files can be listed at once, with names of up to 4095 bytes; others stay behind then.
class unfinished_file {
 public:
  /// @param name  of the file; relative to the current folder, which must not change
  explicit unfinished_file(std::string const& name) noexcept;
  unfinished_file(unfinished_file const&) = delete;
  unfinished_file& operator=(unfinished_file const&) = delete;
  ~unfinished_file();

  /// @brief To be called when the file was made. Does not return if a signal is ending the process.
  void made() const noexcept;

 private:
  std::size_t slot_;
};

/// @brief Removes the files listed, for whoever ends the process without destructors. Takes no memory; may be called
/// from a handler of signals.
void remove_unfinished_files() noexcept;

/// @brief Has SIGINT, SIGTERM and SIGHUP remove the files listed and then end the process as they always do, with the
/// same status. A signal that is ignored, as under nohup, stays ignored; one that has a handler keeps it.
void remove_unfinished_files_on_signals() noexcept;

}  // namespace examples
