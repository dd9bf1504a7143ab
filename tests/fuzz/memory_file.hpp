// SPDX-License-Identifier: Apache-2.0
//
// A file that is not on any disk, for readers that want a file's name.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <string_view>

#include "fuzz.hpp"

namespace fuzz {

/// @brief A regular file in memory; Linux's memfd.
class memory_file {
 public:
  memory_file() : descriptor_(::memfd_create("fuzz", MFD_CLOEXEC)) { expect(descriptor_ >= 0, "a file in memory"); }
  memory_file(memory_file const&) = delete;
  memory_file& operator=(memory_file const&) = delete;
  ~memory_file() { ::close(descriptor_); }

  /// @brief Its name, as long as this object lives.
  [[nodiscard]] std::filesystem::path path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

  /// @brief Puts these bytes in the place of what it held.
  void put(std::string_view bytes) const {
    expect(::ftruncate(descriptor_, 0) == 0, "a file that can be emptied");
    expect(::pwrite(descriptor_, bytes.data(), bytes.size(), 0) == static_cast<::ssize_t>(bytes.size()),
           "room in memory");
  }

 private:
  int descriptor_;
};

}  // namespace fuzz
