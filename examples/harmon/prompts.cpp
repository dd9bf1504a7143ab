// SPDX-License-Identifier: Apache-2.0
//
// Reads lists of prompts.
#include "prompts.hpp"

#include <algorithm>
#include <climits>
#include <cstddef>
#include <cstdint>

#include "common/error.hpp"
#include "common/files/file.hpp"
#include "common/files/json.hpp"
#include "common/program/command_line.hpp"

namespace examples::harmon {
namespace {

using nlohmann::json;

// How many of `count` ids a mask of ones, then zeros, lets stand.
std::size_t valid_of(json const& mask, char const* key, std::size_t count, std::string const& where) {
  std::size_t valid = 0, padding = 0;
  for (json const& entry : mask) {
    valid += padding == 0 && entry == 1 ? 1 : 0;
    padding += entry == 0 ? 1 : 0;
  }
  if (!mask.is_array() || mask.size() != count || valid == 0 || valid + padding != count)
    fail(where, std::string("\"") + key + "\" to be ones, then zeros, for each of " + std::to_string(count) + " ids",
         printable(mask.dump(), 60));
  return valid;
}

// The ids of a line, without the padding that a mask beside them tells.
prompt ids_of(json const& line, char const* key, char const* mask_key, std::string const& where) {
  std::string const expected = std::string("\"") + key + "\" to be an array of token ids, at least one";
  json const& values = line.at(key);
  if (!values.is_array() || values.empty()) fail(where, expected, printable(values.dump(), 60));
  prompt ids;
  for (json const& value : values) {
    std::int64_t const id = value.is_number_integer() ? value.get<std::int64_t>() : -1;
    if (id < 0 || id > INT_MAX) fail(where, expected, printable(value.dump(), 60));
    ids.push_back(static_cast<int>(id));
  }
  if (line.contains(mask_key)) ids.resize(valid_of(line.at(mask_key), mask_key, ids.size(), where));
  return ids;
}

void add_line(prompt_list& to, json const& line, std::string const& where) {
  if (!line.is_object() || (!line.contains("prompt") && !line.contains("ids")))
    fail(where, "an object with \"prompt\" or \"ids\"", printable(line.dump(), 60));
  named_prompt& one = to.prompts.emplace_back();
  one.where = where;
  one.entry = line;
  for (char const* key : {"ids", "attention_mask", "unconditional_ids", "unconditional_attention_mask"})
    one.entry.erase(key);
  if (line.contains("prompt")) one.text = string_member(line, "prompt", where);
  if (line.contains("ids")) one.ids = ids_of(line, "ids", "attention_mask", where);
  if (!line.contains("unconditional_ids")) return;
  named_prompt const other{.text = {},
                           .ids = ids_of(line, "unconditional_ids", "unconditional_attention_mask", where),
                           .where = where,
                           .entry = {}};
  if (to.unconditional && to.unconditional->ids != other.ids)
    fail(where, "the \"unconditional_ids\" of " + to.unconditional->where, "others");
  if (!to.unconditional) to.unconditional = other;
}

}  // namespace

prompt parse_ids(std::string const& option, std::string_view text) {
  prompt ids;
  for (std::size_t begin = 0; begin <= text.size();) {
    std::size_t const end = std::min(text.find(',', begin), text.size());
    ids.push_back(parse_number(option, text.substr(begin, end - begin), 0, INT_MAX));
    begin = end + 1;
  }
  return ids;
}

prompt_list read_prompts(std::filesystem::path const& file) {
  std::string const text = read_text(file);
  prompt_list list;
  int number = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    std::size_t const end = std::min(text.find('\n', begin), text.size());
    std::string_view const line = std::string_view(text).substr(begin, end - begin);
    begin = end + 1;
    ++number;
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    std::string const where = printable_path(file) + ", line " + std::to_string(number);
    add_line(list, parse_json(line, where), where);
  }
  if (list.prompts.empty()) fail(file, "a line for each prompt", "none");
  return list;
}

}  // namespace examples::harmon
