// SPDX-License-Identifier: Apache-2.0
//
// Sheets of images and their labels.
#include "common/pictures/picture.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

using examples::image_batch;
using examples::label_side;
using examples::picture;
using examples::sheet_row;

namespace {

// Pixels of a rectangle that are not `paper`.
int ink(picture const& p, int left, int top, int right, int bottom, int paper) {
  int count = 0;
  for (int y = top; y < bottom; ++y) {
    for (int x = left; x < right; ++x) count += p.at(x, y, 0) != paper;
  }
  return count;
}

}  // namespace

TEST_CASE("grid: each pixel of each image becomes a square in its place") {
  int const h = 3, w = 2, count = 5, columns = 2, scale = 3, margin = 1;
  for (int const channels : {1, 3}) {
    std::vector<float> values(static_cast<std::size_t>(count * channels * h * w));
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i % 255) / 255.0f;
    picture const sheet = examples::make_grid({values, count, channels, h, w}, columns, scale, margin);
    CHECK(sheet.channels() == channels);
    REQUIRE(sheet.width() == 1 + 2 * (w * scale + 1));
    REQUIRE(sheet.height() == 1 + 3 * (h * scale + 1));
    int wrong = 0;
    for (int y = 0; y < sheet.height(); ++y) {
      for (int x = 0; x < sheet.width(); ++x) {
        for (int c = 0; c < channels; ++c) {
          int const column = (x - 1) / (w * scale + 1), row = (y - 1) / (h * scale + 1);
          int const inner_x = (x - 1) % (w * scale + 1), inner_y = (y - 1) % (h * scale + 1);
          bool const paper =
              x == 0 || y == 0 || inner_x == w * scale || inner_y == h * scale || row * columns + column >= count;
          int const which = (((row * columns + column) * channels + c) * h + inner_y / scale) * w + inner_x / scale;
          wrong += sheet.at(x, y, c) != (paper ? 255 : which % 255);
        }
      }
    }
    CHECK(wrong == 0);
  }
}

TEST_CASE("grid: values are rounded to the nearest of 256 and clipped") {
  std::vector<float> const values{-3.0f, 0.0f, 0.4999f / 255.0f, 0.5001f / 255.0f, 0.5f, 1.0f, 1.5f, HUGE_VALF};
  picture const sheet = examples::make_grid({values, 1, 1, 1, 8}, 1, 1, 0);
  CHECK(std::vector<int>(sheet.samples().begin(), sheet.samples().end()) ==
        std::vector<int>{0, 0, 0, 1, 128, 255, 255, 255});
  // halves to even, as NumPy has it
  std::vector<float> const halves{0.5f / 255.0f, 1.5f / 255.0f, 126.5f / 255.0f, 38.5f / 255.0f};
  picture const even = examples::make_grid({halves, 1, 1, 1, 4}, 1, 1, 0);
  CHECK(std::vector<int>(even.samples().begin(), even.samples().end()) == std::vector<int>{0, 2, 126, 38});
}

TEST_CASE("sheet: labels stand where they should and touch no image") {
  std::vector<float> const values(4 * 16, 0.5f);
  image_batch const images{values, 4, 1, 4, 4};
  for (label_side const side : {label_side::left, label_side::above}) {
    for (int const paper : {0, 255}) {
      std::vector<sheet_row> const rows{{"49 AR steps\nK 100", images}, {"12", images}};
      picture const sheet = examples::make_sheet(rows, {.labels = side,
                                                        .column_labels = {"a", "", "c"},
                                                        .title = "three ways",
                                                        .scale = 8,
                                                        .background = static_cast<std::uint8_t>(paper)});
      auto const& s = sheet.samples();
      // Nothing but paper, ink and images, and the images whole.
      CHECK(std::ranges::count(s, std::uint8_t{128}) == 2 * 4 * 32 * 32);
      auto const letters = std::ranges::count(s, static_cast<std::uint8_t>(255 - paper));
      CHECK(letters + std::ranges::count(s, static_cast<std::uint8_t>(paper)) + 2 * 4 * 32 * 32 ==
            static_cast<std::ptrdiff_t>(s.size()));
      CHECK(ink(sheet, 0, 0, sheet.width(), 4, paper) == 0);  // the margins
      CHECK(ink(sheet, 0, 0, 4, sheet.height(), paper) == 0);
      CHECK(ink(sheet, sheet.width() - 4, 0, sheet.width(), sheet.height(), paper) == 0);
      CHECK(ink(sheet, 0, sheet.height() - 4, sheet.width(), sheet.height(), paper) == 0);
      CHECK(ink(sheet, 4, 4, sheet.width(), 4 + 24, paper) > 100);  // the title
    }
  }
}

TEST_CASE("text: every printable character has its own form, what is not printable becomes a question mark") {
  auto const drawn = [](std::string const& text) {
    picture canvas(40, 24, 1);
    examples::draw_text(canvas, 0, 0, text, 2, 0);
    examples::text_size const size = examples::measure_text(text, 2);
    CHECK(ink(canvas, size.width, 0, 40, 24, 255) == 0);
    return std::vector<std::uint8_t>(canvas.samples().begin(), canvas.samples().end());
  };
  std::vector<std::vector<std::uint8_t>> forms;
  for (char c = ' '; c <= '~'; ++c) forms.push_back(drawn(std::string(1, c)));
  CHECK(forms['l' - ' '] == forms['|' - ' ']);  // the font's one pair of twins
  forms['|' - ' '].clear();
  for (char const c : {'\t', '\x7f', '\x80', '\xff'}) CHECK(drawn(std::string(1, c)) == forms['?' - ' ']);
  std::ranges::sort(forms);
  CHECK(std::ranges::adjacent_find(forms) == forms.end());
  CHECK(examples::measure_text("", 3).height == 0);
  CHECK(examples::measure_text("a\nbc", 3).height == 72);
  CHECK(examples::measure_text("aa", 3).width == 2 * examples::measure_text("a", 3).width);
  picture canvas(8, 8, 3);
  examples::draw_text(canvas, -5, -5, std::string(3000, 'W') + "\nW", 50, 0);  // clipped, not written outside
}

TEST_CASE("picture: impossible sizes, layouts and values") {
  std::vector<float> values(12, 0.5f);
  auto const refused = [](auto&& f) { CHECK_THROWS_AS(static_cast<void>(f()), std::invalid_argument); };
  refused([] { return picture(0, 1, 1); });
  refused([] { return picture(1, 1, 2); });
  refused([] { return picture(1 << 20, 1 << 20, 3); });
  refused([&] { return examples::make_grid({values, 3, 1, 2, 3}, 1); });
  refused([&] { return examples::make_grid({values, 0, 1, 2, 3}, 1); });
  refused([&] { return examples::make_grid({values, 2, 1, 2, 3}, 0); });
  refused([&] { return examples::make_grid({values, 2, 1, 2, 3}, 1, 0); });
  refused([&] { return examples::make_grid({values, 2, 1, 2, 3}, 1, 1, -1); });
  refused([] { return examples::make_sheet({}); });
  std::vector<sheet_row> const rows{{"", {values, 2, 1, 2, 3}}, {"", {values, 2, 1, 3, 2}}};
  refused([&] { return examples::make_sheet(rows); });
  values[3] = NAN;
  refused([&] { return examples::make_grid({values, 2, 1, 2, 3}, 1); });
}
