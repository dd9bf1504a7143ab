// SPDX-License-Identifier: Apache-2.0
//
// Token variance, distances between draws and errors of few steps, against what Gaussians have in closed form.
#include <doctest/doctest.h>
#include <ardent/annealing/constant.hpp>
#include <ardent/annealing/linear.hpp>
#include <ardent/denoiser/gaussian_mixture.hpp>
#include <ardent/diagnostics/repeated_draws.hpp>
#include <ardent/diagnostics/sampling_error.hpp>
#include <ardent/diagnostics/token_variance.hpp>
#include <ardent/diagnostics/walk.hpp>
#include <ardent/executor/host.hpp>
#include <ardent/grid/between.hpp>
#include <ardent/grid/clip.hpp>
#include <ardent/grid/every_other.hpp>
#include <ardent/grid/respaced.hpp>
#include <ardent/grid/time_uniform.hpp>
#include <ardent/model.hpp>
#include <ardent/ordering/masked.hpp>
#include <ardent/ordering/raster.hpp>
#include <ardent/process/flow_linear.hpp>
#include <ardent/random/philox.hpp>
#include <ardent/sampler.hpp>
#include <ardent/solver/ddpm.hpp>
#include <ardent/solver/flow_euler.hpp>

#include <cmath>
#include <cstdint>
#include <random>
#include <stdexcept>
#include <type_traits>
#include <vector>

#include "diagnostics/gaussian.hpp"

