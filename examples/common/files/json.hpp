// SPDX-License-Identifier: Apache-2.0
//
// JSON files on nlohmann::json, with the checks that the library leaves to its user: names that occur twice, members
// that are missing or of another kind, integers that do not fit.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace examples {

/// @brief Parses JSON text that came from a file.
/// @param text strict JSON in UTF-8 (no comments, no NaN)
/// @param file the file, for messages
/// @param what what the text is, for messages
/// @throws input_error naming the file, line and column, or the name that occurs twice in one object
[[nodiscard]] nlohmann::json parse_json(std::string_view text, std::filesystem::path const& file,
                                        std::string_view what = "JSON");

/// @brief Reads a JSON file.
/// @throws input_error as parse_json, and if the file cannot be read
[[nodiscard]] nlohmann::json read_json(std::filesystem::path const& path);

/// @brief Writes a JSON file atomically, indented by 1 and with a newline at the end; numbers read back exactly.
/// @throws input_error if the file cannot be written or the value has no JSON form (NaN, infinity, text not in UTF-8)
void write_json(std::filesystem::path const& path, nlohmann::json const& value);

/// @brief A member that has to be there.
/// @param object the object to look in
/// @param key the member's name
/// @param file the file the object comes from, for messages
/// @throws input_error if object is not an object or has no such member
[[nodiscard]] nlohmann::json const& member(nlohmann::json const& object, std::string const& key,
                                           std::filesystem::path const& file);

/// @brief A member that is an integer in [lowest, highest]; 3.0 counts as one, 3.5 and "3" do not.
/// @throws input_error as member, and if it is anything else
[[nodiscard]] std::int64_t integer_member(nlohmann::json const& object, std::string const& key, std::int64_t lowest,
                                          std::int64_t highest, std::filesystem::path const& file);

/// @brief A member that is a number.
/// @throws input_error as member, and if it is anything else
[[nodiscard]] double number_member(nlohmann::json const& object, std::string const& key,
                                   std::filesystem::path const& file);

/// @brief A member that is true or false.
/// @throws input_error as member, and if it is anything else
[[nodiscard]] bool boolean_member(nlohmann::json const& object, std::string const& key,
                                  std::filesystem::path const& file);

/// @brief A member that is a string.
/// @throws input_error as member, and if it is anything else
[[nodiscard]] std::string string_member(nlohmann::json const& object, std::string const& key,
                                        std::filesystem::path const& file);

}  // namespace examples
