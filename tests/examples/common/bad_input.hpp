// SPDX-License-Identifier: Apache-2.0
//
// Helpers for tests of input_error: what a call says, raw files, and calls in a process of their own.
#pragma once

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include "common/error.hpp"

namespace bad_input {

/// @brief The message of the input_error that f throws, checked to be one line; "" if f throws none.
template <class F>
std::string message_of(F&& f) {
  try {
    f();
  } catch (examples::input_error const& error) {
    std::string const message = error.what();
    CHECK(message.find_first_of("\r\n") == std::string::npos);
    CHECK(message.size() < 700);
    return message;
  }
  return "";
}

/// @brief The message of f, checked to name the file, what was expected and what was found.
template <class F>
std::string complaint(std::filesystem::path const& file, F&& f) {
  std::string message = message_of(f);
  CAPTURE(message);
  CHECK(message.starts_with(file.string() + ": expected "));
  CHECK(message.find(", found ") != std::string::npos);
  return message;
}

inline bool has(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

inline void put(std::filesystem::path const& file, std::string_view bytes) {
  std::ofstream stream(file, std::ios::binary | std::ios::trunc);
  stream.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  REQUIRE(stream.flush());
}

inline std::string get(std::filesystem::path const& file) {
  std::ifstream stream(file, std::ios::binary);
  REQUIRE(stream);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

/// @brief The value that f returns in a process of its own (0 to 255), -1 if it ended any other way. For f that change
///        what a process cannot easily take back: limits, mounts, user ids.
template <class F>
int in_child(F&& f) {
  pid_t const child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    int result = 255;
    try {
      result = f();
    } catch (...) {
    }
    ::_exit(result);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace bad_input
