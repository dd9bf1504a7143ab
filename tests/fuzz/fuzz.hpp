// SPDX-License-Identifier: Apache-2.0
//
// What the fuzzers share: the entry point that libFuzzer and replay_main.cpp call, and how a harness says that
// something is wrong.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "common/error.hpp"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size);

namespace fuzz {

/// @brief Ends the process, as a sanitizer does, if a promise was broken.
inline void expect(bool kept, char const* promise) {
  if (kept) return;
  std::fprintf(stderr, "fuzz: expected %s\n", promise);
  std::abort();
}

/// @brief The message of the input_error that f throws, checked to be one line of bounded length; "" if it throws
/// none. Anything else that f throws ends the process.
/// @param names  bytes of the names of files that it may hold, which are never shortened
template <class F>
std::string message_of(F const& f, std::size_t names = 0) {
  try {
    f();
    return {};
  } catch (examples::input_error const& error) {
    std::string message = error.what();
    expect(!message.empty() && message.size() < 1000 + 2 * names, "a message that is no longer than a person reads");
    expect(message.find_first_of("\r\n") == std::string::npos, "a message of one line");
    expect(message.find('\0') == std::string::npos, "a message without zero bytes");
    return message;
  }
}

/// @brief The input as text.
inline std::string_view text_of(std::uint8_t const* data, std::size_t size) {
  return {reinterpret_cast<char const*>(data), size};
}

}  // namespace fuzz
