// SPDX-License-Identifier: Apache-2.0
//
// What makes a drawing the one it is: program, model, every option that changes an image. Kept as drawing.json in the
// folders that several processes, or one after another, fill with its images, so that none adds those of another.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "command_line.hpp"

namespace examples {

/// @brief Options as the user wrote them, by name.
using option_words = std::map<std::string, std::string>;

/// @brief The options of a command line that change images: all that were given but those that say where files lie,
/// which images are drawn now, and with how much of the machine.
[[nodiscard]] option_words drawing_words(CLI::App const& parsed);

/// @brief The record of a drawing.
class drawing_record {
 public:
  /// @brief Reads all of each file, which it tells by size and content and not by name.
  /// @param program  that draws
  /// @param words    as drawing_words has them
  /// @param images   of the whole drawing
  /// @param files    that decide over images, by what they are; those that are nothing or have no name are left out
  /// @throws input_error if a file cannot be read
  drawing_record(std::string const& program, option_words const& words, int images,
                 std::map<std::string, std::optional<std::filesystem::path>> const& files);

  /// @brief Compares each folder's drawing.json; then makes the folders that are not there, and writes what is not.
  /// @param folders  those that are nothing are left out
  /// @throws input_error if another drawing was begun in one, saying what differs, or one cannot be written
  void begin(std::vector<std::optional<std::filesystem::path>> const& folders) const;

  /// @brief Compares a drawing.json.
  /// @throws input_error if it is of another drawing, saying what differs, or is none
  void compare(std::filesystem::path const& file) const;

  /// @brief A number that drawings which differ do not share but by accident.
  [[nodiscard]] std::int64_t key() const;
  /// @brief What is in drawing.json.
  [[nodiscard]] nlohmann::json const& value() const noexcept { return value_; }

 private:
  nlohmann::json value_;
};

/// @brief Checks that a folder can be filled: it is not there but its parent is, or it is empty, or it has a
/// drawing.json. Files that are being written do not count.
/// @throws input_error if not
void check_drawing_folder(std::filesystem::path const& folder);

/// @brief Checks that a drawing was begun in a folder.
/// @throws input_error if not
void check_begun_folder(std::filesystem::path const& folder);

}  // namespace examples
