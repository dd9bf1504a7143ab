// SPDX-License-Identifier: Apache-2.0
//
// The linear-beta process against its formula in long double.
#include <doctest/doctest.h>

#include <ardent/process/linear.hpp>

#include <cmath>
#include <cstddef>
#include <initializer_list>
#include <stdexcept>
#include <vector>

namespace {

namespace process = ardent::process;

template <class Process>
std::vector<double> table_of(Process const& p) {
  std::vector<double> table(static_cast<std::size_t>(p.table_size()));
  p.fill_table(table.data());
  return table;
}

}  // namespace

TEST_CASE("process::linear: alphas_cumprod is the product over evenly spaced betas") {
  for (int const count : {21, 50, 400, 1000, 4000}) {
    auto const table = table_of(process::linear<ardent::dynamic>(count));
    REQUIRE(table.size() == static_cast<std::size_t>(count));
    long double const first = 0.1L / count, last = 20.0L / count;
    long double product = 1;
    for (int i = 0; i < count; ++i) {
      product *= 1 - (first + (last - first) * i / (count - 1));
      INFO("T = " << count << ", step " << i);
      REQUIRE(std::abs(table[static_cast<std::size_t>(i)] - product) < 1e-15L * (i + 10) * product);
    }
  }
}

TEST_CASE("process::linear: DDPM's own numbers at T = 1000") {
  auto const table = table_of(process::linear<>());
  CHECK(table[0] == doctest::Approx(0.9999).epsilon(1e-14));
  CHECK(1 - table[999] / table[998] == doctest::Approx(0.02).epsilon(1e-10));
  CHECK(table[999] == doctest::Approx(4.035829765375694e-05).epsilon(1e-12));
}

TEST_CASE("process::linear: nodes have the table's signal and noise") {
  process::linear<> const p;
  auto const table = table_of(p);
  for (int const t : {0, 1, 500, 999}) {
    ardent::node const n = p.at(table.data(), t);
    double const abar = table[static_cast<std::size_t>(t)];
    CHECK(n.timestep == t);
    CHECK(n.alphas_cumprod == abar);
    CHECK(n.alpha == std::sqrt(abar));
    CHECK(n.sigma == std::sqrt(1 - abar));
    CHECK(ardent::half_logsnr(n) == doctest::Approx(0.5 * std::log(abar / (1 - abar))).epsilon(1e-12));
  }
}

TEST_CASE("process::linear: static and dynamic tables are the same bits") {
  CHECK(table_of(process::linear<1000>()) == table_of(process::linear<ardent::dynamic>(1000)));
  CHECK(table_of(process::linear<21>()) == table_of(process::linear(21)));
  static_assert(ardent::discrete_process<process::linear<>>);
}

TEST_CASE("process::linear: too few training steps for its betas are refused") {
  CHECK_THROWS_WITH_AS(process::linear<ardent::dynamic>(20),
                       "ardent::process::linear: expected 21 to 100000 training steps, found 20",
                       std::invalid_argument);
  CHECK_NOTHROW(process::linear<ardent::dynamic>(21));
}
