// SPDX-License-Identifier: Apache-2.0
//
// DDPM's rows against the recorded posterior tables.
#include <doctest/doctest.h>

#include <ardent/solver/ddpm.hpp>

#include <cmath>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <vector>

#include "process/schedules.hpp"
#include "solver/steps.hpp"

namespace {

using ardent::prediction;
using ardent::variance;
using test::close;

// Calls check(recorded entry, nodes, row k, position in the recorded tables) for every step of every recorded grid.
template <class Check>
void for_each_step(Check check) {
  for (test::schedule const& recorded : test::schedules("respaced")) {
    auto const nodes = test::cosine_nodes(recorded.count("K"), recorded.count("clip_timesteps"));
    int const steps = static_cast<int>(nodes.size()) - 1;
    REQUIRE(steps == recorded.count("effective_steps"));
    for (int k = 0; k < steps; ++k) {
      INFO("K = " << recorded.count("K") << ", " << recorded.word("sampler") << ", step " << k);
      check(recorded, nodes, k, static_cast<std::size_t>(steps - 1 - k));
    }
  }
}

}  // namespace

TEST_CASE("solver::ddpm: the mean for an x0 network is the recorded posterior's") {
  for_each_step([](test::schedule const& recorded, std::vector<ardent::node> const& nodes, int k, std::size_t i) {
    int const steps = static_cast<int>(nodes.size()) - 1;
    auto const row = ardent::solver::ddpm<>().row(nodes.data(), steps, k, prediction::x0);
    CHECK(row.timestep == static_cast<float>(recorded.list("timestep_map")[i]));
    CHECK(row.of_x == 0);
    CHECK(row.of_output == 1);
    CHECK(close(row.model[0][0], recorded.list("posterior_mean_coef1")[i]));
    CHECK(close(row.slot[0][0], recorded.list("posterior_mean_coef2")[i]));
  });
}

TEST_CASE("solver::ddpm: the mean for an epsilon network is the recorded one through x0") {
  for_each_step([](test::schedule const& recorded, std::vector<ardent::node> const& nodes, int k, std::size_t i) {
    int const steps = static_cast<int>(nodes.size()) - 1;
    auto const row = test::folded(ardent::solver::ddpm<>().row(nodes.data(), steps, k, prediction::epsilon));
    double const coef1 = recorded.list("posterior_mean_coef1")[i], coef2 = recorded.list("posterior_mean_coef2")[i];
    // the recording computes abar from 1 - beta with beta next to 1, which loses digits at an unclipped noisy end
    auto const& abar = recorded.list("alphas_cumprod");
    double const tolerance = 1e-12 + 1.2e-16 * recorded.list("alphas_cumprod_prev")[i] / abar[i];
    CHECK(close(row.of_x, coef1 * recorded.list("sqrt_recip_alphas_cumprod")[i] + coef2, tolerance));
    CHECK(close(row.of_output, -coef1 * recorded.list("sqrt_recipm1_alphas_cumprod")[i], tolerance));
  });
}

TEST_CASE("solver::ddpm: the learned range is the recorded one") {
  for_each_step([](test::schedule const& recorded, std::vector<ardent::node> const& nodes, int k, std::size_t i) {
    int const steps = static_cast<int>(nodes.size()) - 1;
    auto const row = ardent::solver::ddpm<>().row(nodes.data(), steps, k, prediction::epsilon);
    if (k == steps - 1) {
      CHECK(row.noise == 0);
    } else {
      CHECK(row.noise == 1);
      CHECK(close(row.half_log_variance_max, 0.5 * recorded.list("log_betas")[i]));
      CHECK(close(row.half_log_variance_min, 0.5 * recorded.list("posterior_log_variance_clipped")[i]));
    }
    CHECK(close(ardent::clipped_log_variance(nodes.data(), k), recorded.list("posterior_log_variance_clipped")[i]));
  });
  static_assert(ardent::solver::ddpm<>::reads_variance);
}

TEST_CASE("solver::ddpm: the fixed variances are the recorded ones") {
  for_each_step([](test::schedule const& recorded, std::vector<ardent::node> const& nodes, int k, std::size_t i) {
    int const steps = static_cast<int>(nodes.size()) - 1;
    bool const last = k == steps - 1;
    double const small = std::sqrt(recorded.list("posterior_variance")[i]);
    double const large = last ? 0 : std::sqrt(recorded.list("betas")[i]);
    auto const noise = [&](auto const& solver) {
      auto const row = solver.row(nodes.data(), steps, k, prediction::epsilon);
      CHECK(row.half_log_variance_min == 0);
      CHECK(row.half_log_variance_max == 0);
      return row.noise;
    };
    CHECK(close(noise(ardent::solver::ddpm<variance::fixed_small>()), small));
    CHECK(close(noise(ardent::solver::ddpm<variance::fixed_large>()), large));
  });
  static_assert(!ardent::solver::ddpm<variance::fixed_small>::reads_variance);
}

TEST_CASE("solver::ddpm: a single step") {
  auto const nodes = test::cosine_nodes(1, 950);
  auto const row = ardent::solver::ddpm<>().row(nodes.data(), 1, 0, prediction::x0);
  CHECK(row.slot[0][0] == 0);
  CHECK(row.model[0][0] == 1);
  CHECK(row.noise == 0);
  CHECK(ardent::clipped_log_variance(nodes.data(), 0) ==
        doctest::Approx(std::log(1 - nodes[0].alphas_cumprod)).epsilon(1e-14));
}
