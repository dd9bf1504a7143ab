// SPDX-License-Identifier: Apache-2.0
//
// Writing safetensors: everything is put together in memory and written in one step.
#include <algorithm>
#include <cstring>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>

#include "atomic_file.hpp"
#include "half.hpp"
#include "safetensors.hpp"

namespace examples {
namespace {

using nlohmann::json;

// Throws nlohmann's type_error exactly for what is not UTF-8.
bool is_utf8(std::string const& text) {
  try {
    return !json(text).dump().empty();
  } catch (json::type_error const&) {
    return false;
  }
}

std::size_t count_of(std::vector<std::int64_t> const& shape) {
  std::size_t count = 1;
  for (std::int64_t const extent : shape) {
    if (extent < 0) throw std::invalid_argument("safetensors_writer: negative extent");
    auto const n = static_cast<std::size_t>(extent);
    if (n != 0 && count > std::numeric_limits<std::size_t>::max() / n) {
      throw std::invalid_argument("safetensors_writer: shape too large");
    }
    count *= n;
  }
  return count;
}

std::vector<std::uint16_t> rounded(std::span<float const> values, std::uint16_t (*round)(float) noexcept) {
  std::vector<std::uint16_t> result(values.size());
  std::ranges::transform(values, result.begin(), round);
  return result;
}

}  // namespace

void safetensors_writer::insert(std::string name, dtype type, std::vector<std::int64_t> shape,
                                std::span<std::byte const> bytes) {
  if (count_of(shape) != bytes.size() / size_of(type)) {
    throw std::invalid_argument("safetensors_writer: the shape of " + name + " does not fit its values");
  }
  if (name == "__metadata__" || !is_utf8(name)) {
    throw std::invalid_argument("safetensors_writer: not a name for a tensor: " + name);
  }
  if (entries_.contains(name)) throw std::invalid_argument("safetensors_writer: two tensors named " + name);
  entries_.emplace(std::move(name),
                   entry{.type = type, .shape = std::move(shape), .bytes = {bytes.begin(), bytes.end()}});
}

void safetensors_writer::add(std::string name, std::vector<std::int64_t> shape, std::span<float const> values) {
  insert(std::move(name), dtype::f32, std::move(shape), std::as_bytes(values));
}

void safetensors_writer::add(std::string name, std::vector<std::int64_t> shape, std::span<double const> values) {
  insert(std::move(name), dtype::f64, std::move(shape), std::as_bytes(values));
}

void safetensors_writer::add(std::string name, std::vector<std::int64_t> shape, std::span<std::int64_t const> values) {
  insert(std::move(name), dtype::i64, std::move(shape), std::as_bytes(values));
}

void safetensors_writer::add(std::string name, std::vector<std::int64_t> shape, std::span<std::uint8_t const> values) {
  insert(std::move(name), dtype::u8, std::move(shape), std::as_bytes(values));
}

void safetensors_writer::add_f16(std::string name, std::vector<std::int64_t> shape, std::span<float const> values) {
  auto const halves = rounded(values, to_float16);
  insert(std::move(name), dtype::f16, std::move(shape), std::as_bytes(std::span(halves)));
}

void safetensors_writer::add_bf16(std::string name, std::vector<std::int64_t> shape, std::span<float const> values) {
  auto const halves = rounded(values, to_bfloat16);
  insert(std::move(name), dtype::bf16, std::move(shape), std::as_bytes(std::span(halves)));
}

void safetensors_writer::write(std::filesystem::path const& path) const {
  std::vector<std::pair<std::string_view, entry const*>> order;
  order.reserve(entries_.size());
  for (auto const& [name, tensor] : entries_) order.emplace_back(name, &tensor);
  std::ranges::sort(order, {}, [](auto const& e) { return std::pair(8 - size_of(e.second->type), e.first); });

  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  std::size_t offset = 0;
  for (auto const& [name, tensor] : order) {
    std::size_t const end = offset + tensor->bytes.size();
    header.emplace(name,
                   nlohmann::ordered_json{
                       {"dtype", name_of(tensor->type)}, {"shape", tensor->shape}, {"data_offsets", {offset, end}}});
    offset = end;
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');  // the data begins at a multiple of 8

  std::vector<std::byte> content(8 + text.size() + offset);
  std::uint64_t const length = text.size();
  std::memcpy(content.data(), &length, 8);
  std::memcpy(content.data() + 8, text.data(), text.size());
  auto end = content.begin() + 8 + static_cast<std::ptrdiff_t>(text.size());
  for (auto const& [name, tensor] : order) end = std::ranges::copy(tensor->bytes, end).out;
  write_atomically(path, content);
}

safetensors safetensors_writer::in_memory(std::filesystem::path const& name) const {
  safetensors result;
  result.path_ = name;
  std::size_t size = 0;
  for (auto const& [key, tensor] : entries_) size += (tensor.bytes.size() + 7) / 8 * 8;
  auto data = std::make_shared_for_overwrite<std::byte[]>(size);
  std::size_t begin = 0;
  for (auto const& [key, tensor] : entries_) {
    std::size_t const end = begin + tensor.bytes.size();
    std::ranges::copy(tensor.bytes, data.get() + begin);
    result.entries_.emplace(key, tensor_entry{tensor.type, tensor.shape, begin, end});
    begin = (end + 7) / 8 * 8;  // elements stay aligned
  }
  result.data_ = std::move(data);
  return result;
}

}  // namespace examples
