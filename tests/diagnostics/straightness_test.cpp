// SPDX-License-Identifier: Apache-2.0
//
// Straightness against closed forms. In one dimension the probability-flow ODE keeps quantiles, so that a mixture's
// trajectories are known, and a cosine is a sign: its mean is a measure of a set of (quantile, time).
#include <doctest/doctest.h>
#include <ardent/annealing/constant.hpp>
#include <ardent/annealing/table.hpp>
#include <ardent/denoiser/gaussian_mixture.hpp>
#include <ardent/diagnostics/direction.hpp>
#include <ardent/diagnostics/repeated_draws.hpp>
#include <ardent/diagnostics/straightness.hpp>
#include <ardent/diagnostics/walk.hpp>
#include <ardent/executor/host.hpp>
#include <ardent/grid/clip.hpp>
#include <ardent/grid/respaced.hpp>
#include <ardent/grid/time_uniform.hpp>
#include <ardent/guidance/constant.hpp>
#include <ardent/model.hpp>
#include <ardent/ordering/raster.hpp>
#include <ardent/process/cosine_continuous.hpp>
#include <ardent/process/flow_cosine.hpp>
#include <ardent/process/flow_linear.hpp>
#include <ardent/process/linear_continuous.hpp>
#include <ardent/sampler.hpp>
#include <ardent/solver/ddpm.hpp>
#include <ardent/solver/flow_euler.hpp>
#include <ardent/temperature/temperature.hpp>

#include <cmath>
#include <stdexcept>
#include <type_traits>
#include <vector>

#include "diagnostics/gaussian.hpp"

namespace {

using namespace ardent;
using diagnostics::prefix;

/// The straightness of one AR step of `tokens` tokens of images that are all zero.
template <class Sampler, class Model>
diagnostics::straightness measure(Sampler const& sampler, Model& model, int channels, int tokens) {
  executor::host const host(1);
  std::vector<float> zeros(static_cast<std::size_t>(tokens * channels)), samples(zeros.size());
  diagnostics::repeated_draws<Sampler, Model, executor::host> draws(sampler, model, host, 1);
  diagnostics::straightness found;
  diagnostics::walk(sampler, model, host, random::philox(2), {1, 0}, zeros, [&](prefix const& at) {
    diagnostics::trajectory_record record(sampler.effective_steps(0), tokens, channels, Sampler::branches);
    draws.draw(at, random::philox(2), samples, &record);
    found = diagnostics::straightness_of(sampler, 0, record, samples);
  });
  return found;
}

/// A one-dimensional mixture at signal level alpha and noise level sigma.
struct mixture_at {
  double weights[2] = {0.3, 0.7}, means[2] = {-1.5, 1}, deviations[2] = {0.3, 0.5};
  double alpha = 1, sigma = 0;