namespace {

using namespace ardent;
using namespace ardent::diagnostics;

constexpr double pi = 3.14159265358979323846;

TEST_CASE("running moments are those of two passes") {
  std::mt19937_64 engine(3);
  std::normal_distribution<float> normal(100, 2);
  running_moments running(3);
  std::vector<std::vector<float>> all;
  for (int i = 0; i < 50; ++i) {
    all.push_back({normal(engine), 0.1f * normal(engine), 7});
    running.add(all.back());
  }
  for (std::size_t c = 0; c < 3; ++c) {
    double mean = 0, squares = 0;
    for (auto const& x : all) mean += static_cast<double>(x[c]) / 50;
    for (auto const& x : all) squares += (static_cast<double>(x[c]) - mean) * (static_cast<double>(x[c]) - mean) / 49;
    CHECK(running.mean(c) == doctest::Approx(mean).epsilon(1e-12));
    CHECK(running.variance(c) == doctest::Approx(squares).epsilon(1e-9));
  }
  CHECK(running.variance(2) == 0);
  CHECK_THROWS_WITH_AS(running.add(std::vector<float>(2)), doctest::Contains("expected 3 numbers, found 2"),
                       std::invalid_argument);
}

TEST_CASE("token variance by AR step: what the rows make of starting noise, by position's share") {
  constexpr int images = 4, length = 12, channels = 2, draws_of_each = 400;
  test::gaussian_model<channels> model{length, 0.4f, 0.05f};
  auto const sampler = make_sampler(ordering::masked{length, 4}, annealing::linear{30, 6});
  executor::host const host(1);
  // images whose tokens vary by 0.8 in channel 0 and 0.2 in channel 1, but for position 3 which hardly does
  running_moments marginal(length * channels);
  std::vector<float> tokens;
  std::mt19937_64 engine(5);
  std::normal_distribution<float> normal;
  for (int i = 0; i < 4000; ++i) {
    std::vector<float> image(length * channels);
    for (std::size_t e = 0; e < image.size(); ++e)
      image[e] = (e / 2 == 3 ? 0.01f : 1.0f) * (e % 2 == 0 ? 0.8f : 0.2f) * normal(engine);
    marginal.add(image);
    if (i < images) tokens.insert(tokens.end(), image.begin(), image.end());
  }
  repeated_draws<decltype(sampler), decltype(model), executor::host> drawing(sampler, model, host, images);
  std::size_t background = 0;
  walk(sampler, model, host, random::philox(1), {images, 0}, tokens, [&](prefix const& at) {
    running_moments moments(at.tokens.size());
    std::vector<float> samples(at.tokens.size());
    for (int d = 0; d < draws_of_each; ++d) {
      drawing.draw(at, noise_of_draw(9, d), samples);
      moments.add(samples);
    }
    std::vector<int> const positions(at.view.positions, at.view.positions + at.rows());
    token_variance const found = token_variance_of(moments, positions, marginal, channels);
    test::linear_map const map = test::map_of(sampler, at.view.ar_step, 0.4);
    double const each = map.factor * map.factor;  // of one number; starting noise has variance 1
    double const spread = 4 * std::sqrt(2.0 / draws_of_each / static_cast<double>(found.rows * channels));
    CHECK(std::fabs(found.variance / (2 * each) - 1) < spread);
    CHECK(std::fabs(found.share / (2 * each / 0.68) - 1) < spread + 0.03);
    CHECK(std::fabs(found.channel_share[0] / (each / 0.64) - 1) < spread * 1.5 + 0.03);
    CHECK(std::fabs(found.channel_share[1] / (each / 0.04) - 1) < spread * 1.5 + 0.03);
    if (found.background_rows > 0) CHECK(std::fabs(found.background_variance / (2 * each) - 1) < 0.4);
    CHECK(found.rows + found.background_rows == static_cast<std::size_t>(at.rows()));
    background += found.background_rows;
  });
  CHECK(background == images);  // position 3 of each
}

TEST_CASE("token variance of a mixture: that of the mixture") {
  constexpr int tokens = 40, draws_of_each = 250;
  float const weights[] = {0.3f, 0.7f}, means[] = {-2, 1}, deviations[] = {0.3f, 0.5f};
  unconditional_model model(denoiser::gaussian_mixture(1, 2, weights, means, deviations), tokens);
  auto const sampler = make_sampler(ordering::raster{tokens, 1}, annealing::constant<200>{},
                                    grid::clip<grid::respaced, 995>{}, solver::ddpm<variance::fixed_small>{});
  executor::host const host(1);
  repeated_draws<decltype(sampler), decltype(model), executor::host> drawing(sampler, model, host, 1);
  running_moments moments(tokens), marginal(tokens);
  marginal.add(std::vector<float>(tokens, -1.0f));
  marginal.add(std::vector<float>(tokens, 1.0f));  // a variance of 2
  std::vector<float> samples(tokens);
  walk(sampler, model, host, random::philox(1), {1, 0}, samples, [&](prefix const& at) {
    for (int d = 0; d < draws_of_each; ++d) {
      drawing.draw(at, noise_of_draw(2, d), samples);
      moments.add(samples);
    }
    std::vector<int> const positions(at.view.positions, at.view.positions + at.rows());
    double const mean = 0.3 * -2 + 0.7 * 1;
    double const variance = 0.3 * (0.09 + 4) + 0.7 * (0.25 + 1) - mean * mean;
    token_variance const found = token_variance_of(moments, positions, marginal, 1);
    CHECK(found.variance == doctest::Approx(variance).epsilon(0.03));  // 10,000 numbers
    CHECK(found.share == doctest::Approx(variance / 2).epsilon(0.03));
  });
}

/// E|N(mean, deviation^2)|.
double folded(double mean, double deviation) {
  return deviation * std::sqrt(2 / pi) * std::exp(-mean * mean / (2 * deviation * deviation)) +
         mean * std::erf(mean / deviation / std::sqrt(2));
}

draw_set normals(int draws, int rows, float mean, float deviation, std::uint64_t seed) {
  std::mt19937_64 engine(seed);
  std::normal_distribution<float> normal(mean, deviation);
  draw_set set(rows, 1);
  for (int d = 0; d < draws; ++d)
    for (float& x : set.add()) x = normal(engine);
  return set;
}

TEST_CASE("the energy distance of two Gaussians, and none between two sets of one") {
  executor::host const host(2);
  auto const a = normals(300, 60, 0, 0.5f, 1), b = normals(400, 60, 0.6f, 0.3f, 2), c = normals(300, 60, 0, 0.5f, 3);
  double const exact =
      2 * folded(0.6, std::sqrt(0.25 + 0.09)) - folded(0, 0.5 * std::sqrt(2.0)) - folded(0, 0.3 * std::sqrt(2.0));
  CHECK(mean_energy_distance(host, a, b) == doctest::Approx(exact).epsilon(0.02));
  CHECK(std::fabs(mean_energy_distance(host, a, c)) < 2e-3);
  CHECK(mean_energy_distance(host, a, b) == mean_energy_distance(executor::host(1), a, b));
  // unbiased also with the fewest draws: 3,000 tokens with 2 draws each
  CHECK(mean_energy_distance(host, normals(2, 3000, 0, 0.5f, 4), normals(2, 3000, 0.6f, 0.3f, 5)) ==
        doctest::Approx(exact).epsilon(0.15));
  auto const moments = moment_error_of(a, b);
  CHECK(moments.mean == doctest::Approx(0.6).epsilon(0.02));
  CHECK(moments.variance == doctest::Approx(0.16).epsilon(0.05));
  CHECK_THROWS_WITH_AS(mean_energy_distance(host, a, normals(300, 59, 0, 1, 1)),
                       doctest::Contains("found 60 x 1 with 300 and 59 x 1 with 300"), std::invalid_argument);
  CHECK_THROWS_AS(energy_distance(a, normals(1, 60, 0, 1, 1), 0), std::invalid_argument);
}

/// K against 2 K steps of a deterministic solver for Gaussian tokens, by AR step.
void check_halving(auto const& coarse, auto const& fine) {
  constexpr int images = 60, length = 12, channels = 2;
  test::gaussian_model<channels> model{length, 0.4f, 0.05f};
  executor::host const host(1);
  std::vector<float> const tokens(images * length * channels, 0.2f);
  repeated_draws<std::remove_cvref_t<decltype(coarse)>, decltype(model), executor::host> few(coarse, model, host,
                                                                                             images);
  repeated_draws<std::remove_cvref_t<decltype(fine)>, decltype(model), executor::host> many(fine, model, host, images);
  walk(coarse, model, host, random::philox(1), {images, 0}, tokens, [&](prefix const& at) {
    int const i = at.view.ar_step;
    CHECK(are_nested(coarse, fine, i));
    CHECK_FALSE(are_nested(fine, coarse, i));
    std::vector<float> a(at.tokens.size()), b(at.tokens.size());
    auto const noise = noise_of_draw(4, 0);
    few.draw(at, noise, a);
    many.draw(at, noise, b);
    auto const of_few = test::map_of(coarse, i, 0.4), of_many = test::map_of(fine, i, 0.4);
    double sum = 0;
    for (double const m : at.conditions) {
      double const apart = (of_few.offset - of_many.offset) * m;
      sum += (of_few.factor - of_many.factor) * (of_few.factor - of_many.factor) + apart * apart;
    }
    double const exact = std::sqrt(sum / at.rows());
    CHECK(root_mean_square_distance(a, b, channels) == doctest::Approx(exact).epsilon(0.12));
  });
}

TEST_CASE("K against 2 K steps on nested grids: the difference of two linear maps") {
  using nested = grid::clip<grid::respaced, 950>;
  check_halving(make_sampler(ordering::masked{12, 4}, annealing::linear{16, 4}, grid::every_other<nested>{}),
                make_sampler(ordering::masked{12, 4}, annealing::linear{32, 8}, nested{}));
  // grids that are nested by themselves, over real time
  auto const flow = [](int from, int to) {
    return make_sampler(ordering::masked{12, 4}, annealing::linear{from, to}, process::flow_linear{},
                        grid::between{grid::time_uniform{}, 0.98, 0.0});
  };
  check_halving(flow(11, 5), flow(22, 10));
  CHECK_FALSE(are_nested(make_sampler(ordering::raster{4, 1}, annealing::constant{10}, nested{}),
                         make_sampler(ordering::raster{4, 1}, annealing::constant{20}, nested{}), 0));
  CHECK_THROWS_AS(root_mean_square_distance(std::vector<float>(4), std::vector<float>(6), 2), std::invalid_argument);
}

TEST_CASE("every_other: every n-th time of the finer grid, from the noisiest on, in both kinds of time") {
  auto const check = [](auto const& coarse, auto const& fine, int stride) {
    auto const few = coarse.rows(0), many = fine.rows(0);
    REQUIRE(static_cast<int>(many.size()) == stride * static_cast<int>(few.size()));
    for (std::size_t k = 0; k < few.size(); ++k)
      CHECK(few[k].timestep == many[k * static_cast<std::size_t>(stride)].timestep);
  };
  auto const one = [](auto const grid, int steps) {
    return make_sampler(ordering::raster{4, 1}, annealing::constant{steps}, grid);
  };
  check(one(grid::every_other<grid::respaced>{}, 11), one(grid::respaced{}, 22), 2);
  check(one(grid::every_other<grid::respaced, 5>{}, 7), one(grid::respaced{}, 35), 5);
  auto const flow = [](auto const grid, int steps) {
    return make_sampler(ordering::raster{4, 1}, annealing::constant{steps}, process::flow_linear{},
                        predicts<prediction::velocity>{}, solver::flow_euler{}, grid);
  };
  check(flow(grid::every_other<grid::time_uniform, 3>{}, 4), flow(grid::time_uniform{}, 12), 3);
  constexpr sampler<ordering::raster<4, 1>, annealing::constant<6>, grid::every_other<grid::respaced>> at_compile_time;
  static_assert(at_compile_time.tables_at_compile_time);
  check(at_compile_time, one(grid::respaced{}, 12), 2);
  CHECK_THROWS_WITH_AS(one(grid::every_other<grid::respaced>{}, 501),
                       doctest::Contains("expected at most 500 steps, found 501"), std::invalid_argument);
}

TEST_CASE("sizes that do not fit are refused") {
  running_moments const draws(4), marginal(6);
  CHECK_THROWS_WITH_AS(token_variance_of(draws, std::vector<int>{0, 1}, marginal, 2),
                       doctest::Contains("expected at least 2 draws and 2 images, found 0 and 0"),
                       std::invalid_argument);
  running_moments two(4), images(6);
  for (int i = 0; i < 2; ++i) two.add(std::vector<float>(4, static_cast<float>(i)));
  for (int i = 0; i < 2; ++i) images.add(std::vector<float>(6, static_cast<float>(i)));
  CHECK_THROWS_WITH_AS(token_variance_of(two, std::vector<int>{0, 3}, images, 2),
                       doctest::Contains("expected positions below 3, found 3"), std::invalid_argument);
  CHECK_THROWS_WITH_AS(token_variance_of(two, std::vector<int>{0}, images, 2),
                       doctest::Contains("expected 2 numbers a draw, found 4"), std::invalid_argument);
  CHECK(token_variance_of(two, std::vector<int>{0, 2}, images, 2).share == doctest::Approx(1));
  CHECK_THROWS_AS(draw_set(0, 1), std::invalid_argument);
}

}  // namespace
