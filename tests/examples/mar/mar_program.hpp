// SPDX-License-Identifier: Apache-2.0
//
// Runs the programs mar and convert_f16 and says what went wrong, for tests of the command line.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/files/safetensors.hpp"
#include "mar/checkpoint.hpp"
#include "support/command.hpp"
#include "support/environment.hpp"

namespace mar_program {

/// @brief Options that make a drawing as short as it can be; later ones would be refused, so they come first.
inline std::vector<std::string> shortest() { return {"--labels", "3", "--ar-steps", "2", "--steps", "2"}; }

/// @brief Runs a program of this build.
inline test::outcome run(char const* variable, std::vector<std::string> arguments) {
  auto const program = test::program(variable);
  REQUIRE(program);
  arguments.insert(arguments.begin(), program->string());
  return test::run(arguments);
}

/// @brief Draws with the program mar, quietly; it has to succeed.
/// @return the file that --dump wrote
inline examples::safetensors draw(std::vector<std::string> arguments) {
  test::temporary_folder const folder;
  std::string const file = (folder / "tokens.safetensors").string();
  arguments.insert(arguments.end(), {"--quiet", "--dump", file});
  test::outcome const result = run("ARDENT_MAR", arguments);
  REQUIRE_MESSAGE(result.status == 0, result.errors);
  CHECK(result.output.empty());
  CHECK(result.errors.empty());
  CHECK(folder.entries() == 1);
  return examples::safetensors::read(file);
}

/// @brief Checks that a program refused: status 2, one line on standard error that holds all of `parts`.
inline void check_refusal(test::outcome const& result, std::vector<std::string> const& parts) {
  CAPTURE(result.errors);
  CHECK(result.status == 2);
  CHECK(result.errors.starts_with("error: "));
  CHECK(std::count(result.errors.begin(), result.errors.end(), '\n') == 1);
  CHECK(result.errors.ends_with('\n'));
  for (std::string const& part : parts) {
    CAPTURE(part);
    CHECK(result.errors.find(part) != std::string::npos);
  }
}

/// @brief Runs mar with a picture and a dump asked for: it has to refuse before it draws, and leave no file.
inline void check_refused(std::vector<std::string> arguments, std::vector<std::string> const& parts) {
  test::temporary_folder const folder;
  arguments.insert(arguments.end(), {"--out", (folder / "out.png").string()});
  arguments.insert(arguments.end(), {"--dump", (folder / "dump.safetensors").string()});
  test::outcome const result = run("ARDENT_MAR", arguments);
  check_refusal(result, parts);
  CHECK(result.output.empty());  // no progress: no time was spent
  CHECK(folder.entries() == 0);
}

/// @brief The shipped model with one tensor changed on its way into another file.
/// @param name which tensor
/// @param add adds the changed tensor to the writer, or does not; gets its shape and values
inline void write_changed(
    std::filesystem::path const& file, std::string_view name,
    std::function<void(examples::safetensors_writer&, std::vector<std::int64_t>, std::vector<float>)> const& add) {
  auto const shipped = examples::safetensors::read(examples::mar::model_files::shipped().weights);
  examples::safetensors_writer writer;
  for (std::string const& other : shipped.names()) {
    std::vector<float> const values = shipped.floats(other);
    if (other == name) {
      add(writer, shipped.shape(other), values);
    } else {
      writer.add_f16(other, shipped.shape(other), values);
    }
  }
  writer.write(file);
}

}  // namespace mar_program
