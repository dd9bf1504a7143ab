// SPDX-License-Identifier: Apache-2.0
//
// Processes over real time: levels by their formulas, rates by central differences, and time_of as lambda's inverse.
#include <doctest/doctest.h>

#include <ardent/process/cosine_continuous.hpp>
#include <ardent/process/flow_cosine.hpp>
#include <ardent/process/flow_linear.hpp>
#include <ardent/process/linear_continuous.hpp>

#include <cmath>
#include <type_traits>

#include "process/formulas.hpp"

namespace {

namespace process = ardent::process;
using ardent::path_kind;

// At times from `low` to `high`; the denoiser is told `told` t.
template <class Process, class Formula>
void check(Process const& p, Formula const& formula, double low, double high, double told) {
  for (int i = 0; i <= 200; ++i) {
    double const t = low + (high - low) * i / 200;
    ardent::node const n = p.at(nullptr, t);
    test::formula_level const expected = formula(t);
    long double const a = expected.alpha, s = expected.sigma, square = a * a + s * s;
    INFO("t = " << t);
    CHECK(n.time == t);
    CHECK(n.timestep == doctest::Approx(told * t).epsilon(1e-15));
    CHECK(std::abs(n.alpha - a) < 4e-16L);
    CHECK(std::abs(n.sigma - s) < 4e-16L * std::max(1.0L, 1e-2L / s));
    CHECK(std::abs(n.alphas_cumprod - a * a / square) < 5e-16L);
    // central differences in long double, good to 1e-12 and the third derivative's h^2
    long double const h = 1e-6L;
    if (i == 0 || i == 200) continue;
    auto const after = formula(t + h), before = formula(t - h);
    CHECK(std::abs(n.alpha_rate - (after.alpha - before.alpha) / (2 * h)) < 1e-8L * (1 + std::abs(n.alpha_rate)));
    CHECK(std::abs(n.sigma_rate - (after.sigma - before.sigma) / (2 * h)) < 1e-6L * (1 + std::abs(n.sigma_rate)));
    double const lambda = static_cast<double>(std::log(a / s));
    CHECK(std::abs(ardent::half_logsnr(n) - lambda) < 1e-14 * (1 + std::abs(lambda)) + 1e-15L / (a * s));
    // an error of lambda times dt / dlambda = a s (a^2 + s^2) / ...: never more than a few units of t's last place
    CHECK(std::abs(p.time_of(nullptr, lambda) - t) < 4e-15 * (1 + std::abs(lambda)));
  }
}

}  // namespace

TEST_CASE("process::linear_continuous: its formula, rates and inverse") {
  auto const formula = [](double b0, double b1) {
    return [=](long double t) { return test::linear_continuous_at(t, b0, b1); };
  };
  check(process::linear_continuous<>{}, formula(0.1, 20), 1e-3, 1, 1000);
  check(process::linear_continuous(0.5, 7.0), formula(0.5, 7), 1e-3, 1, 1000);
  static_assert(process::linear_continuous<>::path == path_kind::smooth_variance_preserving);
  static_assert(process::linear_continuous<>().start_time() == 1 && process::linear_continuous<>().end_time() == 1e-3);
}

TEST_CASE("process::linear_continuous: steep betas, up to where alpha^2 is e^-700") {
  for (double const b0 : {0.1, 100.0, 699.0}) {
    double const b1 = 1400 - b0;
    process::linear_continuous const p(b0, b1);
    for (int i = 1; i <= 200; ++i) {
      double const t = i / 200.0;
      auto const expected = test::linear_continuous_at(t, b0, b1);
      ardent::node const n = p.at(nullptr, t);
      INFO("betas " << b0 << " and " << b1 << ", t = " << t);
      // an error of the exponent, which is up to 700, by its last bits is one of alpha^2
      CHECK(std::abs(n.alpha / expected.alpha - 1) < 1e-13L);
      CHECK(std::abs(n.alphas_cumprod / (expected.alpha * expected.alpha) - 1) < 1e-12L);
      CHECK(std::abs(n.sigma - expected.sigma) < 1e-15L);
      CHECK(p.time_of(nullptr, ardent::half_logsnr(n)) == doctest::Approx(t).epsilon(1e-13));
    }
  }
}

