// SPDX-License-Identifier: Apache-2.0
//
// Maps of growing side: their counts, their places in the sequence, static and dynamic alike, and what is refused.
#include <doctest/doctest.h>

#include <ardent/ardent.hpp>

#include <cstddef>
#include <stdexcept>
#include <type_traits>
#include <vector>

namespace {

namespace ordering = ardent::ordering;

template <class Ordering>
void check_scales(Ordering const& policy, std::vector<int> const& sides) {
  REQUIRE(policy.ar_steps() == static_cast<int>(sides.size()));
  std::vector<ardent::ar_counts> counts(sides.size());
  policy.fill(counts.data());
  int first = 0;
  for (std::size_t i = 0; i < sides.size(); ++i) {
    int const scale = static_cast<int>(i), tokens = sides[i] * sides[i];
    INFO("scale " << scale);
    CHECK(policy.side(scale) == sides[i]);
    CHECK(policy.first(scale) == first);
    CHECK(counts[i].tokens == tokens);
    first += tokens;
    CHECK(counts[i].unknown_after == policy.sequence_length() - first);
  }
  CHECK(policy.sequence_length() == first);
}

}  // namespace

TEST_CASE("ordering::next_scale: a whole map an AR step, static and dynamic") {
  check_scales(ordering::next_scale<1, 2, 4, 8, 16>(), {1, 2, 4, 8, 16});
  check_scales(ordering::next_scale(std::vector<int>{1, 2, 4, 8, 16}), {1, 2, 4, 8, 16});
  check_scales(ordering::next_scale<7>(), {7});
  check_scales(ordering::next_scale<3, 3, 1>(), {3, 3, 1});
  check_scales(ordering::next_scale(std::vector<int>(100, 2)), std::vector<int>(100, 2));
  static_assert(ordering::next_scale<1, 2, 4, 8, 16>().sequence_length() == 341);
  static_assert(std::is_empty_v<ordering::next_scale<1, 2>> && !ordering::next_scale<1, 2>::permuted);
  static_assert(ardent::ordering_policy<ordering::next_scale<1, 2>>);
  static_assert(ardent::ordering_policy<ordering::next_scale<ardent::dynamic>>);
}

TEST_CASE("ordering::next_scale: in a sampler, static and dynamic give the same tables") {
  using fixed = ardent::sampler<ordering::next_scale<1, 2, 4>, ardent::annealing::flowar<9, 4>>;
  static_assert(fixed::tables_at_compile_time);
  auto const made =
      ardent::make_sampler(ordering::next_scale(std::vector<int>{1, 2, 4}), ardent::annealing::flowar(9, 4));
  CHECK(made.sequence_length() == 21);
  CHECK(made.most_tokens() == 16);
  for (int i = 0; i < 3; ++i) {
    CHECK(made.tokens(i) == fixed().tokens(i));
    CHECK(made.effective_steps(i) == fixed().effective_steps(i));
  }
}

TEST_CASE("ordering::next_scale: sides that do not fit are refused") {
  auto const make = [](std::vector<int> const& sides) { return ordering::next_scale(sides); };
  CHECK_THROWS_WITH_AS(make({}), "ardent::ordering::next_scale: expected 1 to 65536 scales, found 0",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(make({1, 0, 2}), "ardent::ordering::next_scale: a side must be at least 1, found 0",
                       std::invalid_argument);
  char const* const more = "ardent::ordering::next_scale: expected fewer than 2^31 tokens over all scales, found more";
  CHECK_THROWS_WITH_AS(make({1 << 20}), more, std::invalid_argument);
  CHECK_THROWS_WITH_AS(make({40000, 40000}), more, std::invalid_argument);
  CHECK_THROWS_AS(make(std::vector<int>(65537, 1)), std::invalid_argument);
  CHECK_NOTHROW(make({46340}));
}
