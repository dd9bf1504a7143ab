// SPDX-License-Identifier: Apache-2.0
//
// MAR's counts of tokens: the recorded loops, and the published rule with libm's cosine.
#include <doctest/doctest.h>

#include <ardent/ordering/masked.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <initializer_list>
#include <stdexcept>
#include <type_traits>
#include <vector>

#include "process/schedules.hpp"

namespace {

namespace ordering = ardent::ordering;

template <class Ordering>
std::vector<ardent::ar_counts> counts_of(Ordering const& policy) {
  std::vector<ardent::ar_counts> out(static_cast<std::size_t>(policy.ar_steps()));
  policy.fill(out.data());
  return out;
}

}  // namespace

TEST_CASE("ordering::masked: the recorded loops") {
  for (test::schedule const& recorded : test::schedules("mar_ordering")) {
    int const length = recorded.count("seq_len"), ar_steps = recorded.count("num_iter");
    auto const tokens = recorded.whole("tokens_predicted"), mask_len = recorded.whole("mask_len");
    auto const found = counts_of(ordering::masked(length, ar_steps));
    REQUIRE(found.size() == tokens.size());
    for (std::size_t s = 0; s < found.size(); ++s) {
      INFO("L = " << length << ", n = " << ar_steps << ", step " << s);
      CHECK(found[s].tokens == tokens[s]);
      CHECK(found[s].unknown_after == mask_len[s]);
    }
  }
}

TEST_CASE("ordering::masked: the published rule with libm's cosine, for all numbers of AR steps") {
  for (int const length : {1, 2, 16, 49, 64, 196, 256, 576, 1024, 4096}) {
    for (int ar_steps = 1; ar_steps <= std::min(length, 256); ++ar_steps) {
      auto const found = counts_of(ordering::masked(length, ar_steps));
      int masked = length, sum = 0, least = length;
      for (int s = 0; s < ar_steps; ++s) {
        double const ratio = std::cos(3.14159265358979323846 / 2 * (s + 1) / ar_steps);
        int const mask_len = std::max(1, std::min(masked - 1, static_cast<int>(std::floor(length * ratio))));
        int const tokens = s == ar_steps - 1 ? masked : masked - mask_len;
        auto const i = static_cast<std::size_t>(s);
        INFO("L = " << length << ", n = " << ar_steps << ", step " << s);
        REQUIRE(found[i].tokens == tokens);
        REQUIRE(found[i].unknown_after == mask_len);
        masked = mask_len;
        sum += found[i].tokens;
        least = std::min(least, found[i].tokens);
      }
      REQUIRE(sum == length);
      REQUIRE(least >= 1);
    }
  }
}

TEST_CASE("ordering::masked: one AR step draws all, as many AR steps as tokens draw one each") {
  CHECK(counts_of(ordering::masked(256, 1)).front().tokens == 256);
  for (int const length : {1, 2, 49, 256, 1000}) {
    for (ardent::ar_counts const& step : counts_of(ordering::masked(length, length))) CHECK(step.tokens == 1);
  }
}

TEST_CASE("ordering::masked: few tokens first, more later") {
  auto const found = counts_of(ordering::masked(256, 16));
  for (std::size_t s = 1; s < found.size(); ++s) CHECK(found[s].tokens + 1 >= found[s - 1].tokens);
  CHECK(found.front().tokens == 2);
  CHECK(found.back().tokens > 20);
}

TEST_CASE("ordering::masked: static and dynamic numbers are one policy") {
  auto const fixed = counts_of(ordering::masked<64, 16>()), given = counts_of(ordering::masked(64, 16));
  for (std::size_t s = 0; s < 16; ++s) {
    CHECK(fixed[s].tokens == given[s].tokens);
    CHECK(fixed[s].unknown_after == given[s].unknown_after);
  }
  static_assert(std::is_empty_v<ordering::masked<64, 16>>);
  static_assert(ordering::masked<64, 16>::permuted);
  static_assert(ardent::ordering_policy<ordering::masked<64, 16>>);
}

TEST_CASE("ordering::masked: sizes that do not fit are refused") {
  CHECK_THROWS_WITH_AS(ordering::masked(49, 50),
                       "ardent::ordering::masked: expected 1 to 49 AR steps (no more than there are tokens), found 50",
                       std::invalid_argument);
  CHECK_THROWS_AS(ordering::masked(49, 0), std::invalid_argument);
  CHECK_THROWS_WITH_AS(ordering::masked(0, 1),
                       "ardent::ordering::masked: the sequence length must be at least 1, found 0",
                       std::invalid_argument);
}
