// SPDX-License-Identifier: Apache-2.0
//
// How a program ends: status 0, or with one line on standard error 2, or 1 if the device is at fault.
#pragma once

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <new>
#include <string>
#include <system_error>

#include "common/error.hpp"
#include "common/files/mapped_file.hpp"
#include "common/files/unfinished_files.hpp"

namespace examples {

/// @brief What is said when memory runs out.
inline constexpr char const* out_of_memory = "expected memory for this many images, found too little";

/// @brief Has memory that runs out where no exception gets through end the process as it does elsewhere: nlohmann's
/// JSON takes memory when it is destroyed, and an exception takes some itself. Whatever else ends a process so is as
/// before.
inline void end_in_order_without_memory() noexcept {
  static std::terminate_handler const before = std::get_terminate();
  std::set_terminate([] {
    bool without_memory = false;
    try {
      if (std::exception_ptr const thrown = std::current_exception()) std::rethrow_exception(thrown);
      // Perhaps there was no room for one; operator new would throw to find out
      void* volatile const room = std::malloc(1 << 16);
      without_memory = room == nullptr;
      std::free(room);
    } catch (std::bad_alloc const&) {
      without_memory = true;
    } catch (...) {
      // the handler from before says what it is
    }
    if (without_memory) {
      remove_unfinished_files();
      std::fprintf(stderr, "error: %s\n", out_of_memory);
      std::_Exit(2);
    }
    before();
    std::abort();
  });
}

/// @brief Runs a program's body and reports what it throws as one line, "error: ...". A signal that ends it leaves no
/// unfinished file; an input file that gets shorter while it is read is reported like the rest.
/// @param body int(), the exit status unless something is wrong
/// @return body's status; 2 if it throws, or if standard output could not take what it printed; 1 if it throws a
/// device_error
template <class Body>
[[nodiscard]] int run_program(Body&& body) {
  remove_unfinished_files_on_signals();
  end_in_order_without_mapped_files();
  end_in_order_without_memory();
  std::string message;
  int failed = 2;
  try {
    int const status = body();
    if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return status;
    message = "standard output: expected room for the report, found " + std::generic_category().message(errno);
  } catch (std::bad_alloc const&) {
    message = out_of_memory;
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
