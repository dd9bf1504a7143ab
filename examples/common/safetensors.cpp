// SPDX-License-Identifier: Apache-2.0
//
// Reading safetensors: the header is checked in full before memory for the data is taken.
#include "safetensors.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <new>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "error.hpp"
#include "file.hpp"
#include "half.hpp"
#include "json.hpp"

namespace examples {

static_assert(std::numeric_limits<float>::is_iec559, "a double beyond the range of float has to become infinity");
static_assert(std::endian::native == std::endian::little, "safetensors files are little-endian; swap bytes here");

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

std::string quoted(std::string_view name) { return "'" + printable(name) + "'"; }

std::string text_of(std::vector<std::int64_t> const& shape) {
  std::string text = "[";
  for (std::int64_t const extent : shape) text += (text.size() > 1 ? ", " : "") + std::to_string(extent);
  return text + "]";
}

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
void check_cover(fs::path const& path, std::map<std::string, tensor_entry, std::less<>> const& entries,
                 std::uint64_t data_size) {
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

template <class To, class From, class Convert>
std::vector<To> convert(std::span<std::byte const> bytes, Convert value_of) {
  std::vector<To> values(bytes.size() / sizeof(From));
  for (std::size_t i = 0; i < values.size(); ++i) {
    From element;
    std::memcpy(&element, bytes.data() + i * sizeof(From), sizeof(From));  // the file promises no alignment
    values[i] = value_of(element);
  }
  return values;
}

}  // namespace

std::string_view name_of(dtype type) noexcept { return row_of(type).name; }
std::size_t size_of(dtype type) noexcept { return row_of(type).size; }

safetensors safetensors::read(fs::path const& path) {
  input_file file(path);
  if (file.size() < 8) fail(path, "a safetensors file of at least 8 bytes", std::to_string(file.size()));
  std::uint64_t length = 0;
  file.read(std::as_writable_bytes(std::span(&length, 1)));
  std::uint64_t const rest = file.size() - 8;
  if (length > max_header) {
    fail(path, "a header of at most " + std::to_string(max_header) + " bytes", std::to_string(length));
  }
  if (length > rest) {
    fail(path, "a header of " + std::to_string(length) + " bytes", std::to_string(rest) + " bytes, a cut-off file");
  }

  std::string text(length, '\0');
  file.read(std::as_writable_bytes(std::span(text)));
  if (!text.starts_with('{')) fail(path, "a header that is a JSON object", "'" + printable(text, 20) + "'");
  json const header = parse_json(text, path, "a header in JSON");

  safetensors result;
  result.path_ = path;
  std::uint64_t const data_size = rest - length;
  for (auto const& [name, info] : header.items()) {
    if (name == "__metadata__") {
      check_metadata(path, info);
    } else {
      result.entries_.emplace(name, parse_entry(path, name, info, data_size));
    }
  }
  check_cover(path, result.entries_, data_size);

  try {
    auto data = std::make_shared_for_overwrite<std::byte[]>(data_size);
    file.read({data.get(), data_size});
    result.data_ = std::move(data);
  } catch (std::bad_alloc const&) {
    fail(path, "a file that fits into memory", std::to_string(data_size) + " bytes of data");
  }
  return result;
}

std::vector<std::string> safetensors::names() const {
  std::vector<std::string> result;
  result.reserve(entries_.size());
  for (auto const& [name, entry] : entries_) result.push_back(name);
  return result;
}

tensor_entry const& safetensors::at(std::string_view name) const {
  auto const found = entries_.find(name);
  if (found == entries_.end()) fail(path_, "tensor " + quoted(name), "no tensor of that name");
  return found->second;
}

tensor_view safetensors::view(std::string_view name) const {
  tensor_entry const& entry = at(name);
  return {.name = entries_.find(name)->first,
          .type = entry.type,
          .shape = entry.shape,
          .bytes = {data_.get() + entry.begin, data_.get() + entry.end}};
}

std::vector<std::int64_t> safetensors::shape(std::string_view name) const { return at(name).shape; }

void safetensors::check_shape(std::string_view name, std::vector<std::int64_t> const& shape) const {
  tensor_entry const& entry = at(name);
  if (entry.shape != shape) {
    fail(path_, "tensor " + quoted(name) + " to have shape " + text_of(shape), text_of(entry.shape));
  }
}

template <class T>
std::vector<T> safetensors::real_values(std::string_view name) const {
  tensor_view const tensor = view(name);
  std::vector<T> values;
  switch (tensor.type) {
    case dtype::f64:
      values = convert<T, double>(tensor.bytes, [](double x) { return static_cast<T>(x); });
      break;
    case dtype::f32:
      values = convert<T, float>(tensor.bytes, [](float x) { return T{x}; });
      break;
    case dtype::f16:
      values = convert<T, std::uint16_t>(tensor.bytes, [](auto b) { return T{from_float16(b)}; });
      break;
    case dtype::bf16:
      values = convert<T, std::uint16_t>(tensor.bytes, [](auto b) { return T{from_bfloat16(b)}; });
      break;
    default:
      fail(path_, "tensor " + quoted(name) + " to have dtype F32, F64, F16 or BF16", std::string(name_of(tensor.type)));
  }
  auto const bad = std::ranges::find_if(values, [](T x) { return !std::isfinite(x); });
  if (bad != values.end()) {
    fail(path_, "tensor " + quoted(name) + " to hold finite numbers",
         (std::isnan(*bad)            ? "NaN"
          : tensor.type == dtype::f64 ? "infinity or a number too large for float"
                                      : "infinity") +
             std::string(" at index ") + std::to_string(bad - values.begin()));
  }
  return values;
}

std::vector<float> safetensors::floats(std::string_view name) const { return real_values<float>(name); }

std::vector<float> safetensors::floats(std::string_view name, std::vector<std::int64_t> const& shape) const {
  check_shape(name, shape);
  return floats(name);
}

std::vector<double> safetensors::doubles(std::string_view name) const { return real_values<double>(name); }

std::vector<double> safetensors::doubles(std::string_view name, std::vector<std::int64_t> const& shape) const {
  check_shape(name, shape);
  return doubles(name);
}

std::vector<std::int64_t> safetensors::integers(std::string_view name) const {
  tensor_view const tensor = view(name);
  auto const widen = [](auto n) { return std::int64_t{n}; };
  if (tensor.type == dtype::i64) return convert<std::int64_t, std::int64_t>(tensor.bytes, widen);
  if (tensor.type == dtype::i32) return convert<std::int64_t, std::int32_t>(tensor.bytes, widen);
  fail(path_, "tensor " + quoted(name) + " to have dtype I64 or I32", name_of(tensor.type));
}

std::vector<std::int64_t> safetensors::integers(std::string_view name, std::vector<std::int64_t> const& shape) const {
  check_shape(name, shape);
  return integers(name);
}

}  // namespace examples
