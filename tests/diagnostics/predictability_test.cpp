// SPDX-License-Identifier: Apache-2.0
//
// R^2 of the regression from conditions to tokens, where the best there can be is known.
#include <doctest/doctest.h>
#include <ardent/diagnostics/predictability.hpp>

#include <cmath>
#include <random>
#include <stdexcept>
#include <vector>

namespace {

using namespace ardent::diagnostics;

/// Conditions of 6 numbers, of scales from 0.01 to 1000, and tokens of 2: a function of them plus noise.
struct made_pairs {
  std::vector<float> z, tokens;
  made_pairs(int count, double noise, bool curved, std::uint64_t seed) {
    std::mt19937_64 engine(seed);
    std::normal_distribution<double> normal;
    for (int i = 0; i < count; ++i) {
      double x[6];
      for (int j = 0; j < 6; ++j) {
        x[j] = normal(engine);
        z.push_back(static_cast<float>(x[j] * std::pow(10.0, j - 2) + j));
      }
      // both have variance 1 without noise: of x0 x1, of (x2^2 - 1) / sqrt 2
      double const first = curved ? x[0] * x[1] : 0.6 * x[0] + 0.8 * x[3];
      double const second = curved ? (x[2] * x[2] - 1) / std::sqrt(2.0) : -x[5];
      tokens.push_back(static_cast<float>(first + noise * normal(engine)));
      tokens.push_back(static_cast<float>(10 + second + noise * normal(engine)));
    }
  }
};

double held_out(double noise, bool curved, regression_options const& options) {
  made_pairs const seen(4000, noise, curved, 1), held(2000, noise, curved, 2);
  regression const network(seen.z, 6, seen.tokens, 2, options);
  std::vector<float> predictions(held.tokens.size());
  network.predict(held.z, predictions);
  return r_squared(predictions, held.tokens, 2);
}

TEST_CASE("tokens that are linear in the condition: as much as noise leaves") {
  regression_options options;
  options.hidden = 32;
  options.epochs = 20;
  for (double const noise : {0.0, 0.5, 1.0, 2.0}) {
    double const best = 1 / (1 + noise * noise), found = held_out(noise, false, options);
    CHECK(found < best + 0.03);
    CHECK(found > best - 0.04);
  }
}

TEST_CASE("tokens that a straight line says nothing about: the network bends") {
  regression_options options;
  options.hidden = 48;
  options.epochs = 60;
  options.learning_rate = 5e-3;
  CHECK(held_out(0.5, true, options) > 0.8 - 0.1);
  CHECK(held_out(0.5, true, options) < 0.8 + 0.03);
}

TEST_CASE("r_squared: 1 without error, 0 for the mean, below 0 for worse") {
  std::vector<float> const tokens{1, 10, 3, 20, 5, 30}, mean{3, 20, 3, 20, 3, 20}, other{5, 30, 3, 20, 1, 10};
  CHECK(r_squared(tokens, tokens, 2) == 1);
  CHECK(r_squared(mean, tokens, 2) == 0);
  CHECK(r_squared(other, tokens, 2) == doctest::Approx(1 - 4.0));
  CHECK_THROWS_WITH_AS(r_squared(std::vector<float>(4), tokens, 2), doctest::Contains("found 4 and 6 numbers"),
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(r_squared(mean, mean, 2), doctest::Contains("expected tokens that differ"),
                       std::invalid_argument);
}

TEST_CASE("the same seed gives the same network; wrong sizes and options are refused") {
  made_pairs const pairs(200, 0.5, false, 3);
  regression_options options;
  options.epochs = 2;
  std::vector<float> first(400), second(400);
  regression(pairs.z, 6, pairs.tokens, 2, options).predict(pairs.z, first);
  regression(pairs.z, 6, pairs.tokens, 2, options).predict(pairs.z, second);
  CHECK(first == second);
  options.seed = 1;
  regression(pairs.z, 6, pairs.tokens, 2, options).predict(pairs.z, second);
  CHECK(first != second);
  options.hidden = 0;
  CHECK_THROWS_WITH_AS(regression(pairs.z, 6, pairs.tokens, 2, options), doctest::Contains("found 0, 2 and 64"),
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(regression(pairs.z, 5, pairs.tokens, 2), doctest::Contains("1200 and 400 numbers of 5 and 2"),
                       std::invalid_argument);
  CHECK_THROWS_AS(regression(pairs.z, 6, pairs.tokens, 2).predict(pairs.z, first = std::vector<float>(3)),
                  std::invalid_argument);
}

}  // namespace
