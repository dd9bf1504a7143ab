// SPDX-License-Identifier: Apache-2.0
//
// Cells fill the map: each position once, cell by cell, and by ascending position within a cell.
#include <doctest/doctest.h>

#include <ardent/ordering/next_cell.hpp>
#include <ardent/ordering/raster.hpp>

#include <cstddef>
#include <initializer_list>
#include <limits>
#include <stdexcept>
#include <type_traits>
#include <vector>

namespace {

namespace ordering = ardent::ordering;

template <class Ordering>
void check_cells(Ordering const& policy) {
  int const length = policy.sequence_length(), size = policy.cell_tokens();
  INFO(policy.map_height() << " x " << policy.map_width() << ", cells of " << policy.cell_height() << " x "
                           << policy.cell_width());
  REQUIRE(length == policy.map_height() * policy.map_width());
  REQUIRE(policy.ar_steps() * size == length);
  std::vector<ardent::ar_counts> counts(static_cast<std::size_t>(policy.ar_steps()));
  policy.fill(counts.data());
  int unknown = length;
  for (ardent::ar_counts const& step : counts) {
    REQUIRE(step.tokens == size);
    unknown -= step.tokens;
    REQUIRE(step.unknown_after == unknown);
  }
  // the map, with the number of the cell that covers each token, as four loops write it
  int i = 0;
  for (int top = 0; top < policy.map_height(); top += policy.cell_height())
    for (int left = 0; left < policy.map_width(); left += policy.cell_width())
      for (int row = top; row < top + policy.cell_height(); ++row)
        for (int column = left; column < left + policy.cell_width(); ++column)
          REQUIRE(policy.position(i++) == row * policy.map_width() + column);
  REQUIRE(i == length);
}

}  // namespace

TEST_CASE("ordering::next_cell: every position once, cell by cell") {
  check_cells(ordering::next_cell<16, 16, 8, 8>());
  for (int const height : {1, 2, 6, 8})
    for (int const width : {1, 3, 4, 12})
      for (int cell_height = 1; cell_height <= height; ++cell_height)
        for (int cell_width = 1; cell_width <= width; ++cell_width)
          if (height % cell_height == 0 && width % cell_width == 0)
            check_cells(ordering::next_cell(height, width, cell_height, cell_width));
}

TEST_CASE("ordering::next_cell: the published cells") {
  constexpr ordering::next_cell<16, 16, 8, 8> policy;
  static_assert(policy.sequence_length() == 256 && policy.ar_steps() == 4);
  static_assert(policy.position(0) == 0 && policy.position(7) == 7 && policy.position(8) == 16);
  static_assert(policy.position(63) == 7 * 16 + 7 && policy.position(64) == 8);
  static_assert(policy.position(128) == 8 * 16 && policy.position(255) == 255);
}

TEST_CASE("ordering::next_cell: one cell, and cells of one token, are raster order") {
  ordering::next_cell const whole(4, 6, 4, 6), single(4, 6, 1, 1), rows(4, 6, 1, 6);
  for (int i = 0; i < 24; ++i) {
    CHECK(whole.position(i) == i);
    CHECK(single.position(i) == i);
    CHECK(rows.position(i) == i);
  }
  CHECK(whole.ar_steps() == 1);
  CHECK(single.ar_steps() == 24);
  CHECK(rows.ar_steps() == 4);
}

TEST_CASE("ordering::next_cell: an order of its own, static or dynamic") {
  using fixed = ordering::next_cell<16, 16, 8, 8>;
  static_assert(ardent::placed_ordering<fixed> && !fixed::permuted && std::is_empty_v<fixed>);
  static_assert(!ardent::placed_ordering<ordering::raster<16>>);
  using half = ordering::next_cell<ardent::dynamic, ardent::dynamic, 8, 8>;
  check_cells(half(16, 24, 8, 8));
  CHECK_THROWS_AS(half(16, 24, 8, 4), std::invalid_argument);
}

TEST_CASE("ordering::next_cell: cells that do not fill the map are refused") {
  CHECK_THROWS_WITH_AS(ordering::next_cell(16, 16, 5, 8),
                       "ardent::ordering::next_cell: expected a map of 1 x 1 tokens or more that is cut into 1 to "
                       "65536 cells without remainder, found a map of 16 x 16 and cells of 5 x 8",
                       std::invalid_argument);
  CHECK_THROWS_AS(ordering::next_cell(16, 16, 8, 5), std::invalid_argument);
  CHECK_THROWS_AS(ordering::next_cell(8, 8, 16, 8), std::invalid_argument);
  CHECK_THROWS_AS(ordering::next_cell(8, 8, 0, 8), std::invalid_argument);
  CHECK_THROWS_AS(ordering::next_cell(8, 8, 8, -8), std::invalid_argument);
  CHECK_THROWS_AS(ordering::next_cell(0, 8, 1, 8), std::invalid_argument);
  CHECK_THROWS_AS(ordering::next_cell(-8, -8, 8, 8), std::invalid_argument);
  CHECK_THROWS_AS(ordering::next_cell(512, 256, 1, 1), std::invalid_argument);
  CHECK(ordering::next_cell(256, 256, 1, 1).ar_steps() == 65536);
  int const most = std::numeric_limits<int>::max();
  CHECK_THROWS_AS(ordering::next_cell(most, 2, most, 2), std::invalid_argument);
  CHECK(ordering::next_cell(most, 1, most, 1).position(most - 1) == most - 1);
}
