// SPDX-License-Identifier: Apache-2.0
//
// The whole picture at every AR step: counts, places, levels, static and dynamic alike, and what is refused.
#include <doctest/doctest.h>

#include <ardent/ardent.hpp>

#include <cmath>
#include <stdexcept>
#include <type_traits>
#include <vector>

namespace {

namespace ordering = ardent::ordering;

template <class Ordering>
void check_levels(Ordering const& policy, int side, std::vector<int> const& levels) {
  int const n = static_cast<int>(levels.size());
  REQUIRE(policy.ar_steps() == n);
  CHECK(policy.side() == side);
  CHECK(policy.picture_tokens() == side * side);
  CHECK(policy.sequence_length() == n * side * side);
  std::vector<ardent::ar_counts> counts(levels.size());
  policy.fill(counts.data());
  for (int i = 0; i < n; ++i) {
    CHECK(policy.level(i) == levels[static_cast<std::size_t>(i)]);
    CHECK(policy.first(i) == i * side * side);
    CHECK(counts[static_cast<std::size_t>(i)].tokens == side * side);
    CHECK(counts[static_cast<std::size_t>(i)].unknown_after == (n - 1 - i) * side * side);
  }
}

}  // namespace

TEST_CASE("ordering::next_frequency: all tokens at each level, static and dynamic") {
  check_levels(ordering::next_frequency<16, 0, 2, 3, 10>(), 16, {0, 2, 3, 10});
  check_levels(ordering::next_frequency(16, {0, 2, 3, 10}), 16, {0, 2, 3, 10});
  check_levels(ordering::next_frequency<3, 12>(), 3, {12});
  check_levels(ordering::next_frequency(1, std::vector<int>(100, 1)), 1, std::vector<int>(100, 1));
  static_assert(std::is_empty_v<ordering::next_frequency<16, 0, 2>> && !ordering::next_frequency<16, 0>::permuted);
  static_assert(ardent::ordering_policy<ordering::next_frequency<16, 0, 2>>);
  static_assert(ardent::ordering_policy<ordering::next_frequency<ardent::dynamic>>);
  using fixed = ardent::sampler<ordering::next_frequency<4, 0, 2, 3>, ardent::annealing::linear<9, 4>>;
  static_assert(fixed::tables_at_compile_time && fixed().tokens(1) == 16 && fixed().sequence_length() == 48);
}

TEST_CASE("ordering::hidden_tokens: all at first, a cosine of the steps, none behind the last") {
  // as published code of Frequency AR had them after each of 11 steps
  int const recorded[] = {256, 253, 245, 232, 215, 193, 167, 138, 106, 72, 36, 0};
  for (int i = 0; i <= 11; ++i) CHECK(ordering::hidden_tokens(256, i, 11) == recorded[i]);
  for (int const n : {1, 2, 7, 30})
    for (int i = 0; i < n; ++i)
      CHECK(ordering::hidden_tokens(49, i, n) == static_cast<int>(std::floor(49 * std::cos(std::acos(0.0) * i / n))));
  static_assert(ordering::hidden_tokens(256, 10, 10) == 0);
}

TEST_CASE("ordering::next_frequency: what does not fit is refused") {
  auto const make = [](int side, std::vector<int> const& levels) { return ordering::next_frequency(side, levels); };
  CHECK_THROWS_WITH_AS(make(16, {0, 2, 0}),
                       "ardent::ordering::next_frequency: expected a side of at least 1 and 1 to 65536 levels of at "
                       "least 1 (the first at least 0) with fewer than 2^31 tokens in all, found side 16 and levels 0 "
                       "2 0",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(make(16, {}), doctest::Contains("levels (none)"), std::invalid_argument);
  CHECK_THROWS_AS(make(0, {1}), std::invalid_argument);
  CHECK_THROWS_AS(make(4, {-1, 2}), std::invalid_argument);
  CHECK_THROWS_AS(make(40000, {1, 2}), std::invalid_argument);
  CHECK_THROWS_WITH_AS(make(1000, std::vector<int>(65537, 1)), doctest::Contains("(65537)"), std::invalid_argument);
}
