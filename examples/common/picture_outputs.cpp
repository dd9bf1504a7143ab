// SPDX-License-Identifier: Apache-2.0
//
// Pictures on their way into files.
#include "picture_outputs.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <string>
#include <system_error>
#include <utility>

#include "atomic_file.hpp"
#include "error.hpp"
#include "timed_model.hpp"

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

picture_outputs::picture_outputs(picture_targets to, picture_maker how, picture_layout const& sheet, int images)
    : to_(std::move(to)), how_(std::move(how)), sheet_layout_(sheet), images_(images) {
  if (to_.npz) npz_ = std::make_unique<npz_writer>(*to_.npz, images, how_.height, how_.width, how_.channels);
  if (!to_.folder) return;
  std::error_code error;
  fs::create_directory(*to_.folder, error);
  if (error) fail(*to_.folder, "a folder that can be made", error.message());
}

void picture_outputs::add(std::span<float const> tokens) {
  stopwatch const timed(seconds_);
  std::vector<float> const pixels = how_.pixels(tokens);
  std::size_t const size = static_cast<std::size_t>(how_.channels) * static_cast<std::size_t>(how_.height) *
                           static_cast<std::size_t>(how_.width);
  image_batch const batch{pixels, static_cast<int>(pixels.size() / size), how_.channels, how_.height, how_.width};
  if (to_.sheet) sheet_.insert(sheet_.end(), pixels.begin(), pixels.end());
  for (int i = 0; i < batch.count && (to_.npz || to_.folder); ++i) {
    image_batch one = batch;
    one.count = 1;
    one.values = batch.values.subspan(static_cast<std::size_t>(i) * size, size);
    picture const made = image_of(one, 0);
    if (npz_) npz_->add(made.samples());
    if (!to_.folder) continue;
    std::array<char, 32> name{};
    std::snprintf(name.data(), name.size(), "%06d.png", taken_ + i);
    write_png(*to_.folder / name.data(), made);
  }
  taken_ += batch.count;
}

void picture_outputs::finish() {
  stopwatch const timed(seconds_);
  if (to_.sheet) {
    image_batch const all{sheet_, images_, how_.channels, how_.height, how_.width};
    write_png(*to_.sheet, make_grid(all, sheet_layout_.columns, sheet_layout_.scale, picture_layout::margin));
  }
  if (npz_) npz_->finish();
}

}  // namespace examples
