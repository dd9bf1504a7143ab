// SPDX-License-Identifier: Apache-2.0
//
// Strokes by distance: a pixel takes as much of the ink as the stroke covers of it, roughly.
#include "chart.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace examples {
namespace {

void check_colours(picture const& canvas) {
  if (canvas.channels() != 3) throw std::invalid_argument("chart: expected an RGB picture, found a grey one");
}

std::uint8_t mixed(std::uint8_t under, std::uint8_t ink, double share) {
  return static_cast<std::uint8_t>(std::lround(under + share * (ink - under)));
}

void paint(picture& canvas, int x, int y, colour ink, double share) {
  canvas.at(x, y, 0) = mixed(canvas.at(x, y, 0), ink.red, share);
  canvas.at(x, y, 1) = mixed(canvas.at(x, y, 1), ink.green, share);
  canvas.at(x, y, 2) = mixed(canvas.at(x, y, 2), ink.blue, share);
}

}  // namespace

chart::chart(picture& canvas, chart_place const& place, chart_range const& range)
    : canvas_(canvas), place_(place), range_(range) {
  check_colours(canvas);
  if (place.x < 0 || place.y < 0 || place.width < 2 || place.height < 2 || place.width > canvas.width() - place.x ||
      place.height > canvas.height() - place.y)
    throw std::invalid_argument("chart: expected a rectangle of 2 x 2 pixels or more inside the picture");
  double const across = range.right - range.left, up = range.top - range.bottom;
  if (!std::isfinite(across) || !std::isfinite(up) || !(across > 0) || !(up > 0))
    throw std::invalid_argument("chart: expected ranges that are finite and not empty");
}

chart::pixel_point chart::on_picture(point const& p) const {
  double const x = (p.x - range_.left) / (range_.right - range_.left);
  double const y = (range_.top - p.y) / (range_.top - range_.bottom);
  return {place_.x + x * (place_.width - 1), place_.y + y * (place_.height - 1)};
}

// Pixels within `reach` of the box, each by its distance from the stroke's middle.
template <class Distance>
void chart::blend(double x0, double y0, double x1, double y1, double reach, colour ink, Distance const& distance) {
  auto const clamped = [](double v, int low, int size) {
    return static_cast<int>(std::clamp(v, static_cast<double>(low), static_cast<double>(low + size - 1)));
  };
  if (std::max(x0, x1) + reach < place_.x || std::min(x0, x1) - reach > place_.x + place_.width - 1) return;
  if (std::max(y0, y1) + reach < place_.y || std::min(y0, y1) - reach > place_.y + place_.height - 1) return;
  int const left = clamped(std::floor(std::min(x0, x1) - reach), place_.x, place_.width);
  int const right = clamped(std::ceil(std::max(x0, x1) + reach), place_.x, place_.width);
  int const top = clamped(std::floor(std::min(y0, y1) - reach), place_.y, place_.height);
  int const bottom = clamped(std::ceil(std::max(y0, y1) + reach), place_.y, place_.height);
  for (int y = top; y <= bottom; ++y)
    for (int x = left; x <= right; ++x) {
      double const share = std::clamp(reach - distance(x, y), 0.0, 1.0);
      if (share > 0) paint(canvas_, x, y, ink, share);
    }
}

void chart::frame(colour ink) {
  for (int x = place_.x; x < place_.x + place_.width; ++x) {
    paint(canvas_, x, place_.y, ink, 1);
    paint(canvas_, x, place_.y + place_.height - 1, ink, 1);
  }
  for (int y = place_.y; y < place_.y + place_.height; ++y) {
    paint(canvas_, place_.x, y, ink, 1);
    paint(canvas_, place_.x + place_.width - 1, y, ink, 1);
  }
}

void chart::line(std::span<point const> points, colour ink, double width) {
  for (std::size_t i = 1; i < points.size(); ++i) {
    pixel_point const a = on_picture(points[i - 1]), b = on_picture(points[i]);
    double const dx = b.x - a.x, dy = b.y - a.y, square = dx * dx + dy * dy;
    if (!std::isfinite(square)) continue;
    blend(a.x, a.y, b.x, b.y, width / 2 + 0.5, ink, [&](double x, double y) {
      double const along = square > 0 ? std::clamp(((x - a.x) * dx + (y - a.y) * dy) / square, 0.0, 1.0) : 0.0;
      return std::hypot(x - a.x - along * dx, y - a.y - along * dy);
    });
  }
}

void chart::dot(point const& where, colour ink, double radius) {
  pixel_point const middle = on_picture(where);
  if (!std::isfinite(middle.x) || !std::isfinite(middle.y)) return;
  blend(middle.x, middle.y, middle.x, middle.y, radius + 0.5, ink,
        [&](double x, double y) { return std::hypot(x - middle.x, y - middle.y); });
}

void draw_coloured_text(picture& canvas, int x, int y, std::string_view text, int scale, colour ink) {
  check_colours(canvas);
  text_size const size = measure_text(text, scale);
  if (size.width < 1 || size.height < 1) return;
  picture letters(size.width, size.height, 1, 255);
  draw_text(letters, 0, 0, text, scale, 0);
  for (int row = std::max(0, -y); row < size.height && y + row < canvas.height(); ++row)
    for (int column = std::max(0, -x); column < size.width && x + column < canvas.width(); ++column)
      if (letters.at(column, row, 0) == 0) paint(canvas, x + column, y + row, ink, 1);
}

}  // namespace examples
