// SPDX-License-Identifier: Apache-2.0
//
// Command lines on CLI11 whose errors are input_errors. Numbers are read here and not by CLI11, so that a wrong one is
// told with its range.
#pragma once

#include <CLI/CLI.hpp>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>

#include "common/error.hpp"

namespace examples {

/// @brief A number's text for a message.
template <class Number>
[[nodiscard]] std::string number_text(Number number) {
  std::ostringstream text;
  text << number;
  return text.str();
}

/// @brief Reads a number.
/// @param option the option it was given for, for messages
/// @param text all of it has to be the number, in decimal
/// @throws input_error if it is none, or outside [lowest, highest]
template <class Number>
[[nodiscard]] Number parse_number(std::string const& option, std::string_view text, Number lowest, Number highest) {
  Number number{};
  auto const [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || stop != text.data() + text.size() || !(number >= lowest && number <= highest)) {
    fail(option, "a number from " + number_text(lowest) + " to " + number_text(highest),
         "\"" + printable(text, 60) + "\"");
  }
  return number;
}

/// @brief Adds an option whose value is a number in [lowest, highest].
/// @param target a Number or std::optional of one; outlives the parsing
template <class Number, class Target>
void add_number(CLI::App& app, std::string const& name, Target& target, Number lowest, Number highest,
                std::string const& help) {
  auto const set = [=, &target](std::string const& text) { target = parse_number(name, text, lowest, highest); };
  app.add_option_function<std::string>(name, set, help)->type_name("N");
}

/// @brief Adds an option whose value is the name of a file.
/// @param target outlives the parsing
inline void add_file(CLI::App& app, std::string const& name, std::optional<std::filesystem::path>& target,
                     std::string const& help) {
  auto const set = [&target](std::string const& text) { target = text; };
  app.add_option_function<std::string>(name, set, help)->type_name("FILE");
}

/// @brief Reads the command line.
/// @return false if help was asked for, which is printed then
/// @throws input_error if there is an unknown option, or one lacks its value or has a wrong one
[[nodiscard]] inline bool parse_command_line(CLI::App& app, int argc, char** argv) {
  try {
    app.parse(argc, argv);
    return true;
  } catch (CLI::CallForHelp const&) {
    std::fputs(app.help().c_str(), stdout);
    return false;
  } catch (CLI::ParseError const& error) {
    throw input_error("command line: " + printable(error.what()) + " (--help lists the options)");
  }
}

}  // namespace examples
