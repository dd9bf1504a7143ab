// SPDX-License-Identifier: Apache-2.0
//
// diagnostics::walk and repeated_draws: what a model is shown on the way along complete images is what it was shown
// when they were drawn, and a draw with the same noise is the same token.
#include <doctest/doctest.h>
#include <ardent/annealing/linear.hpp>
#include <ardent/denoiser/adaln_mlp.hpp>
#include <ardent/diagnostics/repeated_draws.hpp>
#include <ardent/diagnostics/walk.hpp>
#include <ardent/executor/host.hpp>
#include <ardent/float16.hpp>
#include <ardent/generate.hpp>
#include <ardent/generate_batched.hpp>
#include <ardent/guidance/linear.hpp>
#include <ardent/ordering/masked.hpp>
#include <ardent/packed_matrix.hpp>
#include <ardent/random/philox.hpp>
#include <ardent/sampler.hpp>
#include <ardent/solver/ddpm.hpp>

#include <algorithm>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <type_traits>
#include <vector>

#include "diagnostics/gaussian.hpp"
#include "support/made_head.hpp"
#include "support/made_model.hpp"

namespace {

using namespace ardent;
using diagnostics::prefix;

constexpr int images = 3, length = 12;
constexpr std::uint32_t first_image = 5;

executor::host const& shared() {
  static executor::host const host(2);
  return host;
}

/// Draws images, walks along them, and calls check(prefix, conditions that the model gave when they were drawn).
void follow(auto const& sampler, auto& model, int channels, auto const& check) {
  executor::host const& host = shared();
  random::philox const random(7);
  std::vector<float> tokens(static_cast<std::size_t>(images * length * channels));
  std::vector<std::vector<float>> conditions, samples;
  auto const observe = [&](ar_step_report const& report) {
    conditions.emplace_back(report.conditions.begin(), report.conditions.end());
    samples.emplace_back(report.samples.begin(), report.samples.end());
  };
  if constexpr (ar_model<std::remove_reference_t<decltype(model)>, executor::host>)
    generate(sampler, model, host, random, {images, first_image}, tokens, observe);
  else
    generate_batched(sampler, model, host, random, {images, first_image}, tokens, observe);
  std::size_t visited = 0;
  diagnostics::walk(sampler, model, host, random, {images, first_image}, tokens, [&](prefix const& at) {
    REQUIRE(visited < conditions.size());
    CHECK(at.view.ar_step == static_cast<int>(visited));
    CHECK(
        std::equal(at.conditions.begin(), at.conditions.end(), conditions[visited].begin(), conditions[visited].end()));
    CHECK(std::equal(at.tokens.begin(), at.tokens.end(), samples[visited].begin(), samples[visited].end()));
    for (int r = 0; r < at.rows(); ++r)
      CHECK(at.images[static_cast<std::size_t>(r)] ==
            first_image + static_cast<std::uint32_t>(r / at.view.tokens_per_image));
    check(at, random);
    ++visited;
  });
  CHECK(visited == static_cast<std::size_t>(sampler.ar_steps()));
}

/// Draws an AR step again with the noise of `generate`, recorded and not: the same bits.
template <class Sampler, class Model>
void check_same_draws(Sampler const& sampler, Model& model, int channels) {
  diagnostics::repeated_draws<Sampler, Model, executor::host> draws(sampler, model, shared(), images);
  follow(sampler, model, channels, [&](prefix const& at, random::philox const& random) {
    std::vector<float> samples(at.tokens.size()), recorded(at.tokens.size());
    draws.draw(at, random, samples);
    CHECK(std::equal(samples.begin(), samples.end(), at.tokens.begin()));
    int const i = at.view.ar_step;
    diagnostics::trajectory_record record(sampler.effective_steps(i), at.rows(), channels, Sampler::branches);
    draws.draw(at, random, recorded, &record);
    CHECK(recorded == samples);
    draws.draw(at, diagnostics::noise_of_draw(1, 0), recorded);
    CHECK(recorded != samples);
  });
}

auto const sampler_9_to_3 = make_sampler(ordering::masked{length, 4}, annealing::linear{9, 3},
                                         solver::ddpm<variance::learned_range>{}, guidance::linear{2.0});
auto const deterministic = make_sampler(ordering::masked{length, 4}, annealing::linear{9, 3}, guidance::linear{2.0});

TEST_CASE("walk and repeated_draws: an AdaLN head is asked what it was asked, and draws what it drew") {
  constexpr int channels = 5;
  test::made_head const weights({channels, 2 * channels, 32, 2, 7});
  test::aligned_bytes const memory = weights.packed<float>(weights.shape);
  test::made_model model(denoiser::adaln_mlp<float>(weights.shape, memory.data()), length);
  check_same_draws(sampler_9_to_3, model, channels);
}

TEST_CASE("walk and repeated_draws: a batched network too") {
  test::batched_gaussian_model<3> model;
  check_same_draws(deterministic, model, 3);
  test::batched_gaussian_model<3, bfloat16, float16> narrow;
  check_same_draws(deterministic, narrow, 3);
}

TEST_CASE("a record of a network in 16 bits holds the values that it read and wrote") {
  test::batched_gaussian_model<3, bfloat16, float16> model;
  using sampler_type = std::remove_const_t<decltype(deterministic)>;
  diagnostics::repeated_draws<sampler_type, decltype(model), executor::host> draws(deterministic, model, shared(),
                                                                                   images);
  std::vector<float> const tokens(static_cast<std::size_t>(images * length * 3));
  diagnostics::walk(deterministic, model, shared(), random::philox(3), {images, 0}, tokens, [&](prefix const& at) {
    diagnostics::trajectory_record record(deterministic.effective_steps(at.view.ar_step), at.rows(), 3, 2);
    std::vector<float> samples(at.tokens.size());
    draws.draw(at, random::philox(3), samples, &record);
    auto const rows = deterministic.rows(at.view.ar_step);
    for (int k = 0; k < record.steps(); ++k)
      for (int b = 0; b < 2; ++b)
        for (int r = 0; r < at.rows(); ++r) {
          auto const& row = rows[static_cast<std::size_t>(k)];
          float expected[3];
          test::gaussian_function<3>{model.model.deviation}(record.x(k, r),
                                                            {row.timestep, row.alpha, row.sigma, 0, k, 0},
                                                            model.z.data() + (b * at.rows() + r) * 3, expected);
          for (int c = 0; c < 3; ++c) {
            float const x = record.x(k, r)[c];
            bfloat16 input;
            float16 output;
            store_weight(x, input);
            store_weight(expected[c], output);
            CHECK(to_float(input) == x);
            CHECK(record.output(k, b, r)[c] == to_float(output));
          }
        }
  });
}

TEST_CASE("a record holds the denoiser's inputs and outputs, the same of an inline and a batched model") {
  test::gaussian_model<3> model;
  test::batched_gaussian_model<3> batched;
  using sampler_type = std::remove_const_t<decltype(deterministic)>;
  diagnostics::repeated_draws<sampler_type, decltype(model), executor::host> draws(deterministic, model, shared(),
                                                                                   images);
  diagnostics::repeated_draws<sampler_type, decltype(batched), executor::host> others(deterministic, batched, shared(),
                                                                                      images);
  std::vector<float> tokens(static_cast<std::size_t>(images * length * 3));
  for (std::size_t i = 0; i < tokens.size(); ++i) tokens[i] = 0.1f * static_cast<float>(i % 7) - 0.2f;
  random::philox const random(3);
  std::vector<diagnostics::trajectory_record> records;
  std::vector<std::vector<float>> z;
  diagnostics::walk(deterministic, model, shared(), random, {images, 0}, tokens, [&](prefix const& at) {
    auto& record = records.emplace_back(deterministic.effective_steps(at.view.ar_step), at.rows(), 3, 2);
    std::vector<float> samples(at.tokens.size());
    draws.draw(at, random, samples, &record);
    z.emplace_back(at.conditions.begin(), at.conditions.end());
    // the first input is the starting noise, the last step's output leads to the sample
    noise_key key;
    key.domain = noise_domain::start;
    key.image = at.images[0];
    key.position = static_cast<std::uint32_t>(at.view.positions[0]);
    CHECK(record.x(0, 0)[0] == doctest::Approx(random.normal(key, 0).value[0]).epsilon(1e-5));  // SIMD rounds otherwise
    auto const rows = deterministic.rows(at.view.ar_step);
    for (int k = 0; k < record.steps(); ++k)
      for (int b = 0; b < 2; ++b)
        for (int r = 0; r < at.rows(); ++r) {
          auto const& row = rows[static_cast<std::size_t>(k)];
          float expected[3];
          test::gaussian_function<3>{model.deviation}(record.x(k, r), {row.timestep, row.alpha, row.sigma, 0, k, 0},
                                                      z.back().data() + (b * at.rows() + r) * 3, expected);
          for (int c = 0; c < 3; ++c) CHECK(record.output(k, b, r)[c] == doctest::Approx(expected[c]).epsilon(1e-5));
        }
  });
  std::size_t i = 0;
  diagnostics::walk(deterministic, batched, shared(), random, {images, 0}, tokens, [&](prefix const& at) {
    CHECK(at.conditions.empty());
    diagnostics::trajectory_record record(records[i].steps(), at.rows(), 3, 2);
    std::vector<float> samples(at.tokens.size());
    others.draw(at, random, samples, &record);
    for (int k = 0; k < record.steps(); ++k)
      for (int r = 0; r < at.rows(); ++r)
        for (int c = 0; c < 3; ++c) {
          CHECK(record.x(k, r)[c] == doctest::Approx(records[i].x(k, r)[c]).epsilon(1e-5));
          CHECK(record.output(k, 1, r)[c] == doctest::Approx(records[i].output(k, 1, r)[c]).epsilon(1e-5));
        }
    ++i;
  });
}

TEST_CASE("draws of one number are the same whatever draws them, and others for each number and seed") {
  noise_key key;
  key.domain = noise_domain::start;
  auto const first = [&](std::uint64_t seed, int draw) { return diagnostics::noise_of_draw(seed, draw).bits(key, 0); };
  std::vector<std::uint32_t> seen;
  for (std::uint64_t seed = 0; seed < 4; ++seed)
    for (int draw = 0; draw < 50; ++draw) seen.push_back(first(seed, draw).value[0]);
  std::sort(seen.begin(), seen.end());
  CHECK(std::adjacent_find(seen.begin(), seen.end()) == seen.end());
  CHECK(first(1, 2).value[3] == first(1, 2).value[3]);
}

TEST_CASE("walks and draws of the wrong sizes are refused") {
  test::gaussian_model<3> model;
  std::vector<float> tokens(static_cast<std::size_t>(images * length * 3) - 1);
  random::philox const random(3);
  auto const nothing = [](prefix const&) {};
  CHECK_THROWS_WITH_AS(diagnostics::walk(deterministic, model, shared(), random, {images, 0}, tokens, nothing),
                       "ardent::diagnostics::walk: expected 108 numbers of tokens, found room for 107",
                       std::invalid_argument);
  tokens.push_back(0);
  auto const longer = make_sampler(ordering::masked{length, 4}, annealing::linear{9, 4}, guidance::linear{2.0});
  auto const other = make_sampler(ordering::masked{length, 3}, annealing::linear{9, 3}, guidance::linear{2.0});
  using sampler_type = std::remove_const_t<decltype(deterministic)>;
  diagnostics::repeated_draws<sampler_type, decltype(model), executor::host> draws(deterministic, model, shared(),
                                                                                   images);
  diagnostics::repeated_draws<sampler_type, decltype(model), executor::host> of_one(deterministic, model, shared(), 1);
  std::vector<float> samples(static_cast<std::size_t>(images * length * 3));
  diagnostics::walk(longer, model, shared(), random, {images, 0}, tokens, [&](prefix const& at) {
    std::span<float> const room(samples.data(), at.tokens.size());
    CHECK_THROWS_AS(of_one.draw(at, random, room), std::invalid_argument);
    CHECK_THROWS_AS(draws.draw(at, random, room.first(room.size() - 1)), std::invalid_argument);
    if (at.view.ar_step == 3) {
      diagnostics::trajectory_record record(longer.effective_steps(3), at.rows(), 3, 2);
      CHECK_THROWS_WITH_AS(draws.draw(at, random, room, &record), doctest::Contains("expected a record of 3 steps"),
                           std::invalid_argument);
    }
    draws.draw(at, random, room);
  });
  diagnostics::walk(other, model, shared(), random, {images, 0}, tokens, [&](prefix const& at) {
    if (at.view.tokens_per_image == deterministic.tokens(at.view.ar_step)) return;
    CHECK_THROWS_WITH_AS(draws.draw(at, random, {samples.data(), at.tokens.size()}),
                         doctest::Contains("expected a prefix of an ordering like the sampler's"),
                         std::invalid_argument);
  });
}

}  // namespace
