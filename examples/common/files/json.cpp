// SPDX-License-Identifier: Apache-2.0
//
// JSON files with one-line errors.
#include "json.hpp"

#include <cmath>
#include <set>
#include <vector>

#include "atomic_file.hpp"
#include "common/error.hpp"
#include "file.hpp"

namespace examples {
namespace {

using nlohmann::json;

// Far beyond what any file of ours needs; each level costs the parser dozens of times the byte that asks for it.
constexpr int max_depth = 256;

// The library's messages begin with an identifier in brackets that tells a user nothing.
std::string without_identifier(std::string_view message) {
  std::size_t const end = message.find("] ");
  if (message.starts_with('[') && end != std::string_view::npos) message.remove_prefix(end + 2);
  return printable(message, 240);
}

// A value in a message: its kind if it is large, otherwise itself.
std::string shown(json const& value) {
  if (value.is_structured()) return value.is_array() ? "an array" : "an object";
  return printable(value.dump(-1, ' ', true, json::error_handler_t::replace), 60);
}

bool all_finite(json const& value) {
  if (value.is_number_float()) return std::isfinite(value.get<double>());
  if (!value.is_structured()) return true;
  for (json const& element : value) {
    if (!all_finite(element)) return false;
  }
  return true;
}

[[noreturn]] void wrong_member(std::string const& key, std::string const& expected, json const& found,
                               std::filesystem::path const& file) {
  fail(file, "\"" + printable(key) + "\" to be " + expected, shown(found));
}

}  // namespace

json parse_json(std::string_view text, std::filesystem::path const& file, std::string_view what) {
  std::vector<std::set<std::string>> names;  // of the objects that are open, outermost first
  std::string twice;
  auto const watch = [&](int depth, json::parse_event_t event, json& parsed) {
    if (depth > max_depth) {
      std::string const limit = std::to_string(max_depth);
      fail(file, std::string(what) + " nested at most " + limit + " deep", "deeper nesting");
    }
    if (event == json::parse_event_t::object_start) names.emplace_back();
    if (event == json::parse_event_t::object_end) names.pop_back();
    if (event == json::parse_event_t::key && !names.back().insert(parsed.get<std::string>()).second && twice.empty()) {
      twice = "\"" + printable(parsed.get<std::string>()) + "\" twice";
    }
    return true;
  };
  json value;
  try {
    value = json::parse(text.begin(), text.end(), watch);
  } catch (json::exception const& error) {
    fail(file, what, without_identifier(error.what()));
  }
  if (!twice.empty()) fail(file, std::string(what) + " with every name once in its object", twice);
  return value;
}

json read_json(std::filesystem::path const& path) { return parse_json(read_text(path), path); }

void write_json(std::filesystem::path const& path, json const& value) {
  if (!all_finite(value)) fail(path, "finite numbers to write as JSON", "NaN or infinity");
  std::string text;
  try {
    text = value.dump(1);
  } catch (json::exception const& error) {
    fail(path, "text in UTF-8 to write as JSON", without_identifier(error.what()));
  }
  write_atomically(path, text + "\n");
}

json const& member(json const& object, std::string const& key, std::filesystem::path const& file) {
  std::string const expected = "an object with \"" + printable(key) + "\"";
  if (!object.is_object()) fail(file, expected, shown(object));
  auto const found = object.find(key);
  if (found == object.end()) fail(file, expected, "no such name");
  return *found;
}

std::int64_t integer_member(json const& object, std::string const& key, std::int64_t lowest, std::int64_t highest,
                            std::filesystem::path const& file) {
  json const& value = member(object, key, file);
  auto const fits = [&](std::int64_t n) { return n >= lowest && n <= highest; };
  if (value.is_number_unsigned()) {
    auto const n = value.get<std::uint64_t>();
    if (n <= std::uint64_t{INT64_MAX} && fits(static_cast<std::int64_t>(n))) return static_cast<std::int64_t>(n);
  } else if (value.is_number_integer()) {
    if (auto const n = value.get<std::int64_t>(); fits(n)) return n;
  } else if (value.is_number_float()) {
    double const x = value.get<double>();
    // 2^53: beyond it a double no longer tells neighbouring integers apart.
    if (std::abs(x) <= 9007199254740992.0 && x == std::trunc(x) && fits(static_cast<std::int64_t>(x))) {
      return static_cast<std::int64_t>(x);
    }
  }
  wrong_member(key, "an integer from " + std::to_string(lowest) + " to " + std::to_string(highest), value, file);
}

double number_member(json const& object, std::string const& key, std::filesystem::path const& file) {
  json const& value = member(object, key, file);
  if (!value.is_number()) wrong_member(key, "a number", value, file);
  return value.get<double>();
}

bool boolean_member(json const& object, std::string const& key, std::filesystem::path const& file) {
  json const& value = member(object, key, file);
  if (!value.is_boolean()) wrong_member(key, "true or false", value, file);
  return value.get<bool>();
}

std::string string_member(json const& object, std::string const& key, std::filesystem::path const& file) {
  json const& value = member(object, key, file);
  if (!value.is_string()) wrong_member(key, "a string", value, file);
  return value.get<std::string>();
}

}  // namespace examples
