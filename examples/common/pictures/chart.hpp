// SPDX-License-Identifier: Apache-2.0
//
// Lines and dots in data coordinates on a picture: what a chart needs, and no more.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "picture.hpp"

namespace examples {

/// @brief A colour of an RGB picture.
struct colour {
  std::uint8_t red = 0;    ///< 0 to 255
  std::uint8_t green = 0;  ///< 0 to 255
  std::uint8_t blue = 0;   ///< 0 to 255
};

/// @brief A place in data coordinates.
struct point {
  double x = 0;  ///< to the right
  double y = 0;  ///< up
};

/// @brief A rectangle of a picture.
struct chart_place {
  int x = 0;       ///< left edge, pixels
  int y = 0;       ///< top edge, pixels
  int width = 1;   ///< pixels, at least 2
  int height = 1;  ///< pixels, at least 2
};

/// @brief What data the rectangle shows.
struct chart_range {
  double left = 0;    ///< x at the left edge
  double right = 1;   ///< x at the right edge, above `left`
  double bottom = 0;  ///< y at the lower edge
  double top = 1;     ///< y at the upper edge, above `bottom`
};

/// @brief Draws into a rectangle of an RGB picture, with smooth edges; what lies outside the rectangle is left out.
/// A view: the picture must outlive it.
class chart {
 public:
  /// @throws std::invalid_argument if the picture is not RGB, the rectangle not inside it, or a range is empty or not
  /// finite
  chart(picture& canvas, chart_place const& place, chart_range const& range);

  /// @brief The rectangle's outline, one pixel wide.
  void frame(colour ink);
  /// @brief A line through points in turn. Points that are not finite are a gap.
  /// @param width  of the line, pixels, above 0
  void line(std::span<point const> points, colour ink, double width = 1.5);
  /// @brief A filled circle.
  /// @param radius  pixels, above 0
  void dot(point const& where, colour ink, double radius = 2);

 private:
  struct pixel_point {
    double x, y;
  };
  [[nodiscard]] pixel_point on_picture(point const& p) const;
  template <class Distance>
  void blend(double x0, double y0, double x1, double y1, double reach, colour ink, Distance const& distance);

  picture& canvas_;
  chart_place place_;
  chart_range range_;
};

/// @brief A text in a colour; see draw_text.
/// @throws std::invalid_argument if the picture is not RGB
void draw_coloured_text(picture& canvas, int x, int y, std::string_view text, int scale, colour ink);

}  // namespace examples