  double deviation(int i) const { return std::sqrt(alpha * alpha * deviations[i] * deviations[i] + sigma * sigma); }
  double cumulative(double x) const {
    double sum = 0;
    for (int i = 0; i < 2; ++i)
      sum += weights[i] * 0.5 * std::erfc(-(x - alpha * means[i]) / deviation(i) / std::sqrt(2));
    return sum;
  }
  double quantile(double u) const {
    double low = -12, high = 12;
    for (int i = 0; i < 80; ++i) (cumulative((low + high) / 2) < u ? low : high) = (low + high) / 2;
    return (low + high) / 2;
  }
  /// sum of r_i (x - alpha mean_i) / deviation_i^2, which is -score
  double slope(double x) const {
    double density = 0, sum = 0;
    for (int i = 0; i < 2; ++i) {
      double const s = deviation(i), d = (x - alpha * means[i]) / s, p = weights[i] * std::exp(-0.5 * d * d) / s;
      density += p;
      sum += p * d / s;
    }
    return sum / density;
  }
};

/// What the straightness is on the exact trajectories of the sampler's own times, starting from standard normal noise.
template <class Sampler>
diagnostics::straightness expected(Sampler const& sampler, bool linear_flow) {
  auto const rows = sampler.rows(0);
  constexpr int parts = 4000;
  diagnostics::straightness sum;
  mixture_at clean;
  for (int j = 0; j < parts; ++j) {
    // a trajectory starts from noise, which is not quite the mixture at the noisiest time
    mixture_at noisy = clean, noise = clean;
    noisy.alpha = static_cast<double>(rows[0].alpha), noisy.sigma = static_cast<double>(rows[0].sigma);
    noise.alpha = 0, noise.sigma = 1;
    double const start = noise.quantile((j + 0.5) / parts);
    double const u = noisy.cumulative(start), end = clean.quantile(u);
    for (auto const& row : rows) {
      mixture_at now = clean;
      now.alpha = static_cast<double>(row.alpha), now.sigma = static_cast<double>(row.sigma);
      double const x = now.quantile(u), epsilon = now.sigma * now.slope(x), x0 = (x - now.sigma * epsilon) / now.alpha;
      double const velocity = linear_flow ? x0 - epsilon : now.sigma * x0 - now.alpha * epsilon;
      double const way = end - start;
      sum.score += (-epsilon * way > 0 ? 1.0 : -1.0) / parts / static_cast<double>(rows.size());
      sum.velocity += (velocity * way > 0 ? 1.0 : -1.0) / parts / static_cast<double>(rows.size());
    }
  }
  return sum;
}

float const weights[] = {0.3f, 0.7f}, means[] = {-1.5f, 1}, deviations[] = {0.3f, 0.5f};

TEST_CASE("a mixture on the path of its probability-flow ODE: the signs that quantiles give") {
  constexpr int tokens = 4000;
  unconditional_model model(denoiser::gaussian_mixture(1, 2, weights, means, deviations), tokens);
  auto const check = [&](auto const& sampler, bool linear_flow) {
    auto const found = measure(sampler, model, 1, tokens);
    auto const exact = expected(sampler, linear_flow);
    CHECK(found.directions == static_cast<std::size_t>(tokens * sampler.effective_steps(0)));
    // 4,000 tokens of one sign each at a time: at most 1/63, less by averaging over times
    CHECK(std::fabs(found.score - exact.score) < 0.02);
    CHECK(std::fabs(found.velocity - exact.velocity) < 0.02);
    CHECK(std::fabs(found.score - found.velocity) > 0.1);  // they are two measures
  };
  check(make_sampler(ordering::raster{tokens, 1}, annealing::constant<400>{}, grid::clip<grid::respaced, 990>{}),
        false);
}

TEST_CASE("Gaussian tokens of many channels: the cosine of each start is known") {
  constexpr int channels = 4, tokens = 64;
  test::gaussian_model<channels> model{tokens, 0.3f, 0};
  auto const sampler =
      make_sampler(ordering::raster{tokens, 1}, annealing::constant<500>{}, grid::clip<grid::respaced, 990>{});
  executor::host const host(1);
  std::vector<float> const zeros(tokens * channels);
  std::vector<float> samples(zeros.size());
  diagnostics::repeated_draws<std::remove_const_t<decltype(sampler)>, decltype(model), executor::host> draws(
      sampler, model, host, 1);
  diagnostics::walk(sampler, model, host, random::philox(2), {1, 0}, zeros, [&](prefix const& at) {
    diagnostics::trajectory_record record(sampler.effective_steps(0), tokens, channels, 1);
    draws.draw(at, random::philox(2), samples, &record);
    auto const found = diagnostics::straightness_of(sampler, 0, record, samples);
    // x_t = alpha m + q(t) y on the path, with y fixed by the start; end = m + s y
    auto const rows = sampler.rows(0);
    diagnostics::straightness exact;
    for (auto const& row : rows) {
      double const alpha = static_cast<double>(row.alpha), sigma = static_cast<double>(row.sigma);
      double const alpha0 = static_cast<double>(rows[0].alpha), sigma0 = static_cast<double>(rows[0].sigma);
      double const q = std::sqrt(0.09 * alpha * alpha + sigma * sigma);
      double const q0 = std::sqrt(0.09 * alpha0 * alpha0 + sigma0 * sigma0);
      for (int r = 0; r < tokens; ++r) {
        double way = 0, score = 0, velocity = 0, along_score = 0, along_velocity = 0;
        for (int c = 0; c < channels; ++c) {
          double const start = static_cast<double>(record.x(0, r)[c]);
          double const m = static_cast<double>(at.conditions[static_cast<std::size_t>(r * channels + c)]);
          double const y = (start - alpha0 * m) / q0, x = alpha * m + q * y, d = m + 0.3 * y - start;
          double const epsilon = sigma * y / q, x0 = (x - sigma * epsilon) / alpha;
          double const v = sigma * x0 - alpha * epsilon;
          way += d * d, score += epsilon * epsilon, velocity += v * v;
          along_score -= epsilon * d, along_velocity += v * d;
        }
        exact.score += along_score / std::sqrt(way * score) / tokens / static_cast<double>(rows.size());
        exact.velocity += along_velocity / std::sqrt(way * velocity) / tokens / static_cast<double>(rows.size());
      }
    }
    CHECK(found.score == doctest::Approx(exact.score).epsilon(2e-3));
    CHECK(found.velocity == doctest::Approx(exact.velocity).epsilon(2e-3));
  });
}

/// velocity of Gaussian tokens on a linear flow.
struct flow_function {
  static constexpr prediction predicted = prediction::velocity;
  float deviation = 0.5f;
  int channels() const { return 2; }
  int outputs() const { return 2; }
  int condition_width() const { return 0; }
  ARDENT_INLINE void operator()(float const* x, time_point const& time, float const*, float* output) const {
    float const variance = time.alpha * time.alpha * deviation * deviation + time.sigma * time.sigma;
    for (int c = 0; c < 2; ++c)
      output[c] = (time.sigma - time.alpha * deviation * deviation) * x[c] / variance;  // epsilon - x0
  }
};

TEST_CASE("a flow whose trajectories are straight has cosines of 1, and guidance is mixed before") {
  constexpr int tokens = 50;
  unconditional_model model(denoiser::pointwise(flow_function{}), tokens);
  auto const sampler = make_sampler(ordering::raster{tokens, 1}, annealing::constant<21>{}, process::flow_linear{},
                                    grid::time_uniform{}, solver::flow_euler{}, predicts<prediction::velocity>{});
  // centred Gaussians: x_t = q(t) y, all parallel to the start, which shrinks
  auto const found = measure(sampler, model, 2, tokens);
  CHECK(found.score == doctest::Approx(1).epsilon(1e-6));
  // t - (1 - t) / 4 is negative below t = 1/5: there q grows again, and the velocity points back
  double back = 0;
  for (auto const& row : sampler.rows(0))
    back += static_cast<double>(row.sigma) < 0.25 * static_cast<double>(row.alpha) ? 1 : 0;
  CHECK(back > 0);
  CHECK(found.velocity == doctest::Approx(1 - 2 * back / 21).epsilon(1e-6));

  // conditions of the other branch are half of the first's: with a scale of 3 the mix is the Gaussian of mean 2 m
  test::gaussian_model<3> conditional{tokens, 0.4f, 0};
  auto const guided = make_sampler(ordering::raster{tokens, 1}, annealing::constant<30>{}, guidance::constant{3.0});
  auto const mixed = measure(guided, conditional, 3, tokens);
  struct twice : test::gaussian_model<3> {
    void condition(executor::host const& host, ar_step_view const& view, float* z) const {
      test::gaussian_model<3>::condition(host, view, z);
      for (int i = 0; i < view.images * view.tokens_per_image * 3; ++i) z[i] *= 2;
    }
  } same{{tokens, 0.4f, 0}};
  auto const alone = measure(make_sampler(ordering::raster{tokens, 1}, annealing::constant<30>{}), same, 3, tokens);
  CHECK(mixed.score == doctest::Approx(alone.score).epsilon(1e-4));
  CHECK(mixed.velocity == doctest::Approx(alone.velocity).epsilon(1e-4));
}

/// A velocity network's answer becomes x0 and epsilon with the rates at the row's time, which are taken from
/// differences of the process's levels.
/// @param told  the denoiser is told this many times the time
template <class Process>
void check_velocity(Process const& process, double told) {
  auto const sampler = make_sampler(ordering::raster{4, 1}, annealing::constant<17>{}, process, grid::time_uniform{},
                                    solver::flow_euler{}, predicts<prediction::velocity>{});
  auto const directions = diagnostics::directions_of(sampler, 0);
  auto const rows = sampler.rows(0);
  REQUIRE(directions.size() == rows.size());
  for (std::size_t k = 0; k < rows.size(); ++k) {
    CAPTURE(k);
    constexpr double x0 = 0.7, epsilon = -1.3, h = 1e-5;
    double const t = static_cast<double>(rows[k].timestep) / told;
    node const here = process.at(nullptr, t), before = process.at(nullptr, t - h);
    // at the noisy end only the past is there
    node const after = t + h <= process.start_time() ? process.at(nullptr, t + h) : here;
    double const span = t + h <= process.start_time() ? 2 * h : h;
    double const x = here.alpha * x0 + here.sigma * epsilon;
    double const output = ((after.alpha - before.alpha) * x0 + (after.sigma - before.sigma) * epsilon) / span;
    CHECK(directions[k].to_x0.of_x * x + directions[k].to_x0.of_output * output == doctest::Approx(x0).epsilon(1e-3));
    CHECK(directions[k].to_epsilon.of_x * x + directions[k].to_epsilon.of_output * output ==
          doctest::Approx(epsilon).epsilon(1e-3));
  }
}

TEST_CASE("the direction of a velocity is that at the row's time, whatever the denoiser is told of it") {
  check_velocity(process::flow_linear{}, 1);
  check_velocity(process::flow_cosine{}, 1);
  check_velocity(process::linear_continuous<>{}, 1000);
  check_velocity(process::cosine_continuous{}, 1000);
}

TEST_CASE("probability_flow keeps all but solver and temperature") {
  auto const own = make_sampler(ordering::raster{8, 2}, annealing::table<12, 5>{}, solver::ddpm<>{},
                                temperature::constant{0.9}, guidance::constant{2.5});
  auto const flow = diagnostics::probability_flow(own);
  CHECK((std::is_same_v<std::remove_cvref_t<decltype(flow.solver())>, solver::ddim<>>));
  CHECK(flow.guidance_scale(1) == 2.5);
  for (int i = 0; i < 2; ++i) {
    REQUIRE(flow.effective_steps(i) == own.effective_steps(i));
    for (std::size_t k = 0; k < flow.rows(i).size(); ++k) {
      CHECK(flow.rows(i)[k].timestep == own.rows(i)[k].timestep);
      CHECK(flow.rows(i)[k].noise == 0);
    }
  }
}

TEST_CASE("a record of other sizes is refused") {
  auto const sampler = make_sampler(ordering::raster{8, 1}, annealing::constant<5>{});
  diagnostics::trajectory_record const record(4, 8, 2, 1);
  std::vector<float> const samples(16);
  CHECK_THROWS_WITH_AS(diagnostics::straightness_of(sampler, 0, record, samples),
                       doctest::Contains("expected a record of 5 steps and 1 branches"), std::invalid_argument);
  CHECK_THROWS_WITH_AS(diagnostics::trajectory_record(1, 0, 2, 1), doctest::Contains("found 1, 0, 2 and 1"),
                       std::invalid_argument);
}

}  // namespace
