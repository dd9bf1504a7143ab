// SPDX-License-Identifier: Apache-2.0
//
// Looks things up in a recording, with messages that say where.
#include "recording.hpp"

#include "common/error.hpp"

#include <algorithm>
#include <stdexcept>

namespace examples::replay {

bool run_cases(recording const& from, request const& what, std::function<bool(nlohmann::json const&)> const& run) {
  nlohmann::json const& cases = member(from.document, "cases", from.file);
  if (!cases.is_array()) fail(from.file, "\"cases\" to be an array", cases.type_name());
  std::vector<std::string> names;
  for (nlohmann::json const& one : cases) names.push_back(string_member(one, "name", from.file));
  for (std::string const& name : what.cases)
    if (std::count(names.begin(), names.end(), name) == 0)
      fail(from.file, "a case named \"" + printable(name) + "\"", std::to_string(names.size()) + " others");

  bool passed = true;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (!what.cases.empty() && std::count(what.cases.begin(), what.cases.end(), names[i]) == 0) continue;
    try {
      passed = run(cases[i]) && passed;
    } catch (std::invalid_argument const& problem) {
      throw input_error(printable_path(from.file) + ": case " + printable(names[i]) + ": " + problem.what());
    }
  }
  return passed;
}

std::string numbered(std::string const& prefix, int number, int digits) {
  const std::string text = std::to_string(number);
  const auto missing = static_cast<std::ptrdiff_t>(digits) - static_cast<std::ptrdiff_t>(text.size());
  return prefix + std::string(missing > 0 ? static_cast<std::size_t>(missing) : 0, '0') + text;
}

std::vector<float> recorded_rows(safetensors const& tensors, std::string const& name, std::int64_t rows,
                                 std::int64_t channels) {
  const std::vector<std::int64_t> shape = tensors.shape(name);
  std::int64_t count = shape.empty() ? 0 : 1;
  for (std::size_t i = 0; i + 1 < shape.size(); ++i)
    count = shape[i] > 2 * rows ? 2 * rows + 1 : std::min(count * shape[i], 2 * rows + 1);
  const bool fits = count > 0 && shape.back() == channels && (count == rows || count == 2 * rows);
  std::vector<float> values = fits ? tensors.floats(name) : tensors.floats(name, {rows, channels});
  values.resize(static_cast<std::size_t>(rows * channels));
  return values;
}

}  // namespace examples::replay
