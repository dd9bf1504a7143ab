// SPDX-License-Identifier: Apache-2.0
//
// What the build system tells the tests: where their data lies and where the built programs are. A test that lacks
// something which a plain clone need not have (the full recordings, a CUDA compiler) says so with skip() and returns.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace test {

/// @brief A file or folder under tests/data.
/// @throws std::runtime_error if it does not exist: a clone has all of them
std::filesystem::path data(std::string_view name);

/// @brief The folder of the full recordings, where it stands beside the checkout.
std::optional<std::filesystem::path> goldens();

/// @brief A program that the build made.
/// @param variable the environment variable that names it: ARDENT_REPLAY, ARDENT_MAR, ARDENT_DEMO ...
/// @return its path; nothing if the examples are not part of this build
/// @throws std::runtime_error if the variable names a file that does not exist
std::optional<std::filesystem::path> program(std::string_view variable);

/// @brief Counts the running test case as skipped and prints why. Return from the test case after it.
void skip(std::string_view why);

/// @brief How many test cases have called skip().
int skipped();

/// @brief A folder of its own under the system's temporary folder, removed with all it holds at the end of the scope.
class temporary_folder {
 public:
  temporary_folder();
  ~temporary_folder();
  temporary_folder(temporary_folder const&) = delete;
  temporary_folder& operator=(temporary_folder const&) = delete;

  /// @brief The folder.
  std::filesystem::path const& path() const { return path_; }
  /// @brief A name inside the folder.
  std::filesystem::path operator/(std::string_view name) const { return path_ / name; }
  /// @brief How many entries it holds, to see that a failed program left nothing behind.
  std::size_t entries() const;

 private:
  std::filesystem::path path_;
};

}  // namespace test
