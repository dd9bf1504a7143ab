// SPDX-License-Identifier: Apache-2.0
//
// Reading safetensors: the header is checked in full before memory for the data is taken.
#include "safetensors.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <mutex>
#include <new>
#include <set>
#include <utility>

#include "common/error.hpp"
#include "file.hpp"
#include "mapped_file.hpp"
#include "safetensors_header.hpp"
#include "tensor_values.hpp"

namespace examples {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t length_size = 8;  // bytes that say how long the header is

std::string text_of(std::vector<std::int64_t> const& shape) {
  std::string text = "[";
  for (std::int64_t const extent : shape) text += (text.size() > 1 ? ", " : "") + std::to_string(extent);
  return text + "]";
}

void check_file_size(fs::path const& path, std::uint64_t size) {
  if (size < length_size) fail(path, "a safetensors file of at least 8 bytes", std::to_string(size));
}

}  // namespace

/// Which tensors were asked for, by any thread.
class safetensors::touched_names {
 public:
  void add(std::string_view name) {
    std::lock_guard const lock(mutex_);
    if (!names_.contains(name)) names_.emplace(name);
  }
  bool contains(std::string_view name) {
    std::lock_guard const lock(mutex_);
    return names_.contains(name);
  }

 private:
  std::mutex mutex_;
  std::set<std::string, std::less<>> names_;
};

safetensors::safetensors() : touched_(std::make_shared<touched_names>()) {}

safetensors safetensors::read(fs::path const& path) {
  input_file file(path);
  check_file_size(path, file.size());
  std::uint64_t length = 0;
  file.read(std::as_writable_bytes(std::span(&length, 1)));
  std::uint64_t const rest = file.size() - length_size;
  check_header_length(path, length, rest);
  std::string text(length, '\0');
  file.read(std::as_writable_bytes(std::span(text)));

  safetensors result;
  result.path_ = path;
  std::uint64_t const data_size = rest - length;
  result.entries_ = parse_header(path, text, data_size);
  try {
    auto data = std::make_shared_for_overwrite<std::byte[]>(data_size);
    file.read({data.get(), data_size});
    result.data_ = std::move(data);
  } catch (std::bad_alloc const&) {
    fail(path, "a file that fits into memory", std::to_string(data_size) + " bytes of data");
  }
  return result;
}

safetensors safetensors::map(fs::path const& path) {
  auto file = std::make_shared<mapped_file const>(path);
  if (!file->mapped()) return read(path);
  std::span<std::byte const> const bytes = file->bytes();
  check_file_size(path, bytes.size());
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), length_size);
  std::uint64_t const rest = bytes.size() - length_size;
  check_header_length(path, length, rest);

  safetensors result;
  result.path_ = path;
  result.entries_ =
      parse_header(path, std::string(reinterpret_cast<char const*>(bytes.data()) + length_size, length), rest - length);
  result.data_ = {file, bytes.data() + length_size + length};
  result.file_ = std::move(file);
  return result;
}

std::vector<std::string> safetensors::names() const {
  std::vector<std::string> result;
  result.reserve(entries_.size());
  for (auto const& [name, entry] : entries_) result.push_back(name);
  return result;
}

std::vector<std::string> safetensors::untouched() const {
  std::vector<std::string> result;
  for (auto const& [name, entry] : entries_)
    if (!touched_->contains(name)) result.push_back(name);
  return result;
}

tensor_entry const& safetensors::at(std::string_view name) const {
  auto const found = entries_.find(name);
  if (found == entries_.end()) fail(path_, "tensor " + quoted(name), "no tensor of that name");
  return found->second;
}

tensor_view safetensors::view(std::string_view name) const {
  tensor_entry const& entry = at(name);
  touched_->add(name);
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
std::vector<T> safetensors::checked_values(std::string_view name) const {
  tensor_view const tensor = view(name);
  if (!is_real(tensor.type)) {
    fail(path_, "tensor " + quoted(name) + " to have dtype F32, F64, F16 or BF16", std::string(name_of(tensor.type)));
  }
  std::vector<T> values = real_values<T>(tensor.type, tensor.bytes);
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

std::vector<float> safetensors::floats(std::string_view name) const { return checked_values<float>(name); }

std::vector<float> safetensors::floats(std::string_view name, std::vector<std::int64_t> const& shape) const {
  check_shape(name, shape);
  return floats(name);
}

float_tensor safetensors::tensor(std::string_view name, std::vector<std::int64_t> const& shape) const {
  check_shape(name, shape);
  tensor_view const tensor = view(name);
  // floats() knows what to say
  if (!is_real(tensor.type) || !all_finite(tensor.type, tensor.bytes)) static_cast<void>(floats(name));
  return {data_, file_, tensor.type, tensor.bytes};
}

std::vector<double> safetensors::doubles(std::string_view name) const { return checked_values<double>(name); }

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
