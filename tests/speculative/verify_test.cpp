// SPDX-License-Identifier: Apache-2.0
//
// The acceptance rule on given Gaussians: its numbers against densities in double, and what comes out of it against the
// target's distribution function.
#include <doctest/doctest.h>
#include <ardent/random/philox.hpp>
#include <ardent/solver/ddpm.hpp>
#include <ardent/speculative/acceptance.hpp>
#include <ardent/speculative/schedule.hpp>
#include <ardent/speculative/verify.hpp>

#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <vector>

#include "support/histogram.hpp"

namespace {

constexpr int dims = 2;
using numbers = std::array<float, dims>;

struct gaussian {
  numbers mean, deviation, log_sum{};
  ardent::last_step step() const { return {mean.data(), deviation.data(), log_sum.data()}; }
};

double density(gaussian const& g, numbers const& x, double temperature) {
  double product = 1;
  for (std::size_t c = 0; c < dims; ++c) {
    double const s = static_cast<double>(g.deviation[c]);
    double const d = (static_cast<double>(x[c]) - static_cast<double>(g.mean[c])) / (s * temperature);
    product *= std::exp(-0.5 * d * d) / s;
  }
  return product;
}

ardent::noise_key key_of(int image) {
  ardent::noise_key key;
  key.image = static_cast<std::uint32_t>(image);
  key.position = 3;
  key.ar_step = 7;
  return key;
}

numbers sample_of(gaussian const& g, ardent::random::philox const& random, int image) {
  ardent::noise_key key = key_of(image);
  key.domain = ardent::noise_domain::step;
  auto const noise = random.normal(key, 0);
  return {g.mean[0] + g.deviation[0] * noise.value[0], g.mean[1] + g.deviation[1] * noise.value[1]};
}

struct outcome {
  std::vector<double> inside;  // uniform if the samples are the target's: share of its mass nearer to its mean
  std::vector<double> angle;   // likewise, as a share of a turn
  long long refused = 0, rounds = 0, exhausted = 0;
};

outcome run(auto const& policy, gaussian const& q, gaussian const& p, int count, int max_rounds) {
  ardent::random::philox const random(11);
  outcome out;
  for (int i = 0; i < count; ++i) {
    numbers const x = sample_of(q, random, i);
    numbers y{};
    auto const v =
        ardent::verify_token(policy, dims, q.step(), p.step(), x.data(), random, key_of(i), max_rounds, y.data());
    out.refused += !v.accepted;
    out.rounds += v.rounds;
    out.exhausted += v.exhausted;
    double const a = static_cast<double>((y[0] - p.mean[0]) / p.deviation[0]);
    double const b = static_cast<double>((y[1] - p.mean[1]) / p.deviation[1]);
    out.inside.push_back(1 - std::exp(-0.5 * (a * a + b * b)));
    out.angle.push_back(std::atan2(b, a) / 6.283185307179586 + 0.5);
  }
  return out;
}

TEST_CASE("the acceptance ratio is that of the densities, with the path and the inner temperature") {
  gaussian const q{{0.3f, -0.2f}, {0.5f, 0.7f}, {-1.0f, -2.0f}}, p{{0.1f, 0.1f}, {0.6f, 0.5f}, {-1.2f, -1.7f}};
  for (numbers const x : {numbers{0, 0}, numbers{0.4f, -0.9f}, numbers{-1, 1.5f}}) {
    double const path = std::exp(0.1);
    auto const ratio = [&](double temperature) { return density(p, x, temperature) / density(q, x, temperature); };
    auto const near = [](float log_found, double expected) {
      CHECK(std::fabs(std::exp(static_cast<double>(log_found)) / expected - 1) < 3e-6);
    };
    near(ardent::log_acceptance(ardent::acceptance::exact{}, dims, q.step(), p.step(), x.data()), ratio(1));
    near(ardent::log_acceptance(ardent::acceptance::cspd<>{}, dims, q.step(), p.step(), x.data()), path * ratio(42));
    near(ardent::log_acceptance(ardent::acceptance::cspd{4.0}, dims, q.step(), p.step(), x.data()), path * ratio(4));
    auto const residual = [&](auto const& policy, double expected) {
      float const found = ardent::residual_probability(policy, dims, q.step(), p.step(), x.data());
      CHECK(std::fabs(static_cast<double>(found) - std::fmax(0, expected)) < 3e-6);
    };
    residual(ardent::acceptance::exact{}, 1 - 1 / ratio(1));
    residual(ardent::acceptance::cspd<>{}, 1 - 1 / (path * ratio(1)));
  }
  // densities that a float does not hold
  gaussian const far_q{{0, 0}, {1e-3f, 1e-3f}}, far_p{{1, 1}, {1e-3f, 1e-3f}};
  CHECK(ardent::log_acceptance(ardent::acceptance::exact{}, dims, far_q.step(), far_p.step(), far_q.mean.data()) <
        -9e5f);
  CHECK(ardent::residual_probability(ardent::acceptance::exact{}, dims, far_q.step(), far_p.step(),
                                     far_p.mean.data()) == 1);
  float const nan = std::numeric_limits<float>::quiet_NaN(), infinity = std::numeric_limits<float>::infinity();
  CHECK_FALSE(ardent::is_accepted(nan, 0.5f));
  CHECK_FALSE(ardent::is_accepted(-infinity, 0));
  CHECK(ardent::is_accepted(infinity, 0.999f));
}

TEST_CASE("with the exact rule the result is distributed as the target, whatever the draft") {
  constexpr int count = 60000, bins = 40;
  gaussian const p{{0.2f, -0.4f}, {0.5f, 0.8f}};
  for (gaussian const& q : {gaussian{{0.4f, -0.3f}, {0.5f, 0.8f}}, gaussian{{0.2f, -0.4f}, {0.3f, 1.0f}},
                            gaussian{{1.0f, 0.4f}, {0.4f, 0.5f}}}) {
    outcome const found = run(ardent::acceptance::exact{}, q, p, count, 1000);
    CHECK(test::chi_square(found.inside, bins) < test::chi_square_bound(bins));
    CHECK(test::chi_square(found.angle, bins) < test::chi_square_bound(bins));
    CHECK(found.exhausted == 0);
    // the bound would notice the published temperature
    outcome const hot = run(ardent::acceptance::cspd<>{}, q, p, count, 1000);
    CHECK(test::chi_square(hot.inside, bins) + test::chi_square(hot.angle, bins) > 4 * test::chi_square_bound(bins));
  }
}

TEST_CASE("as much is refused as p and q differ, and a refused token takes one round over that") {
  constexpr int count = 60000;
  gaussian const q{{0.5f, 0}, {1, 1}}, p{{0, 0}, {1, 1}};
  double const d = 2 * test::normal_below(0.25) - 1;  // distance in total variation of two shifted Gaussians
  outcome const found = run(ardent::acceptance::exact{}, q, p, count, 1000);
  double const refused = static_cast<double>(found.refused);
  CHECK(std::fabs(refused - count * d) < 4.5 * std::sqrt(count * d * (1 - d)));
  CHECK(std::fabs(static_cast<double>(found.rounds) / refused - 1 / d) < 4.5 * std::sqrt((1 - d) / refused) / d);
}

TEST_CASE("a token that no round replaces is a sample of the target") {
  constexpr int count = 60000;
  gaussian const q{{0.5f, 0}, {1, 1}}, p{{0, 0}, {1, 1}};
  double const d = 2 * test::normal_below(0.25) - 1;
  outcome const found = run(ardent::acceptance::exact{}, q, p, count, 2);
  double const share = (1 - d) * (1 - d), refused = static_cast<double>(found.refused);
  CHECK(std::fabs(static_cast<double>(found.exhausted) - share * refused) < 4.5 * std::sqrt(refused * share));
  CHECK(found.rounds <= 2 * found.refused);
  // what is left of the bound on the rounds: all that were refused are samples of p at worst
  double const error = d * share;
  double mean = 0;
  for (double const u : found.inside) mean += u / count;
  CHECK(std::fabs(mean - 0.5) < error + 4.5 / std::sqrt(12.0 * count));
}

TEST_CASE("a draft that is the target is always accepted, and stays") {
  gaussian const p{{0.2f, -0.4f}, {0.5f, 0.8f}, {-3, 4}};
  ardent::random::philox const random(5);
  for (int i = 0; i < 1000; ++i) {
    numbers const x = sample_of(p, random, i);
    numbers y{};
    for (bool const published : {false, true}) {
      auto const v = published ? ardent::verify_token(ardent::acceptance::cspd<>{}, dims, p.step(), p.step(), x.data(),
                                                      random, key_of(i), 10, y.data())
                               : ardent::verify_token(ardent::acceptance::exact{}, dims, p.step(), p.step(), x.data(),
                                                      random, key_of(i), 10, y.data());
      CHECK((v.accepted && v.rounds == 0 && !v.exhausted));
      CHECK(y == x);
    }
  }
}

TEST_CASE("philox's uniform numbers lie inside (0, 1) and are uniform; tests and rounds have numbers of their own") {
  ardent::random::philox const random(1);
  std::vector<double> all;
  for (int i = 0; i < 20000; ++i)
    for (int round = 0; round < 2; ++round) {
      float const u = ardent::acceptance_uniform(random, key_of(i), round);
      CHECK((u > 0 && u < 1));
      all.push_back(static_cast<double>(u));
    }
  CHECK(test::chi_square(all, 50) < test::chi_square_bound(50));
  for (std::size_t i = 0; i + 1 < 100; i += 2) CHECK(all[i] != all[i + 1]);
}

TEST_CASE("the schedule: the target alone, the draft, verifications") {
  ardent::draft_schedule const schedule(4, 0.15);
  std::vector<int> alone, verified;
  for (int s = 0; s < 32; ++s) {
    if (schedule.is_target_only(s, 32)) alone.push_back(s);
    if (schedule.is_verified(s, 32)) verified.push_back(s);
  }
  CHECK(alone == std::vector<int>{0, 1, 2, 3, 4});
  CHECK(verified == std::vector<int>{8, 12, 16, 20, 24, 28, 31});
  CHECK_THROWS_AS(ardent::draft_schedule(0), std::invalid_argument);
  CHECK_THROWS_AS(ardent::draft_schedule(8, 1.5), std::invalid_argument);
  CHECK_THROWS_AS(ardent::draft_schedule(8, std::nan("")), std::invalid_argument);
  CHECK_THROWS_AS(ardent::acceptance::cspd{0.0}, std::invalid_argument);
}

/// ddpm_with_last_noise is ddpm, but for the last row's noise.
template <ardent::variance Variance>
void check_last_noise(double half_min, double half_max, double noise) {
  ardent::node const nodes[] = {ardent::variance_preserving_node(2, 0.2), ardent::variance_preserving_node(1, 0.6),
                                ardent::clean_node};
  for (int k = 0; k < 2; ++k) {
    auto const plain = ardent::solver::ddpm<Variance>().row(nodes, 2, k, ardent::prediction::epsilon);
    auto const noisy = ardent::solver::ddpm_with_last_noise<Variance>().row(nodes, 2, k, ardent::prediction::epsilon);
    CHECK(noisy.slot[0][0] == plain.slot[0][0]);
    CHECK(noisy.model[0][0] == plain.model[0][0]);
    CHECK((k == 1 ? plain.noise == 0 : noisy.noise == plain.noise));
    if (k == 0) continue;
    CHECK(noisy.noise == doctest::Approx(noise).epsilon(1e-12));
    CHECK(noisy.half_log_variance_min == doctest::Approx(half_min).epsilon(1e-12));
    CHECK(noisy.half_log_variance_max == doctest::Approx(half_max).epsilon(1e-12));
  }
}

TEST_CASE("ddpm_with_last_noise: the last step's variance is beta, or the posterior's of the step before") {
  double const beta = 0.4, before = (1 - 0.2 / 0.6) * 0.4 / 0.8;
  check_last_noise<ardent::variance::learned_range>(0.5 * std::log(before), 0.5 * std::log(beta), 1);
  check_last_noise<ardent::variance::learned>(-0.5, 0.5, 1);
  check_last_noise<ardent::variance::fixed_small>(0, 0, std::sqrt(before));
  check_last_noise<ardent::variance::fixed_large>(0, 0, std::sqrt(beta));
}

}  // namespace
