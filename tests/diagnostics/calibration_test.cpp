// SPDX-License-Identifier: Apache-2.0
//
// Power laws are found again; allotments are as good as all others that were tried, and near the continuous optimum.
#include <doctest/doctest.h>
#include <ardent/annealing/rising.hpp>
#include <ardent/annealing/table.hpp>
#include <ardent/diagnostics/calibration.hpp>

#include <cmath>
#include <random>
#include <stdexcept>
#include <vector>

namespace {

using namespace ardent::diagnostics;

TEST_CASE("a power law is found again, errors at the floor are left out, slopes are bounded") {
  std::vector<int> const steps{5, 10, 20, 40};
  for (double const p : {0.5, 1.0, 2.0}) {
    std::vector<double> errors;
    for (int const k : steps) errors.push_back(0.7 * std::pow(k, -p));
    power_law const law = fit_power_law(steps, errors);
    CHECK(law.p == doctest::Approx(p).epsilon(1e-12));
    CHECK(law.c == doctest::Approx(0.7).epsilon(1e-12));
    errors[3] = -1e-5;
    CHECK(fit_power_law(steps, errors).p == doctest::Approx(p).epsilon(1e-12));
  }
  // the least squares line through two noisy points at each end
  power_law const noisy = fit_power_law(std::vector<int>{10, 10, 1000, 1000}, std::vector<double>{1, 4, 0.01, 0.04});
  CHECK(noisy.p == doctest::Approx(1));
  CHECK(noisy(10) == doctest::Approx(2));
  power_law const growing = fit_power_law(steps, std::vector<double>{1, 2, 3, 4});
  CHECK(growing.p == 0.25);
  CHECK(growing(std::sqrt(200.0)) == doctest::Approx(std::pow(24.0, 0.25)));  // through the middle
  CHECK_THROWS_WITH_AS(fit_power_law(steps, std::vector<double>{1, 0, -1, 0}), doctest::Contains("found 1 above 0"),
                       std::invalid_argument);
  CHECK_THROWS_AS(fit_power_law(steps, std::vector<double>{1, 2}), std::invalid_argument);
  CHECK_THROWS_AS(fit_power_law(std::vector<int>{5, 5}, std::vector<double>{1, 2}), std::invalid_argument);
}

/// The smallest error of all allotments of at least 1 step each within the budget.
double best_of_all(std::vector<ar_step_error> const& a, double budget, std::size_t i = 0) {
  if (i == a.size()) return 0;
  double others = 0;
  for (std::size_t j = i + 1; j < a.size(); ++j) others += a[j].cost;
  double best = 1e300;
  for (int k = 1; k * a[i].cost + others <= budget + 1e-9; ++k)
    best = std::fmin(best, a[i].weight * a[i].law(k) + best_of_all(a, budget - k * a[i].cost, i + 1));
  return best;
}

std::vector<ar_step_error> made_errors(std::mt19937_64& engine, int count, bool costs) {
  std::uniform_real_distribution<double> uniform(0.1, 2);
  std::vector<ar_step_error> a;
  for (int i = 0; i < count; ++i)
    a.push_back({{uniform(engine), uniform(engine)}, uniform(engine), costs ? std::floor(1 + 2 * uniform(engine)) : 1});
  return a;
}

TEST_CASE("no allotment of the same budget has a smaller error: all others are tried") {
  std::mt19937_64 engine(11);
  for (int trial = 0; trial < 40; ++trial) {
    auto const equal = made_errors(engine, 4, false);
    double const budget = 4 + trial % 17;
    allotted const found = least_error(equal, budget);
    CHECK(found.error == doctest::Approx(best_of_all(equal, budget)).epsilon(1e-12));
    CHECK(found.cost == doctest::Approx(budget));
    // with unequal costs a budget may not be used up: what is lost is less than what one more step could gain
    auto const unequal = made_errors(engine, 4, true);
    double const more = 20 + trial % 17;
    allotted const near = least_error(unequal, more);
    CHECK(near.cost <= more);
    double gain = 0, error = 0, cost = 0;
    for (std::size_t i = 0; i < unequal.size(); ++i) {
      auto const& a = unequal[i];
      gain = std::fmax(gain, a.weight * (a.law(near.steps[i]) - a.law(near.steps[i] + 1)) / a.cost);
      error += a.weight * a.law(near.steps[i]);
      cost += a.cost * near.steps[i];
    }
    CHECK(near.error == doctest::Approx(error).epsilon(1e-12));
    CHECK(near.cost == doctest::Approx(cost));
    CHECK(near.error <= best_of_all(unequal, more) + gain * 5);
  }
}

TEST_CASE("many steps: near the continuous optimum, K_i in proportion to (weight c / cost)^(1 / (1 + p))") {
  std::vector<ar_step_error> a;
  for (int i = 0; i < 8; ++i) a.push_back({{std::pow(2.0, -i), 1.0}, 1.0 + i, i % 2 == 0 ? 1.0 : 4.0});
  double scale = 0;
  for (auto const& e : a) scale += e.cost * std::sqrt(e.weight * e.law.c / e.cost);
  allotted const found = least_error(a, 20000, 1, 100000);
  for (std::size_t i = 0; i < a.size(); ++i)
    CHECK(found.steps[i] ==
          doctest::Approx(20000 / scale * std::sqrt(a[i].weight * a[i].law.c / a[i].cost)).epsilon(0.01));
}

TEST_CASE("the budget under an error is the error under a budget, the other way round; bounds are kept") {
  std::mt19937_64 engine(5);
  auto const a = made_errors(engine, 6, false);
  allotted const found = least_error(a, 60, 3, 15);
  for (int const k : found.steps) CHECK((k >= 3 && k <= 15));
  allotted const back = least_cost(a, found.error * (1 + 1e-12), 3, 15);
  CHECK(back.steps == found.steps);
  CHECK(least_cost(a, 1e9, 2, 9).cost == 12);
  CHECK_THROWS_WITH_AS(least_error(a, 17, 3), doctest::Contains("expected a budget of at least 18"),
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(least_cost(a, 1e-9, 1, 5), doctest::Contains("which 5 steps everywhere have"),
                       std::invalid_argument);
  CHECK_THROWS_AS(least_error({}, 10), std::invalid_argument);
  CHECK_THROWS_AS(least_error(a, 100, 5, 4), std::invalid_argument);
}

TEST_CASE("the type to paste is the annealing it says") {
  CHECK(annealing_type(std::vector<int>{50, 41, 5}) == "ardent::annealing::table<50, 41, 5>");
  CHECK(annealing_type(std::vector<int>{5, 41, 5}) == "ardent::annealing::rising<ardent::annealing::table<5, 41, 5>>");
  static_assert(ardent::annealing::rising<ardent::annealing::table<5, 41, 5>>{}.steps(1, 3) == 41);
}

}  // namespace
