// SPDX-License-Identifier: Apache-2.0
//
// Lines and dots: where they are, and that they stay inside.
#include <doctest/doctest.h>

#include <limits>
#include <stdexcept>
#include <vector>

#include "common/pictures/chart.hpp"

using examples::chart;
using examples::picture;
using examples::point;

namespace {

constexpr examples::colour red{200, 0, 0};

// Pixels that are not white.
int painted(picture const& p, int x0, int y0, int x1, int y1) {
  int count = 0;
  for (int y = y0; y < y1; ++y)
    for (int x = x0; x < x1; ++x) count += p.at(x, y, 1) != 255 ? 1 : 0;
  return count;
}

}  // namespace

TEST_CASE("chart: data coordinates go to the rectangle's corners, and nothing beyond them") {
  picture canvas(40, 40, 3);
  chart c(canvas, {10, 10, 21, 21}, {0, 2, -1, 1});
  c.dot({1, 0}, red, 1);
  CHECK(canvas.at(20, 20, 0) == 200);
  CHECK(canvas.at(20, 20, 1) == 0);
  CHECK(painted(canvas, 0, 0, 40, 40) == 9);  // the middle, and some of each neighbour

  std::vector<point> const line = {{0, 1}, {2, 1}};  // along the upper edge
  c.line(line, red, 1);
  CHECK(canvas.at(10, 10, 1) == 0);
  CHECK(canvas.at(30, 10, 1) == 0);
  CHECK(painted(canvas, 0, 0, 40, 10) == 0);

  std::vector<point> const beyond = {{-5, -5}, {9, 9}, {9, 50}, {50, 50}};
  c.line(beyond, red, 3);
  c.dot({2, -1}, red, 6);
  c.frame(red);
  CHECK(painted(canvas, 0, 0, 40, 40) == painted(canvas, 10, 10, 31, 31));
  CHECK(canvas.at(10, 30, 1) == 0);
}

TEST_CASE("chart: what is not finite is a gap") {
  picture canvas(20, 20, 3);
  chart c(canvas, {0, 0, 20, 20}, {0, 1, 0, 1});
  double const nan = std::numeric_limits<double>::quiet_NaN();
  std::vector<point> const gap = {{0, 0}, {nan, 0.5}, {1, 1}};
  c.line(gap, red);
  c.dot({0.5, std::numeric_limits<double>::infinity()}, red);
  CHECK(painted(canvas, 0, 0, 20, 20) == 0);
}

TEST_CASE("chart: refuses what it cannot draw on") {
  picture canvas(20, 20, 3), grey(20, 20, 1);
  CHECK_THROWS_AS(chart(grey, {0, 0, 20, 20}, {}), std::invalid_argument);
  CHECK_THROWS_AS(chart(canvas, {0, 1, 20, 20}, {}), std::invalid_argument);
  CHECK_THROWS_AS(chart(canvas, {-1, 0, 20, 20}, {}), std::invalid_argument);
  CHECK_THROWS_AS(chart(canvas, {0, 0, 20, 20}, {1, 1, 0, 1}), std::invalid_argument);
  CHECK_THROWS_AS(chart(canvas, {0, 0, 20, 20}, {0, std::numeric_limits<double>::infinity(), 0, 1}),
                  std::invalid_argument);
  CHECK_THROWS_AS(examples::draw_coloured_text(grey, 0, 0, "a", 1, red), std::invalid_argument);
}

TEST_CASE("draw_coloured_text: the letters of draw_text, cut at the edges") {
  picture canvas(60, 20, 3), plain(60, 20, 1);
  examples::draw_coloured_text(canvas, 2, 2, "ab", 1, red);
  examples::draw_text(plain, 2, 2, "ab", 1, 0);
  for (int y = 0; y < 20; ++y)
    for (int x = 0; x < 60; ++x) CHECK((canvas.at(x, y, 1) == 0) == (plain.at(x, y, 0) == 0));
  examples::draw_coloured_text(canvas, -5, -5, "ab", 2, red);
  examples::draw_coloured_text(canvas, 55, 15, "ab", 2, red);
}
