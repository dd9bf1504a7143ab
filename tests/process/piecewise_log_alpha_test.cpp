// SPDX-License-Identifier: Apache-2.0
//
// Continuous time over a trained table: the recorded stamps, and what lies between and beyond them.
#include <doctest/doctest.h>

#include <ardent/process/cosine.hpp>
#include <ardent/process/linear.hpp>
#include <ardent/process/piecewise_log_alpha.hpp>

#include <cmath>
#include <cstddef>
#include <initializer_list>
#include <stdexcept>
#include <vector>

#include "process/schedules.hpp"

namespace {

namespace process = ardent::process;
using mar_time = process::piecewise_log_alpha<process::cosine<>, 951>;

template <class Process>
std::vector<double> table_of(Process const& p) {
  std::vector<double> table(static_cast<std::size_t>(p.table_size()));
  p.fill_table(table.data());
  return table;
}

double stamp(int n) { return 0.95 * (n + 1) / 951; }

}  // namespace

TEST_CASE("process::piecewise_log_alpha: the recorded noise schedule") {
  test::schedule const& recorded = test::schedules("dpm_noise_schedule").front();
  int const kept = recorded.count("total_N");
  REQUIRE(kept == mar_time::kept);
  mar_time const p;
  CHECK(static_cast<float>(p.start_time()) == static_cast<float>(recorded.value("T")));
  CHECK(static_cast<float>(p.end_time()) == static_cast<float>(recorded.value("t_0_default")));
  auto const table = table_of(p);
  auto const& times = recorded.list("t_array");
  auto const& log_alphas = recorded.list("log_alpha_array");
  REQUIRE(times.size() == static_cast<std::size_t>(kept));
  REQUIRE(log_alphas.size() == times.size());
  for (int n = 0; n < kept; ++n) {
    auto const i = static_cast<std::size_t>(n);
    INFO("step " << n);
    // the recording holds floats, and its stamps were computed in float
    CHECK(std::abs(stamp(n) - times[i]) < 6e-8);
    CHECK(std::abs(static_cast<double>(static_cast<float>(table[i])) - log_alphas[i]) <= 1e-12);
    CHECK(std::abs(p.log_alpha(table.data(), stamp(n)) - table[i]) < 1e-13);
  }
}

TEST_CASE("process::piecewise_log_alpha: continuous at the stamps, linear between them") {
  mar_time const p;
  auto const table = table_of(p);
  for (int n = 0; n + 1 < mar_time::kept; ++n) {
    auto const i = static_cast<std::size_t>(n);
    double const here = table[i], next = table[i + 1], gap = stamp(n + 1) - stamp(n);
    for (double const share : {1e-9, 0.25, 0.5, 0.9, 1 - 1e-9}) {
      double const expected = here + share * (next - here);
      REQUIRE(std::abs(p.log_alpha(table.data(), stamp(n) + share * gap) - expected) < 1e-12);
    }
  }
}

TEST_CASE("process::piecewise_log_alpha: beyond its ends it goes on with the slope of the last segment") {
  mar_time const p;
  auto const table = table_of(p);
  double const gap = stamp(1) - stamp(0);
  for (double const segments : {0.1, 0.5, 0.95}) {
    double const before = table[0] - segments * (table[1] - table[0]);
    CHECK(p.log_alpha(table.data(), stamp(0) - segments * gap) == doctest::Approx(before).epsilon(1e-9));
  }
  // extrapolated above 0 there, alpha would exceed 1 and leave no sigma
  REQUIRE(p.log_alpha(table.data(), 0) > 0);
  CHECK(p.at(table.data(), 0).alpha == 1);
  CHECK(p.at(table.data(), 0).sigma == 0);
  for (double const segments : {0.5, 1.0, 20.0}) {
    double const after = table[950] + segments * (table[950] - table[949]);
    CHECK(p.log_alpha(table.data(), stamp(950) + segments * gap) == doctest::Approx(after).epsilon(1e-12));
  }
}

TEST_CASE("process::piecewise_log_alpha: nodes are variance preserving, and tell the denoiser t T") {
  mar_time const p;
  auto const table = table_of(p);
  for (double const t : {p.end_time(), 0.01, 0.1, 1.0 / 3, 0.5, 0.9, p.start_time()}) {
    ardent::node const n = p.at(table.data(), t);
    long double const log_alpha = p.log_alpha(table.data(), t);
    CHECK(n.timestep == t * 1000);
    CHECK(std::abs(n.alpha - std::exp(log_alpha)) < 2e-16L);
    CHECK(std::abs(n.alphas_cumprod - std::exp(2 * log_alpha)) < 2e-16L);
    // no cancellation at the clean end, where sigma^2 is 1e-5
    CHECK(std::abs(n.sigma / std::sqrt(-std::expm1(2 * log_alpha)) - 1) < 4e-16L);
  }
}

TEST_CASE("process::piecewise_log_alpha: other bases, other numbers of steps, static and dynamic") {
  process::piecewise_log_alpha<process::linear<>, 1000> const fixed;
  process::piecewise_log_alpha<process::linear<ardent::dynamic>, 1000> const given(process::linear(1000));
  CHECK(fixed.start_time() == doctest::Approx(0.999));
  CHECK(fixed.end_time() == 0.001);
  CHECK(fixed.train_timesteps() == 1000);
  auto const table = table_of(fixed);
  CHECK(table == table_of(given));
  std::vector<double> base(1000);
  process::linear<>().fill_table(base.data());
  for (std::size_t i = 0; i < base.size(); ++i) REQUIRE(std::abs(table[i] - 0.5 * std::log(base[i])) < 1e-15);
  static_assert(ardent::continuous_process<mar_time>);
  static_assert(!ardent::discrete_process<mar_time>);
}

TEST_CASE("process::piecewise_log_alpha: keeping more training steps than there are is refused") {
  using kept_100 = process::piecewise_log_alpha<process::cosine<ardent::dynamic>, 100>;
  CHECK_THROWS_WITH_AS(kept_100(process::cosine(99)),
                       "ardent::process::piecewise_log_alpha: expected a base of at least 100 training steps, found 99",
                       std::invalid_argument);
  CHECK_NOTHROW(kept_100(process::cosine(100)));
}
