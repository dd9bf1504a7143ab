// SPDX-License-Identifier: Apache-2.0
//
// The raster and random orders spread the tokens over the AR steps as evenly as integers allow.
#include <doctest/doctest.h>

#include <ardent/ordering/random.hpp>
#include <ardent/ordering/raster.hpp>

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <stdexcept>
#include <type_traits>
#include <vector>

namespace {

namespace ordering = ardent::ordering;

template <class Ordering>
void check_even(Ordering const& policy) {
  int const length = policy.sequence_length(), ar_steps = policy.ar_steps();
  std::vector<ardent::ar_counts> counts(static_cast<std::size_t>(ar_steps));
  policy.fill(counts.data());
  int unknown = length;
  for (ardent::ar_counts const& step : counts) {
    INFO("L = " << length << ", n = " << ar_steps);
    REQUIRE(step.tokens >= length / ar_steps);
    REQUIRE(step.tokens <= (length + ar_steps - 1) / ar_steps);
    unknown -= step.tokens;
    REQUIRE(step.unknown_after == unknown);
  }
  REQUIRE(unknown == 0);
}

}  // namespace

TEST_CASE("ordering::raster and ordering::random: even parts that sum to the sequence") {
  for (int const length : {1, 2, 7, 49, 256, 1000}) {
    for (int ar_steps = 1; ar_steps <= std::min(length, 256); ++ar_steps) {
      check_even(ordering::raster(length, ar_steps));
      check_even(ordering::random(length, ar_steps));
    }
  }
  check_even(ordering::raster(2000000000, 7));
}

TEST_CASE("ordering::raster and ordering::random: one token a step unless told otherwise") {
  CHECK(ordering::raster<49>().ar_steps() == 49);
  CHECK(ordering::random<49>().ar_steps() == 49);
  check_even(ordering::raster<49>());
  check_even(ordering::random<49, 12>());
}

TEST_CASE("ordering::raster is in raster order, ordering::random is not") {
  static_assert(!ordering::raster<49>::permuted);
  static_assert(ordering::random<49>::permuted);
  static_assert(std::is_empty_v<ordering::raster<49>> && std::is_empty_v<ordering::random<49, 7>>);
  static_assert(ardent::ordering_policy<ordering::raster<49>> && ardent::ordering_policy<ordering::random<49, 7>>);
}

TEST_CASE("ordering::raster and ordering::random: sizes that do not fit are refused") {
  CHECK_THROWS_WITH_AS(ordering::raster(4, 5),
                       "ardent::ordering::raster: expected 1 to 4 AR steps (no more than there are tokens), found 5",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(ordering::random(4, 0),
                       "ardent::ordering::random: expected 1 to 4 AR steps (no more than there are tokens), found 0",
                       std::invalid_argument);
  CHECK_THROWS_AS(ordering::raster(-4, 1), std::invalid_argument);
}
