// SPDX-License-Identifier: Apache-2.0
//
// Checks all that a safetensors file says of its tensors, before memory for their data is taken.
#include "safetensors_header.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <utility>

#include <nlohmann/json.hpp>

#include "common/error.hpp"
#include "json.hpp"

namespace examples {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

struct dtype_row {
  dtype type;
  std::string_view name;
  std::size_t size;
};

constexpr std::array<dtype_row, 15> dtypes{{{dtype::boolean, "BOOL", 1},
                                            {dtype::u8, "U8", 1},
                                            {dtype::i8, "I8", 1},
                                            {dtype::f8_e4m3, "F8_E4M3", 1},
                                            {dtype::f8_e5m2, "F8_E5M2", 1},
                                            {dtype::u16, "U16", 2},
                                            {dtype::i16, "I16", 2},
                                            {dtype::f16, "F16", 2},
                                            {dtype::bf16, "BF16", 2},
                                            {dtype::u32, "U32", 4},
                                            {dtype::i32, "I32", 4},
                                            {dtype::f32, "F32", 4},
                                            {dtype::u64, "U64", 8},
                                            {dtype::i64, "I64", 8},
                                            {dtype::f64, "F64", 8}}};

constexpr dtype_row const& row_of(dtype type) noexcept { return dtypes[static_cast<std::size_t>(type)]; }

static_assert(std::ranges::all_of(dtypes, [](dtype_row const& row) { return row_of(row.type).name == row.name; }),
              "the table is in the order of the enumeration");

// Short enough for a message, whatever the header holds.
std::string shown(json const& value) {
  return printable(value.dump(-1, ' ', true, json::error_handler_t::replace), 80);
}

std::optional<std::uint64_t> product(std::uint64_t a, std::uint64_t b) {
  if (b != 0 && a > std::numeric_limits<std::uint64_t>::max() / b) return std::nullopt;
  return a * b;
}

tensor_entry parse_entry(fs::path const& path, std::string_view name, json const& info, std::uint64_t data_size) {
  std::string const tensor = "tensor " + quoted(name) + " ";
  if (!info.is_object()) fail(path, tensor + "to be described by an object", shown(info));
  auto const part = [&](char const* key) -> json const& {
    auto const found = info.find(key);
    if (found == info.end()) fail(path, tensor + "to have \"" + key + "\"", shown(info));
    return *found;
  };

  json const& type = part("dtype");
  auto const row = std::ranges::find_if(dtypes, [&](dtype_row const& r) { return type == r.name; });
  if (row == dtypes.end()) fail(path, tensor + "to have a known dtype", shown(type));

  json const& shape = part("shape");
  auto const is_extent = [](json const& extent) {
    return extent.is_number_unsigned() && extent.get<std::uint64_t>() <= std::uint64_t{INT64_MAX};
  };
  if (!shape.is_array() || !std::ranges::all_of(shape, is_extent)) {
    fail(path, tensor + "to have a shape of non-negative integers", shown(shape));
  }
  std::optional<std::uint64_t> bytes = row->size;
  for (json const& extent : shape) {
    bytes = product(*bytes, extent.get<std::uint64_t>());
    if (!bytes) fail(path, tensor + "to have a size below 2^64 bytes", "shape " + shown(shape));
  }

  json const& place = part("data_offsets");
  if (!place.is_array() || place.size() != 2 || !place[0].is_number_unsigned() || !place[1].is_number_unsigned()) {
    fail(path, tensor + "to have data_offsets of two non-negative integers", shown(place));
  }
  auto const begin = place[0].get<std::uint64_t>();
  auto const end = place[1].get<std::uint64_t>();
  if (begin > end || end > data_size) {
    fail(path, tensor + "to lie in the " + std::to_string(data_size) + " bytes of data that follow the header",
         "data_offsets " + shown(place));
  }
  if (end - begin != *bytes) {
    fail(path,
         tensor + "to take " + std::to_string(*bytes) + " bytes (" + std::string(row->name) + " " + shown(shape) + ")",
         std::to_string(end - begin));
  }
  return {.type = row->type, .shape = shape.get<std::vector<std::int64_t>>(), .begin = begin, .end = end};
}

void check_metadata(fs::path const& path, json const& metadata) {
  if (!metadata.is_object() || !std::ranges::all_of(metadata, [](json const& value) { return value.is_string(); })) {
    fail(path, "__metadata__ to be an object of strings", shown(metadata));
  }
}

// The tensors must cover the data without a gap: what no tensor names is a sign of a damaged or doctored file.
void check_cover(fs::path const& path, tensor_entries const& entries, std::uint64_t data_size) {
  std::vector<std::pair<std::string_view, tensor_entry const*>> order;
  order.reserve(entries.size());
  for (auto const& [name, entry] : entries) order.emplace_back(name, &entry);
  std::ranges::sort(order, {}, [](auto const& e) { return std::pair(e.second->begin, e.second->end); });
  std::uint64_t covered = 0;
  for (auto const& [name, entry] : order) {
    if (entry->begin != covered) {
      fail(path, "tensor " + quoted(name) + " to begin at byte " + std::to_string(covered) + " of the data",
           std::string(entry->begin < covered ? "an overlap" : "a gap") + ", it begins at " +
               std::to_string(entry->begin));
    }
    covered = entry->end;
  }
  if (covered != data_size) {
    fail(path, std::to_string(covered) + " bytes of data", std::to_string(data_size) + ", more than the tensors take");
  }
}

}  // namespace

std::string_view name_of(dtype type) noexcept { return row_of(type).name; }
std::size_t size_of(dtype type) noexcept { return row_of(type).size; }

std::string quoted(std::string_view name) { return "'" + printable(name) + "'"; }

void check_header_length(fs::path const& path, std::uint64_t length, std::uint64_t rest) {
  if (length > safetensors::max_header) {
    fail(path, "a header of at most " + std::to_string(safetensors::max_header) + " bytes", std::to_string(length));
  }
  if (length > rest) {
    fail(path, "a header of " + std::to_string(length) + " bytes", std::to_string(rest) + " bytes, a cut-off file");
  }
}

tensor_entries parse_header(fs::path const& path, std::string const& text, std::uint64_t data_size) {
  if (!text.starts_with('{')) fail(path, "a header that is a JSON object", "'" + printable(text, 20) + "'");
  json const header = parse_json(text, path, "a header in JSON");
  tensor_entries entries;
  for (auto const& [name, info] : header.items()) {
    if (name == "__metadata__") {
      check_metadata(path, info);
    } else {
      entries.emplace(name, parse_entry(path, name, info, data_size));
    }
  }
  check_cover(path, entries, data_size);
  return entries;
}

}  // namespace examples
