// SPDX-License-Identifier: Apache-2.0
//
// The cosine process against its formula in long double and against the recorded training table.
#include <doctest/doctest.h>

#include <ardent/process/cosine.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <initializer_list>
#include <stdexcept>
#include <type_traits>
#include <vector>

#include "process/schedules.hpp"

namespace {

namespace process = ardent::process;

template <class Process>
std::vector<double> table_of(Process const& p) {
  std::vector<double> table(static_cast<std::size_t>(p.table_size()));
  p.fill_table(table.data());
  return table;
}

// alphas_cumprod by the published formula, in long double.
std::vector<long double> published(int train_timesteps) {
  auto const f = [](long double t) {
    long double const c = std::cos((t + 0.008L) / 1.008L * 1.57079632679489661923L);
    return c * c;
  };
  std::vector<long double> out;
  long double product = 1;
  for (int i = 0; i < train_timesteps; ++i) {
    long double const ratio = f((i + 1.0L) / train_timesteps) / f(static_cast<long double>(i) / train_timesteps);
    product *= 1 - std::min(1 - ratio, 0.999L);
    out.push_back(product);
  }
  return out;
}

}  // namespace

TEST_CASE("process::cosine: alphas_cumprod is the published formula, for any number of training steps") {
  for (int const count : {1, 2, 3, 10, 50, 400, 1000, 4000}) {
    process::cosine<ardent::dynamic> const p(count);
    CHECK(p.train_timesteps() == count);
    auto const table = table_of(p);
    auto const expected = published(count);
    REQUIRE(table.size() == expected.size());
    for (std::size_t i = 0; i < table.size(); ++i) {
      INFO("T = " << count << ", step " << i);
      // the noisy end is a small difference of the cosine from its zero, so relative errors grow with the number of
      // steps
      REQUIRE(std::abs(table[i] - expected[i]) < 1e-15L * (i + 1) * expected[i] + 1e-14L * expected[i]);
    }
  }
}

TEST_CASE("process::cosine: the recorded training table") {
  test::schedule const& recorded = test::schedules("train_diffusion").front();
  auto const& expected = recorded.list("alphas_cumprod");
  auto const& betas = recorded.list("betas");
  auto const table = table_of(process::cosine<>());
  REQUIRE(expected.size() <= table.size());
  double before = 1;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    REQUIRE(std::abs(table[i] - expected[i]) < 1e-14);
    REQUIRE(std::abs(1 - table[i] / before - betas[i]) < 1e-12);
    before = table[i];
  }
}

TEST_CASE("process::cosine: the cap is reached at the last steps only") {
  auto const table = table_of(process::cosine<>());
  int capped = 0;
  for (std::size_t i = 1; i < table.size(); ++i) {
    CHECK(table[i] < table[i - 1]);
    if (std::abs(table[i] / table[i - 1] - 0.001) < 1e-12) ++capped;
  }
  CHECK(capped == 1);
  CHECK(std::abs(table[999] / table[998] - 0.001) < 1e-12);
}

TEST_CASE("process::cosine: nodes have the table's signal and noise") {
  process::cosine<> const p;
  auto const table = table_of(p);
  for (int const t : {0, 1, 500, 950, 999}) {
    ardent::node const n = p.at(table.data(), t);
    double const abar = table[static_cast<std::size_t>(t)];
    CHECK(n.timestep == t);
    CHECK(n.alphas_cumprod == abar);
    CHECK(n.alpha == std::sqrt(abar));
    CHECK(n.sigma == std::sqrt(1 - abar));
  }
  // DiSA's clip is there for this: at the last step x0 = 20291 (x - epsilon)
  ardent::node const last = p.at(table.data(), 999);
  CHECK(1 / last.alpha > 20290);
  CHECK(1 / last.alpha < 20292);
}

TEST_CASE("process::cosine: static and dynamic tables are the same bits") {
  CHECK(table_of(process::cosine<1000>()) == table_of(process::cosine<ardent::dynamic>(1000)));
  CHECK(table_of(process::cosine<37>()) == table_of(process::cosine(37)));
  static_assert(std::is_empty_v<process::cosine<>>);
  static_assert(std::is_same_v<process::cosine<>, process::cosine<1000>>);
  static_assert(ardent::discrete_process<process::cosine<>>);
}

TEST_CASE("process::cosine: no training steps are refused") {
  CHECK_THROWS_WITH_AS(process::cosine<ardent::dynamic>(0),
                       "ardent::process::cosine: expected 1 to 100000 training steps, found 0", std::invalid_argument);
  CHECK_THROWS_AS(process::cosine<ardent::dynamic>(-1000), std::invalid_argument);
}
