// SPDX-License-Identifier: Apache-2.0
//
// What generation and generate refuse, in words that name what was expected and what was found; and what an observer
// sees.
#include <doctest/doctest.h>
#include <ardent/ardent.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/made_model.hpp"
#include "support/made_numbers.hpp"

namespace {

constexpr int token_size = 3, length = 10;

/// epsilon = x / 2 + z_0 / 4 + t / 1000: as many outputs as told, and one number of condition.
struct formula {
  static constexpr ardent::prediction predicted = ardent::prediction::epsilon;
  int output_count = token_size;
  int channels() const { return token_size; }
  int outputs() const { return output_count; }
  int condition_width() const { return 1; }
  void operator()(float const* x, ardent::time_point const& time, float const* z, float* output) const {
    for (int c = 0; c < output_count; ++c) output[c] = 0.5f * x[c % 3] + 0.25f * z[0] + 1e-3f * time.timestep;
  }
};

using model_type = test::made_model<ardent::denoiser::pointwise<formula>>;
model_type model_of(int tokens = length, int outputs = token_size) {
  return {ardent::denoiser::pointwise<formula>(formula{outputs}), tokens};
}

constexpr ardent::sampler<ardent::ordering::masked<length, 4>, ardent::annealing::linear<6, 2>,
                          ardent::guidance::linear<3.0>>
    plan;
constexpr ardent::sampler<ardent::ordering::raster<length, 4>, ardent::annealing::constant<2>, ardent::solver::ddpm<>>
    variance_plan;

/// The message of the std::invalid_argument that f throws.
template <class F>
std::string refusal(F const& f) {
  try {
    f();
  } catch (std::invalid_argument const& error) {
    return error.what();
  }
  return "nothing was refused";
}

TEST_CASE("generate refuses sizes that do not fit one another") {
  ardent::executor::host const executor(2);
  ardent::random::philox const random(1);
  std::vector<float> tokens(2 * length * token_size);
  model_type model = model_of(), longer = model_of(12), narrow = model_of(length, token_size);
  auto const message = [&](auto const& sampler, model_type& m, int images, std::size_t count) {
    return refusal([&] { ardent::generate(sampler, m, executor, random, {images}, std::span(tokens).first(count)); });
  };
  CHECK(message(plan, model, 2, 60) == "nothing was refused");
  CHECK(message(plan, longer, 2, 60) ==
        "ardent::generate: expected a model of 10 tokens as the ordering has, found one of 12");
  CHECK(message(variance_plan, narrow, 2, 60) ==
        "ardent::generate: expected a denoiser of at least 6 outputs for this solver, found 3");
  CHECK(message(plan, model, 2, 59) == "ardent::generate: expected 60 numbers of tokens, found room for 59");
  CHECK(message(plan, model, 1, 60) == "ardent::generate: expected 30 numbers of tokens, found room for 60");
  for (int const images : {0, -3})
    CHECK(message(plan, model, images, 0) ==
          "ardent::generate: expected at least 1 image, found " + std::to_string(images));
}

TEST_CASE("generation refuses a workspace that is too small or misaligned") {
  ardent::executor::host const executor(2);
  model_type model = model_of();
  std::size_t const bytes = workspace_bytes(plan, model, executor, 2);
  test::aligned_bytes workspace(bytes + 64);
  auto const message = [&](std::size_t offset, std::size_t size) {
    return refusal([&] { ardent::generation(plan, model, executor, 2, std::span(workspace.data() + offset, size)); });
  };
  CHECK(message(0, bytes) == "nothing was refused");
  CHECK(message(64, bytes) == "nothing was refused");
  CHECK(message(0, bytes - 1) == "ardent::generate: expected a workspace of " + std::to_string(bytes) +
                                     " bytes, found " + std::to_string(bytes - 1));
  CHECK(message(0, 0).find("found 0") != std::string::npos);
  for (std::size_t const offset : {std::size_t{4}, std::size_t{32}})
    CHECK(message(offset, bytes) ==
          "ardent::generate: expected a workspace aligned to 64 bytes, found one that is not");
  CHECK(refusal([&] { workspace_bytes(plan, model, executor, 0); }).find("found 0") != std::string::npos);
}

TEST_CASE("generation refuses batches and image indices that integers do not hold") {
  ardent::executor::host const executor(1);
  model_type model = model_of();
  CHECK(refusal([&] { workspace_bytes(plan, model, executor, 1 << 30); }) ==
        "ardent::generate: expected at most 107374182 images of this many tokens in a batch, found 1073741824");
  std::vector<float> tokens(3 * length * token_size);
  auto const draw = [&](std::uint32_t first) {
    return refusal([&] { ardent::generate(plan, model, executor, ardent::random::philox(1), {3, first}, tokens); });
  };
  CHECK(draw(0xfffffffdu) == "nothing was refused");
  CHECK(draw(0xfffffffeu) == "ardent::generate: expected image indices below 2^32, found 3 images from 4294967294 on");
}

TEST_CASE("denoisers of no channel are refused") {
  float const weight = 1, mean = 0, deviation = 1;
  CHECK(refusal([&] { ardent::denoiser::gaussian_mixture(-1, 2, &weight, &mean, &deviation); }) ==
        "ardent::denoiser::gaussian_mixture: expected at least 1 channel and 1 component, found -1 and 2");
  CHECK_THROWS_AS(ardent::denoiser::gaussian_mixture(1, 0, &weight, &mean, &deviation), std::invalid_argument);
}

TEST_CASE("unconditional_model refuses a denoiser that reads conditions") {
  CHECK_THROWS_WITH_AS(ardent::unconditional_model(ardent::denoiser::pointwise<formula>(formula{}), length),
                       "ardent::unconditional_model: expected a denoiser with a condition_width of 0, found 1; a model "
                       "of its own has to write its conditions",
                       std::invalid_argument);
}

TEST_CASE("an observer sees each AR step, its conditions and its samples") {
  ardent::executor::host const executor(2);
  model_type model = model_of();
  constexpr int images = 3;
  std::vector<float> tokens(images * length * token_size, 123.0f);
  std::vector<float> sampled;
  int steps = 0, known = 0;
  ardent::generate(plan, model, executor, ardent::random::philox(5), {images, 40}, tokens,
                   [&](ardent::ar_step_report const& r) {
                     CHECK(r.ar_step == steps++);
                     CHECK(r.ar_steps == 4);
                     CHECK(r.effective_steps == plan.effective_steps(r.ar_step));
                     known += plan.tokens(r.ar_step);
                     CHECK(r.tokens_known == known);
                     CHECK(r.rows == images * plan.tokens(r.ar_step));
                     CHECK(r.guidance_scale == plan.guidance_scale(r.ar_step));
                     CHECK(r.conditions.size() == static_cast<std::size_t>(2 * r.rows));
                     CHECK(r.samples.size() == static_cast<std::size_t>(token_size * r.rows));
                     for (float const z : r.conditions) CHECK(std::fabs(z) <= 1);
                     sampled.insert(sampled.end(), r.samples.begin(), r.samples.end());
                   });
  CHECK(steps == 4);
  CHECK(known == length);
  std::vector<float> drawn = tokens;
  std::sort(drawn.begin(), drawn.end());
  std::sort(sampled.begin(), sampled.end());
  CHECK(sampled == drawn);  // every sample is a token, every token was a sample
}

TEST_CASE("a generation runs batch after batch in one workspace, leaving nothing behind") {
  ardent::executor::host const executor(2);
  model_type model = model_of();
  test::aligned_bytes workspace(workspace_bytes(plan, model, executor, 2));
  ardent::generation generation(plan, model, executor, 2, std::span(workspace.data(), workspace.size()));
  std::vector<float> first(2 * length * token_size), second(first.size()), again(first.size(), std::nanf(""));
  generation.run(ardent::random::philox(9), 0, first);
  generation.run(ardent::random::philox(9), 2, second);
  generation.run(ardent::random::philox(9), 0, again);
  CHECK(first == again);
  CHECK(first != second);
}

}  // namespace