TEST_CASE("process::linear_continuous: nearly clean times come back from lambda with all their digits") {
  process::linear_continuous<> const p;
  for (double t = 1; t > 1e-12; t *= 0.7) {
    auto const at = test::linear_continuous_at(t, 0.1, 20);
    double const lambda = static_cast<double>(std::log(at.alpha / at.sigma));
    INFO("t = " << t);
    // lambda's own last bit is one of log t: 2e-16 (1 + |lambda|) of t
    CHECK(std::abs(p.time_of(nullptr, lambda) / t - 1) < 1e-15 * (1 + std::abs(lambda)));
  }
}

TEST_CASE("process::cosine_continuous: its formula, rates and inverse") {
  check(process::cosine_continuous{}, test::cosine_continuous_at, 1e-3, 0.9946, 1000);
  static_assert(process::cosine_continuous().start_time() == 0.9946);
}

TEST_CASE("process::flow_linear: its formula, rates and inverse, and both ends exactly") {
  check(process::flow_linear{}, test::flow_linear_at, 0.01, 0.99, 1);
  ardent::node const noise = process::flow_linear{}.at(nullptr, 1), clean = process::flow_linear{}.at(nullptr, 0);
  CHECK((noise.alpha == 0 && noise.sigma == 1 && noise.alphas_cumprod == 0));
  CHECK((clean.alpha == 1 && clean.sigma == 0 && clean.alphas_cumprod == 1));
  CHECK((noise.alpha_rate == -1 && noise.sigma_rate == 1));
  static_assert(process::flow_linear::path == path_kind::linear_flow);
}

TEST_CASE("process::flow_cosine: its formula, rates and inverse, and both ends exactly") {
  check(process::flow_cosine{}, test::flow_cosine_at, 0.01, 0.99, 1);
  ardent::node const noise = process::flow_cosine{}.at(nullptr, 1), clean = process::flow_cosine{}.at(nullptr, 0);
  CHECK((noise.alpha == 0 && noise.sigma == 1 && noise.alphas_cumprod == 0));
  CHECK((clean.alpha == 1 && clean.sigma == 0 && clean.alphas_cumprod == 1));
  CHECK(std::abs(noise.alpha_rate + test::pi / 2) < 1e-15L);
  CHECK(std::abs(clean.sigma_rate - test::pi / 2) < 1e-15L);
}

TEST_CASE("processes over real time: lambda is inverted far beyond the usual range") {
  auto const check_far = [](auto const& p, double low, double high) {
    for (double lambda = low; lambda <= high; lambda += 0.25) {
      double const t = p.time_of(nullptr, lambda);
      INFO("lambda " << lambda << ", t " << t);
      CHECK(ardent::half_logsnr(p.at(nullptr, t)) == doctest::Approx(lambda).epsilon(1e-9));
    }
  };
  check_far(process::linear_continuous<>{}, -5, 8);
  check_far(process::cosine_continuous{}, -6, 5);
  check_far(process::flow_linear{}, -12, 12);
  check_far(process::flow_cosine{}, -10, 12);
}

TEST_CASE("processes over real time: static ones are empty") {
  static_assert(std::is_empty_v<process::linear_continuous<>> && ardent::is_static<process::linear_continuous<>>);
  static_assert(!ardent::is_static<process::linear_continuous<ardent::dynamic, ardent::dynamic>>);
  static_assert(ardent::continuous_process<process::flow_linear> && ardent::continuous_process<process::flow_cosine>);
  static_assert(!ardent::discrete_process<process::cosine_continuous>);
}
