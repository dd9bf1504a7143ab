// SPDX-License-Identifier: Apache-2.0
//
// Pictures on their way into files.
#include "picture_outputs.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <fstream>
#include <string>
#include <system_error>
#include <utility>

#include "common/error.hpp"
#include "common/files/atomic_file.hpp"

namespace examples {

namespace fs = std::filesystem;

picture_layout picture_layout::of(std::span<int const> labels, int side, int channels) {
  // The labels' number, so that a column is a class, unless that makes a strip.
  std::size_t const count = labels.size();
  std::size_t classes = 1;
  while (classes < count && labels[classes] != labels[0]) ++classes;
  auto const square = static_cast<std::size_t>(std::ceil(std::sqrt(static_cast<double>(count))));
  bool const by_class = classes > 1 && classes <= 20 && count >= classes;
  picture_layout made{static_cast<int>(by_class ? classes : square), std::clamp(96 / side, 1, 4)};
  double const cell = side * made.scale + margin;
  if (cell * cell * static_cast<double>(count + classes) * channels > 5e8) {
    fail("--images", "a picture of at most 500 million samples (leave --out away and use --dump)",
         std::to_string(count) + " images");
  }
  return made;
}

void check_empty_folder(fs::path const& folder) {
  std::error_code error;
  if (fs::exists(folder, error)) {
    if (!fs::is_directory(folder, error)) fail(folder, "a folder", "a file");
    if (!fs::is_empty(folder, error)) fail(folder, "an empty folder, or none", error ? error.message() : "files in it");
    return check_writable(folder / "000000.png");
  }
  fs::path const parent = fs::absolute(folder).lexically_normal().parent_path();
  fs::path const real = folder.has_filename() ? parent : parent.parent_path();  // a slash at the end is no name
  if (folder.empty() || !fs::is_directory(real, error)) fail(folder, "a folder to make the folder in", "none");
  check_writable(real / ".folder");
}

std::string numbered_png(int image) {
  std::array<char, 32> name{};
  std::snprintf(name.data(), name.size(), "%06d.png", image);
  return name.data();
}

std::optional<int> number_of_png(std::string_view name) {
  int number = 0;
  auto const [stop, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc{} || number < 0 || numbered_png(number) != name) return std::nullopt;
  return number;
}

void remove_unfinished_pngs(fs::path const& folder, image_range mine) {
  remove_unfinished(folder, [&](std::string_view name) {
    auto const image = number_of_png(name);
    return image && mine.contains(*image);
  });
}

bool is_png(fs::path const& file) {
  constexpr std::string_view begin("\x89PNG\r\n\x1a\n", 8), end("\0\0\0\0IEND\xae\x42\x60\x82", 12);
  std::ifstream stream(file, std::ios::binary);
  std::array<char, 12> bytes{};
  if (!stream.read(bytes.data(), begin.size()) || std::string_view(bytes.data(), begin.size()) != begin) return false;
  stream.seekg(-static_cast<std::streamoff>(end.size()), std::ios::end);
  return stream.read(bytes.data(), end.size()) && std::string_view(bytes.data(), end.size()) == end;
}

std::vector<std::uint8_t> picture_maker::samples(std::span<float const> tokens) const {
  std::vector<float> const made = pixels(tokens);
  std::vector<std::uint8_t> all;
  all.reserve(made.size());
  for (std::size_t at = 0; at < made.size(); at += size()) {
    picture const one = image_of({std::span(made).subspan(at, size()), 1, channels, height, width}, 0);
    all.insert(all.end(), one.samples().begin(), one.samples().end());
  }
  return all;
}

picture picture_of(picture_maker const& how, std::span<std::uint8_t const> samples) {
  picture made(how.width, how.height, how.channels);
  std::ranges::copy(samples, &made.at(0, 0, 0));
  return made;
}

std::vector<float> planes_of(picture_maker const& how, std::span<std::uint8_t const> samples) {
  std::vector<float> planes;
  planes.reserve(samples.size());
  auto const channels = static_cast<std::size_t>(how.channels);
  for (std::size_t image = 0; image < samples.size(); image += how.size())
    for (std::size_t c = 0; c < channels; ++c)
      for (std::size_t at = c; at < how.size(); at += channels)
        planes.push_back(static_cast<float>(samples[image + at]) / 255.0f);
  return planes;
}

picture_outputs::picture_outputs(picture_targets to, picture_maker const& how, picture_layout const& sheet, int images)
    : to_(std::move(to)), how_(how), sheet_layout_(sheet), images_(images) {
  if (to_.npz) npz_ = std::make_unique<npz_writer>(*to_.npz, images, how_.height, how_.width, how_.channels);
  if (!to_.folder) return;
  std::error_code error;
  fs::create_directory(*to_.folder, error);
  if (error) fail(*to_.folder, "a folder that can be made", error.message());
}

bool picture_outputs::lacks(int image) const {
  return to_.sheet || to_.npz || (to_.folder && !is_png(*to_.folder / numbered_png(image)));
}

void picture_outputs::add(int first, std::span<std::uint8_t const> samples) {
  if (to_.sheet) sheet_.insert(sheet_.end(), samples.begin(), samples.end());
  if (npz_) npz_->add(samples);
  if (!to_.folder) return;
  for (std::size_t at = 0; at < samples.size(); at += how_.size())
    write_png(*to_.folder / numbered_png(first++), picture_of(how_, samples.subspan(at, how_.size())));
}

void picture_outputs::finish() {
  if (to_.sheet) {
    std::vector<float> const planes = planes_of(how_, sheet_);
    image_batch const all{planes, images_, how_.channels, how_.height, how_.width};
    write_png(*to_.sheet, make_grid(all, sheet_layout_.columns, sheet_layout_.scale, picture_layout::margin));
  }
  if (npz_) npz_->finish();
}

}  // namespace examples
