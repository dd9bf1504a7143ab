// SPDX-License-Identifier: Apache-2.0
//
// Samples of known distributions: the exact denoiser of a Gaussian mixture makes a sampler's output checkable as a
// whole, noise included. Standard errors of 40,000 numbers: 0.5 percent of a deviation for the mean, 0.7 percent for
// the variance of a Gaussian.
#include <doctest/doctest.h>
#include <ardent/ardent.hpp>

#include <cmath>
#include <vector>

namespace {

constexpr int images = 800, length = 50, count = images * length;

/// All tokens, one channel each, every token drawn on its own.
std::vector<float> draw(auto const& sampler, ardent::denoiser::gaussian_mixture<> const& mixture) {
  ardent::unconditional_model model(mixture, length);
  std::vector<float> tokens(static_cast<std::size_t>(count));
  ardent::generate(sampler, model, ardent::executor::host(2), ardent::random::philox(2024), {images}, tokens);
  return tokens;
}

struct moments {
  double mean = 0, variance = 0, share_below_zero = 0;
  explicit moments(std::vector<float> const& x) {
    for (float const v : x) mean += static_cast<double>(v) / count;
    for (float const v : x) variance += (static_cast<double>(v) - mean) * (static_cast<double>(v) - mean) / count;
    for (float const v : x) share_below_zero += v < 0 ? 1.0 / count : 0;
  }
};

/// 200 steps from nearly pure noise on.
constexpr auto plan(auto const& solver) {
  return ardent::make_sampler(ardent::ordering::raster{length, 1}, ardent::annealing::constant<200>{},
                              ardent::grid::clip<ardent::grid::respaced, 995>{}, solver);
}

TEST_CASE("one Gaussian: mean and variance follow the rows' exact recursion") {
  constexpr double mu = 0.7, s = 0.4;
  float const weight[] = {1}, mean[] = {0.7f}, deviation[] = {0.4f};
  ardent::denoiser::gaussian_mixture const gaussian(1, 1, weight, mean, deviation);
  auto const check = [&](auto const& sampler) {
    double m = 0, v = 1;  // of the starting noise
    for (auto const& row : sampler.rows(0)) {
      double const alpha = static_cast<double>(row.alpha), sigma = static_cast<double>(row.sigma);
      // epsilon = gain (x - alpha mu), so that x <- a x + b epsilon + noise is affine in x
      double const gain = sigma / (alpha * alpha * s * s + sigma * sigma);
      double const b = static_cast<double>(row.model[0][0]) * static_cast<double>(row.of_output);
      double const a = static_cast<double>(row.slot[0][0]) +
                       static_cast<double>(row.model[0][0]) * static_cast<double>(row.of_x) + b * gain;
      m = a * m - b * gain * alpha * mu;
      v = a * a * v + static_cast<double>(row.noise) * static_cast<double>(row.noise);
    }
    moments const found(draw(sampler, gaussian));
    CHECK(std::fabs(found.mean - m) < 4 * std::sqrt(v / count));
    CHECK(std::fabs(found.variance - v) < 4 * v * std::sqrt(2.0 / count));
    // and the recursion ends near the truth: the steps' own error
    CHECK(std::fabs(m - mu) < 0.01);
    CHECK(std::fabs(v / (s * s) - 1) < 0.05);
  };
  check(plan(ardent::solver::ddim<>{}));
  check(plan(ardent::solver::ddim<ardent::dynamic>{0.5}));
  check(plan(ardent::solver::ddpm<ardent::variance::fixed_small>{}));
  check(plan(ardent::solver::ddpm<ardent::variance::fixed_large>{}));
}

TEST_CASE("a mixture: mean, variance and the components' shares agree with the truth") {
  float const weights[] = {0.3f, 0.7f}, means[] = {-2, 1}, deviations[] = {0.3f, 0.5f};
  ardent::denoiser::gaussian_mixture const mixture(1, 2, weights, means, deviations);
  double const mean = 0.3 * -2 + 0.7 * 1;
  double const variance = 0.3 * (4 + 0.09) + 0.7 * (1 + 0.25) - mean * mean;
  double const below = 0.3 + 0.7 * 0.5 * std::erfc(1 / (0.5 * std::sqrt(2.0)));
  auto const check = [&](auto const& sampler) {
    moments const found(draw(sampler, mixture));
    // four standard errors (0.03, 2 percent, 0.009) and the discretisation of 200 steps (0.002, 1 percent, 0.0004)
    CHECK(std::fabs(found.mean - mean) < 0.035);
    CHECK(std::fabs(found.variance / variance - 1) < 0.03);
    CHECK(std::fabs(found.share_below_zero - below) < 0.012);
  };
  check(plan(ardent::solver::ddim<>{}));
  check(plan(ardent::solver::ddim<1>{}));
  check(plan(ardent::solver::ddpm<ardent::variance::fixed_small>{}));
}

}  // namespace
