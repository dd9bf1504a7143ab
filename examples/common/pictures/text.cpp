// SPDX-License-Identifier: Apache-2.0
//
// Letters from stb_easy_font, which describes each as a handful of rectangles: sharp at every whole enlargement, and no
// font file to look for.
#include <stb_easy_font.h>

#include <algorithm>
#include <array>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "picture.hpp"

namespace examples {
namespace {

constexpr int line_height = 12;  // of stb_easy_font, without enlargement

// The layout of stb_easy_font's output: four of them make a rectangle, clockwise from the top left.
struct vertex {
  float x, y, z;
  std::array<unsigned char, 4> colour;
};
static_assert(sizeof(vertex) == 16);

// The font's table ends after '~', and the library does not look.
std::string drawable(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c != '\n' && (c < ' ' || c > '~')) c = '?';
  }
  return result;
}

// Beyond this a text is a mistake, and its measures might no longer fit an int.
void check(std::string_view text, int scale) {
  if (scale < 1 || scale > 1000) throw std::invalid_argument("draw_text: scale must be from 1 to 1000");
  if (text.size() > 10'000) throw std::invalid_argument("draw_text: text longer than 10000 characters");
}

}  // namespace

text_size measure_text(std::string_view text, int scale) {
  check(text, scale);
  if (text.empty()) return {0, 0};
  std::string letters = drawable(text);
  int const lines = 1 + static_cast<int>(std::ranges::count(letters, '\n'));
  return {stb_easy_font_width(letters.data()) * scale, lines * line_height * scale};
}

void draw_text(picture& canvas, int x, int y, std::string_view text, int scale, std::uint8_t value) {
  check(text, scale);
  std::string letters = drawable(text);
  // The library truncates silently when the buffer is too small: no letter has more than 20 rectangles.
  std::vector<vertex> vertices(letters.size() * 20 * 4);
  int const rectangles = stb_easy_font_print(0.0f, 0.0f, letters.data(), nullptr, vertices.data(),
                                             static_cast<int>(vertices.size() * sizeof(vertex)));
  for (std::size_t r = 0; r < static_cast<std::size_t>(rectangles); ++r) {
    vertex const& from = vertices[4 * r];
    vertex const& to = vertices[4 * r + 2];
    int const left = static_cast<int>(from.x);
    int const top = static_cast<int>(from.y);
    canvas.fill(x + left * scale, y + top * scale, (static_cast<int>(to.x) - left) * scale,
                (static_cast<int>(to.y) - top) * scale, value);
  }
}

}  // namespace examples
