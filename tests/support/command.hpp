// SPDX-License-Identifier: Apache-2.0
//
// Runs a built program the way a person would and keeps what it printed, for tests of the command line.
#pragma once

#include <string>
#include <vector>

namespace test {

/// @brief How a program ended.
struct outcome {
  int status = 0;      ///< exit status; 128 + n if it was ended by signal n, as the shell counts
  std::string output;  ///< what it wrote to standard output
  std::string errors;  ///< what it wrote to standard error
};

/// @brief Runs a program to its end, standard input closed, with this process's environment.
/// @param arguments the program's path, then its arguments; no shell is involved
/// @throws std::runtime_error if it cannot be started
outcome run(std::vector<std::string> const& arguments);

}  // namespace test
