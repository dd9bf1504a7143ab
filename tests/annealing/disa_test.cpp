// SPDX-License-Identifier: Apache-2.0
//
// DiSA's step counts: the recorded ones, and the published formulas for all numbers of AR steps.
#include <doctest/doctest.h>

#include <ardent/annealing/constant.hpp>
#include <ardent/annealing/cosine.hpp>
#include <ardent/annealing/flowar.hpp>
#include <ardent/annealing/linear.hpp>
#include <ardent/annealing/two_stage.hpp>
#include <ardent/annealing/xar.hpp>

#include <cmath>
#include <cstddef>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include "process/schedules.hpp"

namespace {

namespace annealing = ardent::annealing;

template <class Policy>
std::vector<int> steps_of(Policy const& policy, int ar_steps) {
  std::vector<int> out;
  for (int i = 0; i < ar_steps; ++i) out.push_back(policy.steps(i, ar_steps));
  return out;
}

std::vector<int> steps_of(std::string const& strategy, int upper, int lower, int ar_steps) {
  if (strategy == "linear") return steps_of(annealing::linear(upper, lower), ar_steps);
  if (strategy == "cosine") return steps_of(annealing::cosine(upper, lower), ar_steps);
  if (strategy == "two-stage") return steps_of(annealing::two_stage(upper, lower), ar_steps);
  if (strategy == "constant") return steps_of(annealing::constant(lower), ar_steps);  // the published one is the lower
  return {};
}

// The published rules, in double and in the published order of operations.
int published(std::string const& strategy, int upper, int lower, int ar_steps, int s) {
  double const last = ar_steps - 1;
  int const range = upper - lower;
  if (strategy == "linear") return lower + static_cast<int>((last - s) / last * range);
  if (strategy == "cosine") {
    return lower + static_cast<int>((std::cos(3.14159265358979323846 * s / last) + 1) / 2 * range);
  }
  return s < last / 2 ? upper : lower;
}

}  // namespace

TEST_CASE("annealing: the recorded step counts") {
  for (test::schedule const& recorded : test::schedules("annealing")) {
    std::string const& strategy = recorded.word("strategy");
    int const upper = recorded.count("upper"), lower = recorded.count("lower"), ar_steps = recorded.count("num_iter");
    INFO(strategy << " " << upper << " -> " << lower << " over " << ar_steps);
    CHECK(steps_of(strategy, upper, lower, ar_steps) == recorded.whole("steps"));
  }
}

TEST_CASE("annealing: the published rules for all numbers of AR steps") {
  for (std::string const strategy : {"linear", "cosine", "two-stage"}) {
    for (int const upper : {1, 5, 6, 20, 25, 50, 97, 100, 1000}) {
      for (int const lower : {1, 5, 20}) {
        if (lower > upper) continue;
        for (int ar_steps = 2; ar_steps <= 260; ++ar_steps) {
          auto const found = steps_of(strategy, upper, lower, ar_steps);
          for (int s = 0; s < ar_steps; ++s) {
            INFO(strategy << " " << upper << " -> " << lower << ", step " << s << " of " << ar_steps);
            REQUIRE(found[static_cast<std::size_t>(s)] == published(strategy, upper, lower, ar_steps, s));
          }
        }
      }
    }
  }
}

TEST_CASE("annealing: never rises, from the upper to the lower") {
  for (std::string const strategy : {"linear", "cosine", "two-stage"}) {
    for (int ar_steps = 2; ar_steps <= 128; ++ar_steps) {
      auto const found = steps_of(strategy, 50, 5, ar_steps);
      CHECK(found.front() == 50);
      CHECK(found.back() == 5);
      for (std::size_t i = 1; i < found.size(); ++i) REQUIRE(found[i] <= found[i - 1]);
    }
  }
}

TEST_CASE("annealing: a single AR step gets the upper, where the published formulas divide by zero") {
  for (std::string const strategy : {"linear", "cosine", "two-stage"}) {
    CHECK(steps_of(strategy, 50, 5, 1) == std::vector<int>{50});
  }
}

TEST_CASE("annealing: static and dynamic numbers are one policy") {
  for (int ar_steps = 1; ar_steps <= 64; ++ar_steps) {
    CHECK(steps_of(annealing::linear<50, 5>(), ar_steps) == steps_of(annealing::linear(50, 5), ar_steps));
    CHECK(steps_of(annealing::cosine<50, 5>(), ar_steps) == steps_of(annealing::cosine(50, 5), ar_steps));
    CHECK(steps_of(annealing::two_stage<50, 5>(), ar_steps) == steps_of(annealing::two_stage(50, 5), ar_steps));
    CHECK(steps_of(annealing::constant<20>(), ar_steps) == steps_of(annealing::constant(20), ar_steps));
    CHECK(steps_of(annealing::linear<ardent::dynamic, 5>(50, 5), ar_steps) ==
          steps_of(annealing::linear(50, 5), ar_steps));
  }
  static_assert(annealing::linear<50, 5>().steps(0, 64) == 50 && annealing::cosine<50, 5>().steps(63, 64) == 5);
  static_assert(std::is_empty_v<annealing::cosine<50, 5>>);
  static_assert(
      std::is_same_v<decltype(annealing::linear(50, 5)), annealing::linear<ardent::dynamic, ardent::dynamic>>);
}

TEST_CASE("annealing: bounds that are not are refused") {
  CHECK_THROWS_WITH_AS(annealing::linear(5, 50),
                       "ardent::annealing::linear: expected upper >= lower >= 1, found upper 5 and lower 50",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(annealing::cosine(50, 0),
                       "ardent::annealing::cosine: expected upper >= lower >= 1, found upper 50 and lower 0",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(annealing::two_stage(-1, -2),
                       "ardent::annealing::two_stage: expected upper >= lower >= 1, found upper -1 and lower -2",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(annealing::flowar(1, 2),
                       "ardent::annealing::flowar: expected upper >= lower >= 1, found upper 1 and lower 2",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(annealing::xar(0, 0),
                       "ardent::annealing::xar: expected upper >= lower >= 1, found upper 0 and lower 0",
                       std::invalid_argument);
  CHECK_THROWS_AS((annealing::linear<5, 50>().validate()), std::invalid_argument);
  CHECK_NOTHROW((annealing::linear<50, 5>().validate()));
  CHECK_THROWS_AS(annealing::constant(0), std::invalid_argument);
  CHECK_THROWS_WITH_AS((annealing::linear<50, ardent::dynamic>(49, 5)),
                       "ardent::number: expected the compile-time value 50, found 49", std::invalid_argument);
}
