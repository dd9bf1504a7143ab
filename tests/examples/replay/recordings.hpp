// SPDX-License-Identifier: Apache-2.0
//
// Recordings for tests of the replay program: where they are, copies with their results removed or their numbers
// changed, and a run of the program.
#pragma once

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "common/files/json.hpp"
#include "common/files/safetensors.hpp"
#include "support/command.hpp"
#include "support/environment.hpp"

namespace recordings {

namespace fs = std::filesystem;

/// @brief A file of the full recordings if they are there, else of the copies in tests/data.
inline fs::path file(std::string const& name) {
  std::optional<fs::path> const all = test::goldens();
  return all ? *all / name : test::data(name);
}

/// @brief Whether the build has the program; if not, the test case counts as skipped.
inline bool have_program() {
  if (test::program("ARDENT_REPLAY")) return true;
  test::skip("the examples are not part of this build");
  return false;
}

/// @brief A recording as the program's first argument.
inline std::string stem(std::string const& name) { return file(name + ".json").replace_extension("").string(); }

/// @brief Runs the program with these arguments.
inline test::outcome replay(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), test::program("ARDENT_REPLAY").value().string());
  return test::run(arguments);
}

/// @brief Whether a tensor is a result, or an intermediate value that only serves to find errors.
inline bool is_result(std::string const& name) {
  for (char const* end : {".out", ".first_model_out", ".tokens", ".z", ".states", ".times", ".timesteps", ".sigmas"})
    if (name.ends_with(end)) return true;
  return false;
}

/// @brief Whether a tensor is a mask of FlowAR and xAR with numbers that are not finite, which nobody needs.
inline bool is_infinite(std::string const& name) { return name == "mask"; }

/// @brief Copies a tensor of floats, doubles or integers.
inline void copy_tensor(examples::safetensors const& from, std::string const& name, examples::safetensors_writer& to) {
  switch (from.view(name).type) {
    case examples::dtype::f32:
      return to.add(name, from.shape(name), from.floats(name));
    case examples::dtype::f64:
      return to.add(name, from.shape(name), from.doubles(name));
    default:
      return to.add(name, from.shape(name), from.integers(name));
  }
}

/// @brief Copies a recording's tensors but for some.
inline void copy_without(fs::path const& from, fs::path const& to,
                         std::function<bool(std::string const&)> const& left_out) {
  examples::safetensors const all = examples::safetensors::read(from);
  examples::safetensors_writer writer;
  for (std::string const& name : all.names())
    if (!left_out(name)) copy_tensor(all, name, writer);
  writer.write(to);
}

/// @brief Copies a recording's tensors, some of them (floats) with 1e6 in place of their numbers.
inline void copy_spoilt(fs::path const& from, fs::path const& to,
                        std::function<bool(std::string const&)> const& spoilt) {
  examples::safetensors const all = examples::safetensors::read(from);
  examples::safetensors_writer writer;
  for (std::string const& name : all.names()) {
    if (spoilt(name))
      writer.add(name, all.shape(name), std::vector<float>(all.floats(name).size(), 1e6f));
    else
      copy_tensor(all, name, writer);
  }
  writer.write(to);
}

/// @brief Copies a recording's tensors, the numbers of one of them (floats) multiplied by a factor.
inline void copy_scaled(fs::path const& from, fs::path const& to, std::string const& scaled, float factor) {
  examples::safetensors const all = examples::safetensors::read(from);
  examples::safetensors_writer writer;
  for (std::string const& name : all.names()) {
    if (is_infinite(name)) continue;
    if (name != scaled) {
      copy_tensor(all, name, writer);
      continue;
    }
    std::vector<float> values = all.floats(name);
    for (float& value : values) value *= factor;
    writer.add(name, all.shape(name), std::span<float const>(values));
  }
  writer.write(to);
}

/// @brief Puts a copy of a recording into a folder, with a change of its JSON.
/// @return the copy's stem
inline std::string copy_changed(test::temporary_folder const& folder, std::string const& name,
                                std::function<void(nlohmann::json&)> const& change) {
  nlohmann::json document = examples::read_json(file(name + ".json"));
  change(document);
  examples::write_json(folder / (name + ".json"), document);
  fs::create_symlink(file(name + ".safetensors"), folder / (name + ".safetensors"));
  return (folder / name).string();
}

/// @brief The entry of a case.
inline nlohmann::json& case_of(nlohmann::json& document, std::string const& name) {
  for (nlohmann::json& one : document.at("cases"))
    if (one.at("name") == name) return one;
  throw std::runtime_error("no case " + name);
}

/// @brief How often a text holds another.
inline int count(std::string const& text, std::string const& part) {
  int found = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

}  // namespace recordings
