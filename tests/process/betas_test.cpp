// SPDX-License-Identifier: Apache-2.0
//
// Processes of training steps: betas between two values, scaled, along a sigmoid and a user's own, and the rescaling to
// zero terminal SNR, against their formulas in long double.
#include <doctest/doctest.h>

#include <ardent/process/betas.hpp>
#include <ardent/process/cosine.hpp>
#include <ardent/process/linear_between.hpp>
#include <ardent/process/scaled_linear.hpp>
#include <ardent/process/sigmoid.hpp>
#include <ardent/process/zero_terminal_snr.hpp>

#include <cmath>
#include <stdexcept>
#include <vector>

#include "process/formulas.hpp"

namespace {

namespace process = ardent::process;

// A product of T factors, each rounded, and what rounding of a beta does to it.
constexpr long double tolerance = 1e-12L;

}  // namespace

TEST_CASE("process::linear_between: its formula") {
  auto const formula = [](int count, long double start, long double end) {
    return test::cumulative(count, [=](int i) { return start + (end - start) * i / (count - 1); });
  };
  CHECK(test::table_error(process::linear_between<>{}, formula(1000, 1e-4, 0.02)) < tolerance);
  CHECK(test::table_error(process::linear_between(37, 0.001, 0.3), formula(37, 0.001, 0.3)) < tolerance);
  CHECK(test::table_error(process::linear_between<100, 0.002, 0.01>{}, formula(100, 0.002, 0.01)) < tolerance);
}

TEST_CASE("process::scaled_linear: its formula") {
  auto const formula = [](int count, long double start, long double end) {
    return test::cumulative(count, [=](int i) {
      long double const root = std::sqrt(start) + (std::sqrt(end) - std::sqrt(start)) * i / (count - 1);
      return root * root;
    });
  };
  CHECK(test::table_error(process::scaled_linear<>{}, formula(1000, 0.00085, 0.012)) < tolerance);
  CHECK(test::table_error(process::scaled_linear(50, 0.01, 0.4), formula(50, 0.01, 0.4)) < tolerance);
}

TEST_CASE("process::sigmoid: its formula") {
  auto const formula = [](int count, long double start, long double end) {
    return test::cumulative(count, [=](int i) {
      return start + (end - start) / (1 + std::exp(-(-6 + 12 * static_cast<long double>(i) / (count - 1))));
    });
  };
  CHECK(test::table_error(process::sigmoid<>{}, formula(1000, 1e-4, 0.02)) < tolerance);
  CHECK(test::table_error(process::sigmoid(80, 0.001, 0.2), formula(80, 0.001, 0.2)) < tolerance);
}

TEST_CASE("process::betas: a user's own") {
  std::vector<double> const values = {0.1, 0.2, 0.05, 0.9, 0.3};
  process::betas const p(values);
  CHECK(p.train_timesteps() == 5);
  auto const expected = test::cumulative(5, [&](int i) -> long double { return values[static_cast<std::size_t>(i)]; });
  CHECK(test::table_error(p, expected) < 1e-15L);
  auto const table = test::table_of(p);
  for (int t = 0; t < 5; ++t) {
    ardent::node const n = p.at(table.data(), t);
    CHECK(n.timestep == t);
    CHECK(n.alphas_cumprod == table[static_cast<std::size_t>(t)]);
    CHECK(std::abs(n.alpha * n.alpha + n.sigma * n.sigma - 1) < 1e-15);
  }
  CHECK(test::table_of(process::betas({0.5, 1})).back() == 0);
}

TEST_CASE("process::betas: none, and values outside (0, 1], are refused") {
  CHECK_THROWS_WITH_AS(process::betas({}), "ardent::process::betas: expected at least one beta, found none",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(process::betas({0.1, 1.5}),
                       "ardent::process::betas: expected betas in (0, 1], found 1.500000 at step 1",
                       std::invalid_argument);
  CHECK_THROWS_AS(process::betas({0}), std::invalid_argument);
  CHECK_THROWS_AS(process::betas({0.1, -0.1}), std::invalid_argument);
  CHECK_THROWS_AS(process::betas({std::nan("")}), std::invalid_argument);
}

TEST_CASE("processes between two betas: sizes and betas out of range are refused") {
  CHECK_THROWS_WITH_AS(
      process::linear_between(1, 0.1, 0.2),
      "ardent::process::linear_between: expected 2 to 100000 training steps and a first and a last beta in (0, 1), "
      "found 1, 0.100000 and 0.200000",
      std::invalid_argument);
  CHECK_THROWS_AS(process::scaled_linear(10, 0.0, 0.2), std::invalid_argument);
  CHECK_THROWS_AS(process::sigmoid(10, 0.1, 1.0), std::invalid_argument);
  CHECK_THROWS_AS(process::sigmoid(10, std::nan(""), 0.5), std::invalid_argument);
}

TEST_CASE("process::zero_terminal_snr: pure noise at the last step, the first unchanged, the formula between") {
  auto const check = [](auto const& base) {
    auto const before = test::table_of(base), after = test::table_of(process::zero_terminal_snr(base));
    REQUIRE(after.size() == before.size());
    CHECK(after.back() == 0);
    CHECK(std::abs(after.front() / before.front() - 1) < 1e-15);
    long double const first = std::sqrt(static_cast<long double>(before.front()));
    long double const last = std::sqrt(static_cast<long double>(before.back()));
    for (std::size_t i = 0; i < before.size(); ++i) {
      long double const root = (std::sqrt(static_cast<long double>(before[i])) - last) * first / (first - last);
      CHECK(std::abs(after[i] - root * root) < 1e-15L);
      if (i > 0) CHECK(after[i] < after[i - 1]);
    }
    ardent::node const end = process::zero_terminal_snr(base).at(after.data(), static_cast<int>(after.size()) - 1);
    CHECK((end.alpha == 0 && end.sigma == 1));
  };
  check(process::scaled_linear<>{});
  check(process::linear_between<>{});
  check(process::cosine<>{});
  check(process::betas({0.1, 0.2, 0.3, 0.4}));
}

TEST_CASE("processes of training steps: static and dynamic ones have the same tables") {
  CHECK(test::table_of(process::linear_between<>{}) == test::table_of(process::linear_between(1000, 0.0001, 0.02)));
  CHECK(test::table_of(process::scaled_linear<>{}) == test::table_of(process::scaled_linear(1000, 0.00085, 0.012)));
  CHECK(test::table_of(process::sigmoid<>{}) == test::table_of(process::sigmoid(1000, 0.0001, 0.02)));
  static_assert(ardent::is_static<process::zero_terminal_snr<process::scaled_linear<>>>);
}
