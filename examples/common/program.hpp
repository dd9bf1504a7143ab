// SPDX-License-Identifier: Apache-2.0
//
// How a program ends: status 0, or with one line on standard error 2, or 1 if the device is at fault.
#pragma once

#include <cerrno>
#include <cstdio>
#include <exception>
#include <new>
#include <string>
#include <system_error>

#include "error.hpp"
#include "unfinished_files.hpp"

namespace examples {

/// @brief Runs a program's body and reports what it throws as one line, "error: ...". A signal that ends it leaves no
/// unfinished file.
/// @param body int(), the exit status unless something is wrong
/// @return body's status; 2 if it throws, or if standard output could not take what it printed; 1 if it throws a
/// device_error
template <class Body>
[[nodiscard]] int run_program(Body&& body) {
  remove_unfinished_files_on_signals();
  std::string message;
  int failed = 2;
  try {
    int const status = body();
    if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return status;
    message = "standard output: expected room for the report, found " + std::generic_category().message(errno);
  } catch (std::bad_alloc const&) {
    message = "expected memory for this many images, found too little";
  } catch (std::exception const& error) {
    if (dynamic_cast<device_error const*>(&error) != nullptr) failed = 1;
    message = error.what();
    for (char& c : message) {
      if (c == '\n' || c == '\r') c = ' ';
    }
  }
  std::fprintf(stderr, "error: %s\n", message.c_str());
  return failed;
}

}  // namespace examples
