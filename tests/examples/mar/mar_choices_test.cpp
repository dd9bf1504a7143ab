// SPDX-License-Identifier: Apache-2.0
//
// What the choices of the program mar mean, by identities between them: two ways to the same sampler give the same
// tokens, up to rounding.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <numeric>
#include <string>
#include <vector>

#include "mar_program.hpp"

using mar_program::draw;

namespace {

std::vector<float> tokens(std::vector<std::string> arguments) {
  arguments.insert(arguments.end(), {"--labels", "trouser,9", "--ar-steps", "6", "--seed", "5"});
  return draw(arguments).floats("tokens");
}

double difference(std::vector<float> const& a, std::vector<float> const& b) {
  REQUIRE(a.size() == b.size());
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::abs(double{a[i]} - double{b[i]}));
  return largest;
}

constexpr double rounding = 2e-3;     // grows through six AR steps
constexpr double not_the_same = 0.1;  // tokens are of order 1

}  // namespace

TEST_CASE("mar: DPM-Solver and DPM-Solver++ of order 1 are DDIM without noise") {
  auto const ddim = tokens({"--steps", "9:4", "--solver", "ddim"});
  CHECK(difference(tokens({"--steps", "9:4", "--solver", "dpm-solver"}), ddim) < rounding);
  CHECK(difference(tokens({"--steps", "9:4", "--solver", "dpm-solver++"}), ddim) < rounding);
  CHECK(difference(tokens({"--steps", "9:4", "--solver", "ddim", "--eta", "0.5"}), ddim) > not_the_same);
}

TEST_CASE("mar: DPM-Solver++ 2M is DDIM where there is one step, and nearer to many steps where there are more") {
  auto const of = [](std::string const& solver, std::string const& steps) {
    return draw({"--labels", "trouser,9", "--ar-steps", "1", "--seed", "5", "--solver", solver, "--steps", steps})
        .floats("tokens");
  };
  CHECK(difference(of("dpm-solver++2m", "1"), of("ddim", "1")) < rounding);
  auto const many = of("ddim", "500");
  auto const apart = [&](std::vector<float> const& a) {
    return std::inner_product(a.begin(), a.end(), many.begin(), 0.0, std::plus<>(),
                              [](float x, float y) { return std::abs(double{x} - double{y}); });
  };
  // both end in a step of order 1 to a clean token, so the gain is no order here; those are in solver/order_test.cpp
  CHECK(apart(of("dpm-solver++2m", "100")) < 0.85 * apart(of("ddim", "100")));
}

TEST_CASE("mar: the clip bounds the steps that are visited") {
  auto const steps = [](std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--labels", "9", "--ar-steps", "2", "--steps", "50"});
    return draw(arguments).integers("steps");
  };
  // of 50 steps over 0 to 999 three are above 950: 958, 979 and 999 become one
  CHECK(steps({}) == std::vector<std::int64_t>{48, 48});
  CHECK(steps({"--clip", "950"}) == std::vector<std::int64_t>{48, 48});
  CHECK(steps({"--clip", "999"}) == std::vector<std::int64_t>{50, 50});
  CHECK(difference(tokens({"--steps", "9"}), tokens({"--steps", "9", "--clip", "950"})) == 0);
  CHECK(difference(tokens({"--steps", "9"}), tokens({"--steps", "9", "--clip", "999"})) > not_the_same);
}

TEST_CASE("mar: DDIM with eta 1 is DDPM with the small variance") {
  auto const ddim = tokens({"--steps", "9:4", "--solver", "ddim", "--eta", "1"});
  CHECK(difference(tokens({"--steps", "9:4", "--variance", "small"}), ddim) < rounding);
  CHECK(difference(tokens({"--steps", "9:4", "--variance", "large"}), ddim) > not_the_same);
  CHECK(difference(tokens({"--steps", "9:4"}), ddim) > not_the_same);
}

TEST_CASE("mar: a temperature of 0 leaves out the noise, whatever the variance") {
  auto const learned = tokens({"--steps", "7", "--temperature", "0"});
  CHECK(difference(tokens({"--steps", "7", "--temperature", "0", "--variance", "large"}), learned) < rounding);
  CHECK(difference(tokens({"--steps", "7"}), learned) > not_the_same);
}

TEST_CASE("mar: guidance of scale 1 is none, and constant is not linear") {
  auto const none = tokens({"--steps", "6", "--guidance", "none"});
  CHECK(difference(tokens({"--steps", "6", "--guidance", "constant", "--guidance-scale", "1"}), none) < rounding);
  CHECK(difference(tokens({"--steps", "6", "--guidance", "linear", "--guidance-scale", "1"}), none) < rounding);
  auto const linear = tokens({"--steps", "6"});
  CHECK(difference(linear, none) > not_the_same);
  CHECK(difference(tokens({"--steps", "6", "--guidance", "constant", "--guidance-scale", "2"}), linear) > not_the_same);
  CHECK(difference(tokens({"--steps", "6", "--guidance", "linear", "--guidance-scale", "2"}), linear) == 0);
}

TEST_CASE("mar: annealings are tables") {
  // DiSA's formulas for 6 AR steps from 9 to 4, by hand
  auto const same = [](std::string const& annealing, std::string const& steps, std::string const& table) {
    return difference(tokens({"--annealing", annealing, "--steps", steps}), tokens({"--steps", table})) == 0;
  };
  CHECK(same("linear", "9:4", "9,8,7,6,5,4"));
  CHECK(same("cosine", "9:4", "9,8,7,5,4,4"));
  CHECK(same("two-stage", "9:4", "9,9,9,4,4,4"));
  CHECK(same("constant", "4", "4,4,4,4,4,4"));
  CHECK_FALSE(same("linear", "9:4", "9,8,7,6,5,5"));
}

TEST_CASE("mar: narrow weights are a little different") {
  for (std::string const head : {"bf16", "int8"}) {
    CAPTURE(head);
    double const change = difference(tokens({"--steps", "5", "--temperature", "0", "--head", head}),
                                     tokens({"--steps", "5", "--temperature", "0"}));
    CHECK(change > 0);
    CHECK(change < (head == "bf16" ? 0.5 : 1.5));
  }
}

TEST_CASE("mar: the dump says what was drawn") {
  auto const dump = draw({"--labels", "Bag,0,ankle boot", "--images", "5", "--ar-steps", "6", "--steps", "8:3"});
  CHECK(dump.names() == std::vector<std::string>{"ar_tokens", "labels", "steps", "tokens"});
  CHECK(dump.shape("tokens") == std::vector<std::int64_t>{5, 49, 16});
  CHECK(dump.integers("labels") == std::vector<std::int64_t>{8, 0, 9, 8, 0});
  // floor(49 cos(pi/2 (s + 1) / 6)) tokens stay unknown: 47, 42, 34, 24, 12, 0
  CHECK(dump.integers("ar_tokens") == std::vector<std::int64_t>{2, 5, 8, 10, 12, 12});
  CHECK(dump.integers("steps") == std::vector<std::int64_t>{8, 7, 6, 5, 4, 3});
  CHECK(dump.floats("tokens").size() == 5 * 49 * 16);  // floats() refuses what is not finite
}

TEST_CASE("mar: so is a transformer with bfloat16 matrices") {
  double const change = difference(tokens({"--steps", "5", "--temperature", "0", "--backbone", "bf16"}),
                                   tokens({"--steps", "5", "--temperature", "0"}));
  CHECK(change > 0);
  CHECK(change < 1.0);
}
