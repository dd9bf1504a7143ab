// SPDX-License-Identifier: Apache-2.0
//
// A program that a script talks to, so that its runs can take turns with somebody else's: a line of words in, a line of
// JSON out.
#pragma once

#include <cstdio>
#include <exception>
#include <functional>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>
#include <string>

namespace bench {

/// @brief A request's next word.
/// @throws std::invalid_argument if there is none, or it is of another kind
template <class T>
T next(std::istream& words, char const* what) {
  T value{};
  if (!(words >> value)) throw std::invalid_argument(std::string("expected ") + what);
  return value;
}

/// @brief Says `about`, then answers requests until the input ends: answer(words) or {"error": message}.
inline void serve(nlohmann::json const& about,
                  std::function<nlohmann::json(std::string const& command, std::istream& words)> const& answer) {
  const auto say = [](nlohmann::json const& what) { std::cout << what.dump() << std::endl; };
  say(about);
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    try {
      say(answer(next<std::string>(words, "a command"), words));
    } catch (std::exception const& e) {
      say({{"error", e.what()}});
    }
  }
}

/// @brief main() of such a program: its status when it could not even begin is 1.
inline int main_of(std::function<void()> const& run) {
  try {
    run();
    return 0;
  } catch (std::exception const& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
}

}  // namespace bench
