// SPDX-License-Identifier: Apache-2.0
//
// Layout of generated images on a sheet.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "picture.hpp"

namespace examples {
namespace {

std::int64_t samples_of_one(image_batch const& images) {
  return std::int64_t{images.channels} * images.height * images.width;
}

void check(image_batch const& images) {
  constexpr int limit = 1 << 15;  // keeps every product below within 64 bits
  if (images.count < 1 || images.height < 1 || images.width < 1 || images.height > limit || images.width > limit ||
      (images.channels != 1 && images.channels != 3)) {
    throw std::invalid_argument("image_batch: no images, or an impossible size");
  }
  if (static_cast<std::uint64_t>(images.count * samples_of_one(images)) != images.values.size()) {
    throw std::invalid_argument("image_batch: count, channels, height and width do not fit the number of values");
  }
  if (std::ranges::any_of(images.values, [](float v) { return std::isnan(v); })) {
    throw std::invalid_argument("image_batch: a value is NaN");
  }
}

void check(int scale, int margin) {
  if (scale < 1 || scale > 1000) throw std::invalid_argument("sheet: scale must be from 1 to 1000");
  if (margin < 0 || margin > 1000) throw std::invalid_argument("sheet: margin must be from 0 to 1000");
}

// Halves to even, as NumPy rounds and with it the published code.
std::uint8_t to_byte(float value) noexcept {
  return static_cast<std::uint8_t>(std::nearbyint(std::clamp(value, 0.0f, 1.0f) * 255.0f));
}

// Positions are summed in 64 bits; what does not fit an int cannot be a picture either.
int narrow(std::int64_t length) {
  if (length > std::numeric_limits<int>::max()) throw std::invalid_argument("picture: too large");
  return static_cast<int>(length);
}

// Nearest-neighbour enlargement: each pixel becomes a square of scale x scale.
void place(picture& sheet, int left, int top, image_batch const& images, int which, int scale) {
  float const* const first = images.values.data() + which * samples_of_one(images);
  for (int y = 0; y < images.height * scale; ++y) {
    for (int x = 0; x < images.width * scale; ++x) {
      for (int c = 0; c < sheet.channels(); ++c) {
        auto const offset = (std::int64_t{c} * images.height + y / scale) * images.width + x / scale;
        sheet.at(left + x, top + y, c) = to_byte(first[offset]);
      }
    }
  }
}

}  // namespace

picture image_of(image_batch const& images, int which) {
  check(images);
  if (which < 0 || which >= images.count) throw std::invalid_argument("image_of: there is no such image");
  picture result(images.width, images.height, images.channels);
  place(result, 0, 0, images, which, 1);
  return result;
}

picture make_sheet(std::span<sheet_row const> rows, sheet_style const& style) {
  if (rows.empty()) throw std::invalid_argument("sheet: no rows");
  check(style.scale, style.margin);
  image_batch const& first = rows.front().images;
  int columns = 0;
  text_size label{0, 0};  // room for the largest of the rows' labels
  for (sheet_row const& row : rows) {
    check(row.images);
    if (row.images.height != first.height || row.images.width != first.width || row.images.channels != first.channels) {
      throw std::invalid_argument("sheet: rows of different image sizes");
    }
    columns = std::max(columns, row.images.count);
    text_size const size = measure_text(row.label, style.text_scale);
    label = {std::max(label.width, size.width), std::max(label.height, size.height)};
  }

  bool const left = style.labels == label_side::left;
  std::int64_t const margin = style.margin;
  std::int64_t const cell_width = std::int64_t{first.width} * style.scale;
  std::int64_t const cell_height = std::int64_t{first.height} * style.scale;
  text_size const title = measure_text(style.title, style.text_scale);
  int column_label_height = 0;
  for (std::string const& text : style.column_labels) {
    column_label_height = std::max(column_label_height, measure_text(text, style.text_scale).height);
  }

  std::int64_t const images_left = margin + (left && label.width > 0 ? label.width + 2 * margin : 0);
  std::int64_t const step_x = cell_width + margin;
  std::int64_t const label_above = left ? 0 : label.height;
  std::int64_t const row_height = left ? std::max<std::int64_t>(cell_height, label.height) : cell_height + label_above;
  std::int64_t const rows_top = margin + (title.height > 0 ? title.height + margin : 0) + column_label_height;

  std::int64_t width = images_left + columns * step_x;
  width = std::max(width, margin + title.width + margin);
  if (!left) width = std::max(width, margin + label.width + margin);
  for (std::size_t c = 0; c < style.column_labels.size(); ++c) {
    int const room = measure_text(style.column_labels[c], style.text_scale).width;
    width = std::max(width, images_left + static_cast<std::int64_t>(c) * step_x + room + margin);
  }
  // A label above belongs to what is below it, so that rows then stand further apart.
  std::int64_t const row_step = row_height + (left ? margin : 3 * margin);
  std::int64_t const height = rows_top + static_cast<std::int64_t>(rows.size() - 1) * row_step + row_height + margin;

  picture sheet(narrow(width), narrow(height), first.channels, style.background);
  auto const ink = static_cast<std::uint8_t>(style.background < 128 ? 255 : 0);
  int const edge = style.margin;
  draw_text(sheet, edge, edge, style.title, style.text_scale, ink);
  for (std::size_t c = 0; c < style.column_labels.size(); ++c) {
    draw_text(sheet, narrow(images_left + static_cast<std::int64_t>(c) * step_x),
              narrow(rows_top - column_label_height), style.column_labels[c], style.text_scale, ink);
  }
  for (std::size_t r = 0; r < rows.size(); ++r) {
    std::int64_t const top = rows_top + static_cast<std::int64_t>(r) * row_step;
    std::int64_t const text_height = measure_text(rows[r].label, style.text_scale).height;
    std::int64_t const text_top = left ? top + (row_height - text_height) / 2 : top + label_above - text_height;
    draw_text(sheet, edge, narrow(text_top), rows[r].label, style.text_scale, ink);
    std::int64_t const image_top = left ? top + (row_height - cell_height) / 2 : top + label_above;
    for (int i = 0; i < rows[r].images.count; ++i) {
      place(sheet, narrow(images_left + i * step_x), narrow(image_top), rows[r].images, i, style.scale);
    }
  }
  return sheet;
}

picture make_grid(image_batch const& images, int columns, int scale, int margin) {
  check(images);
  if (columns < 1) throw std::invalid_argument("grid: columns must be positive");
  std::vector<sheet_row> rows;
  for (int first = 0; first < images.count; first += columns) {
    image_batch part = images;
    part.count = std::min(columns, images.count - first);
    part.values = images.values.subspan(static_cast<std::size_t>(first * samples_of_one(images)),
                                        static_cast<std::size_t>(part.count * samples_of_one(images)));
    rows.push_back({.label = {}, .images = part});
  }
  return make_sheet(rows, {.column_labels = {}, .title = {}, .scale = scale, .margin = margin});
}

}  // namespace examples
