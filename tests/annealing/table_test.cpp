// SPDX-License-Identifier: Apache-2.0
//
// Step counts given one by one.
#include <doctest/doctest.h>

#include <ardent/annealing/table.hpp>

#include <stdexcept>
#include <type_traits>
#include <vector>

namespace annealing = ardent::annealing;

TEST_CASE("annealing::table: the numbers as given") {
  annealing::table<50, 20, 7, 1> const fixed;
  annealing::table<ardent::dynamic> const given({50, 20, 7, 1});
  std::vector<int> const expected = {50, 20, 7, 1};
  CHECK(fixed.ar_steps() == 4);
  CHECK(given.ar_steps() == 4);
  for (int i = 0; i < 4; ++i) {
    CHECK(fixed.steps(i, 4) == expected[static_cast<std::size_t>(i)]);
    CHECK(given.steps(i, 4) == expected[static_cast<std::size_t>(i)]);
  }
}

TEST_CASE("annealing::table: static ones are empty and usable by the compiler") {
  static_assert(std::is_empty_v<annealing::table<3, 2, 1>>);
  static_assert(annealing::table<3, 2, 1>().steps(1, 3) == 2);
  static_assert(annealing::table<9>::ar_steps() == 1);
  static_assert(ardent::annealing_policy<annealing::table<3, 2, 1>>);
  static_assert(ardent::annealing_policy<annealing::table<ardent::dynamic>>);
}

TEST_CASE("annealing::table: an empty table and numbers below 1 are refused") {
  using table = annealing::table<ardent::dynamic>;
  CHECK_THROWS_WITH_AS(table(std::vector<int>{}),
                       "ardent::annealing::table: expected one number for each AR step, found none",
                       std::invalid_argument);
  CHECK_THROWS_AS(table({5, 0, 5}), std::invalid_argument);
  CHECK_THROWS_AS(table({-3}), std::invalid_argument);
  CHECK_NOTHROW(table({1}));
}
