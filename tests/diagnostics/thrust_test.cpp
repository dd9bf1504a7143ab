// SPDX-License-Identifier: Apache-2.0
//
// The reductions by Thrust, by its host's policies, against the ones without Thrust (which are tested against closed
// forms), and one of them against a closed form itself. tests/gpu/diagnostics_test.cu has the same on a card.
#include <doctest/doctest.h>
#include <ardent/annealing/constant.hpp>
#include <ardent/denoiser/gaussian_mixture.hpp>
#include <ardent/diagnostics/repeated_draws.hpp>
#include <ardent/diagnostics/thrust.hpp>
#include <ardent/diagnostics/walk.hpp>
#include <ardent/executor/host.hpp>
#include <ardent/guidance/constant.hpp>
#include <ardent/model.hpp>
#include <ardent/ordering/raster.hpp>
#include <ardent/sampler.hpp>

#include <cmath>
#include <cstddef>
#include <random>
#include <span>
#include <stdexcept>
#include <vector>

#include <thrust/system/cpp/execution_policy.h>

namespace {

using namespace ardent;
using namespace ardent::diagnostics;
using doctest::Approx;

constexpr int rows = 5, channels = 3;
auto const& policy = ::thrust::cpp::par;

// Draws of every token, wider and farther off for later rows.
draw_set made_draws(int count, unsigned seed, float shift) {
  std::mt19937 engine(seed);
  std::normal_distribution<float> normal;
  draw_set set(rows, channels);
  for (int d = 0; d < count; ++d) {
    const std::span<float> to = set.add();
    for (std::size_t i = 0; i < to.size(); ++i)
      to[i] = static_cast<float>(1 + i / channels) * normal(engine) + shift * static_cast<float>(i);
  }
  return set;
}

}  // namespace

TEST_CASE("diagnostics by Thrust: moments of draws, and the token variance that they give") {
  const draw_set draws = made_draws(40, 1, 0.5f);
  running_moments running(rows * channels);
  for (int d = 0; d < draws.draws(); ++d) running.add(draws.draw(d));
  std::vector<double> mean(rows * channels), variance(mean.size());
  draw_moments(policy, draws.token(0, 0), 40, rows * channels, mean.data(), variance.data());
  for (std::size_t i = 0; i < mean.size(); ++i) {
    CHECK(mean[i] == Approx(running.mean(i)).epsilon(1e-12));
    CHECK(variance[i] == Approx(running.variance(i)).epsilon(1e-12));
  }

  const std::vector<int> positions = {4, 3, 2, 1, 0};
  running_moments marginal(rows * channels);
  const draw_set images = made_draws(30, 2, 0);
  for (int d = 0; d < images.draws(); ++d) marginal.add(images.draw(d));
  const token_variance expected = token_variance_of(running, positions, marginal, channels);
  const token_variance found = token_variance_of(running_moments(mean, variance, 40), positions, marginal, channels);
  CHECK(found.share == Approx(expected.share).epsilon(1e-12));
  CHECK(found.variance == Approx(expected.variance).epsilon(1e-12));
  CHECK(found.rows == expected.rows);
}

TEST_CASE("diagnostics by Thrust: energy distances of rows, of sets of other sizes") {
  const draw_set a = made_draws(17, 3, 0), b = made_draws(29, 4, 0.2f);
  std::vector<double> found(rows);
  energy_distances(policy, a.token(0, 0), 17, b.token(0, 0), 29, rows, channels, found.data());
  for (int r = 0; r < rows; ++r)
    CHECK(found[static_cast<std::size_t>(r)] == Approx(energy_distance(a, b, r)).epsilon(1e-11));
}

TEST_CASE("diagnostics by Thrust: the energy distance of two uniform distributions is known") {
  // X on [0, 1), Y on [1, 2): E|X - Y| = 1, E|X - X'| = E|Y - Y'| = 1/3; evenly spaced draws come near
  const int count = 2000;
  std::vector<float> x, y;
  for (int i = 0; i < count; ++i) {
    x.push_back((static_cast<float>(i) + 0.5f) / count);
    y.push_back(x.back() + 1);
  }
  double found = 0;
  energy_distances(policy, x.data(), count, y.data(), count, 1, 1, &found);
  CHECK(found == Approx(4.0 / 3).epsilon(1e-3));
}

TEST_CASE("diagnostics by Thrust: straightness of a guided trajectory, recorded by the kernel") {
  const float weights[] = {0.4f, 0.6f}, means[] = {-1, 0, 1, 2, 1, 0}, deviations[] = {0.3f, 0.5f};
  unconditional_model model(denoiser::gaussian_mixture(channels, 2, weights, means, deviations), rows);
  const auto check = [&](auto const& sampler) {
    using sampler_type = std::remove_cvref_t<decltype(sampler)>;
    const executor::host host(1);
    std::vector<float> zeros(rows * channels), samples(zeros.size());
    repeated_draws<sampler_type, decltype(model), executor::host> draws(sampler, model, host, 1);
    walk(sampler, model, host, random::philox(2), {1, 0}, zeros, [&](prefix const& at) {
      trajectory_record record(sampler.effective_steps(0), rows, channels, sampler_type::branches);
      draws.draw(at, random::philox(2), samples, &record);
      const straightness expected = straightness_of(sampler, 0, record, samples);
      const std::vector<step_direction> directions = directions_of(sampler, 0);
      REQUIRE(directions.size() == static_cast<std::size_t>(record.steps()));
      const straightness found = straightness_of(policy, directions.data(), record.data(), samples.data());
      CHECK(found.directions == expected.directions);
      CHECK(found.directions == static_cast<std::size_t>(record.steps()) * rows);
      CHECK(found.score == Approx(expected.score).epsilon(1e-12));
      CHECK(found.velocity == Approx(expected.velocity).epsilon(1e-12));
    });
  };
  check(sampler<ordering::raster<rows, 1>, annealing::constant<20>>());
  check(sampler<ordering::raster<rows, 1>, annealing::constant<7>, guidance::constant<3>>());
}

TEST_CASE("diagnostics by Thrust: root mean squares of distances, and what is refused") {
  const draw_set a = made_draws(2, 5, 0);
  const double expected = root_mean_square_distance(a.draw(0), a.draw(1), channels);
  CHECK(root_mean_square_distance(policy, a.token(0, 0), a.token(1, 0), rows, channels) ==
        Approx(expected).epsilon(1e-12));

  double out = 0;
  CHECK_THROWS_WITH_AS(energy_distances(policy, a.token(0, 0), 1, a.token(0, 0), 2, rows, channels, &out),
                       "ardent::diagnostics::energy_distances: expected at least 2 draws, found 1",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(draw_moments(policy, a.token(0, 0), 2, 0, &out, &out),
                       "ardent::diagnostics::draw_moments: expected at least 1 number, found 0", std::invalid_argument);
  CHECK_THROWS_WITH_AS(straightness_of(policy, static_cast<step_direction*>(nullptr), {}, nullptr),
                       "ardent::diagnostics::straightness_of: expected at least 1 step, found 0",
                       std::invalid_argument);
  const std::vector<double> one(1), two(2);
  CHECK_THROWS_WITH_AS(running_moments(one, two, 3), doctest::Contains("found 2, 1 and 3"), std::invalid_argument);
}
