// SPDX-License-Identifier: Apache-2.0
//
// Writes, finds, checks and reads parts.
#include "part_folder.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include "atomic_file.hpp"
#include "common/error.hpp"
#include "safetensors.hpp"

namespace examples {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view prefix = "images-", suffix = ".safetensors";
constexpr std::size_t digits = 6;

std::string name_of(image_range part) {
  std::array<char, 64> name{};
  std::snprintf(name.data(), name.size(), "images-%06d-%06d.safetensors", part.first, part.end() - 1);
  return name.data();
}

// The images of a part's name.
std::optional<image_range> range_of(std::string_view name) {
  if (name.size() != prefix.size() + 2 * digits + 1 + suffix.size()) return std::nullopt;
  int first = 0, last = 0;
  if (std::sscanf(std::string(name).c_str(), "images-%6d-%6d.safetensors", &first, &last) != 2) return std::nullopt;
  image_range const range{first, last - first + 1};
  if (first < 0 || range.count < 1 || name_of(range) != name) return std::nullopt;
  return range;
}

template <class T>
void copy_values(tensor_view const& of, std::size_t first, std::size_t count, std::vector<T>& to) {
  to.resize(count);
  std::memcpy(to.data(), of.bytes.data() + first * sizeof(T), count * sizeof(T));
}

std::size_t product(std::initializer_list<int> extents) {
  std::size_t all = 1;
  for (int const extent : extents) all *= static_cast<std::size_t>(extent);
  return all;
}

}  // namespace

part_folder::part_folder(fs::path folder, drawing_record const& record, part_shape const& shape, std::string kind,
                         std::vector<int> kinds, image_range mine)
    : folder_(std::move(folder)),
      key_(record.key()),
      shape_(shape),
      kind_(std::move(kind)),
      kinds_(std::move(kinds)),
      mine_(mine) {
  std::error_code error;
  std::vector<image_range> all;
  for (auto entry = fs::directory_iterator(folder_, error); !error && entry != fs::directory_iterator();
       entry.increment(error))
    if (auto const range = range_of(entry->path().filename().string())) all.push_back(*range);
  if (error) fail(folder_, "a folder to read", error.message());
  std::ranges::sort(all, {}, &image_range::first);
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].end() > static_cast<int>(kinds_.size()))
      fail(file_of(all[i]), "images up to " + std::to_string(kinds_.size()), std::to_string(all[i].end()));
    if (i > 0 && all[i].first < all[i - 1].end())
      fail(file_of(all[i]), "each image in one file",
           "image " + std::to_string(all[i].first) + " in " + name_of(all[i - 1]) + " too");
    image_range const inside = common_part(all[i], mine);
    if (inside.count == 0) continue;
    check(all[i]);
    parts_.push_back(all[i]);
    found_.push_back(inside);
  }
}

void part_folder::tidy() const {
  remove_unfinished(folder_, [&](std::string_view name) {
    auto const range = range_of(name);
    return range && mine_.contains(range->first);
  });
}

fs::path part_folder::file_of(image_range part) const { return folder_ / name_of(part); }

void part_folder::check(image_range part) const {
  fs::path const file = file_of(part);
  safetensors const read = safetensors::map(file);
  if (read.integers("drawing", {1})[0] != key_) fail(file, "images of the drawing of drawing.json", "those of another");
  if (read.integers("first_image", {1})[0] != part.first)
    fail(file, "first_image " + std::to_string(part.first), std::to_string(read.integers("first_image")[0]));
  std::vector<std::int64_t> const kinds = read.integers(kind_, {part.count});
  if (!std::equal(kinds.begin(), kinds.end(), kinds_.begin() + part.first))
    fail(file, "the " + kind_ + " of these images", "others");
  auto const check_tensor = [&](char const* name, dtype type, std::vector<std::int64_t> const& shape) {
    tensor_view const found = read.view(name);
    if (found.type != type || found.shape != shape)
      fail(file, std::string(name) + " of this drawing's shape", "another shape");
  };
  check_tensor("tokens", dtype::f32, {part.count, shape_.tokens, shape_.channels});
  if (shape_.height > 0) check_tensor("pictures", dtype::u8, {part.count, shape_.height, shape_.width, shape_.colours});
}

void part_folder::write(int first, std::span<float const> tokens, std::span<std::uint8_t const> pictures) const {
  auto const count = static_cast<int>(tokens.size() / product({shape_.tokens, shape_.channels}));
  auto const kinds = std::span(kinds_).subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(count));
  std::vector<std::int64_t> const wide(kinds.begin(), kinds.end()), start{first}, key{key_};
  safetensors_writer writer;
  writer.add("tokens", {count, shape_.tokens, shape_.channels}, tokens);
  if (shape_.height > 0) writer.add("pictures", {count, shape_.height, shape_.width, shape_.colours}, pictures);
  writer.add(kind_, {count}, std::span<std::int64_t const>(wide));
  writer.add("first_image", {1}, std::span<std::int64_t const>(start));
  writer.add("drawing", {1}, std::span<std::int64_t const>(key));
  writer.write(file_of({first, count}));
}

part_content part_folder::read(image_range which) const {
  image_range const part =
      *std::ranges::find_if(parts_, [&](image_range const& one) { return one.contains(which.first); });
  check(part);
  safetensors const file = safetensors::map(file_of(part));
  part_content content{which, {}, {}};
  auto const copy = [&](char const* name, std::size_t image, auto& to) {
    copy_values(file.view(name), static_cast<std::size_t>(which.first - part.first) * image,
                static_cast<std::size_t>(which.count) * image, to);
  };
  copy("tokens", product({shape_.tokens, shape_.channels}), content.tokens);
  if (shape_.height > 0) copy("pictures", product({shape_.height, shape_.width, shape_.colours}), content.pictures);
  return content;
}

}  // namespace examples
