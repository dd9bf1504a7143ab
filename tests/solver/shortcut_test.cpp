// SPDX-License-Identifier: Apache-2.0
//
// solver::shortcut on data whose shortcut is known in closed form: one Gaussian, whose flow moves x along quantiles,
// phi(x) = alpha' m + sqrt(v' / v) (x - alpha m), v = alpha^2 s^2 + sigma^2. And the head that is told the step size.
#include <doctest/doctest.h>
#include <ardent/annealing/constant.hpp>
#include <ardent/annealing/linear.hpp>
#include <ardent/annealing/table.hpp>
#include <ardent/batched_trajectory.hpp>
#include <ardent/denoiser/pointwise.hpp>
#include <ardent/denoiser/shortcut_adaln_mlp.hpp>
#include <ardent/executor/host.hpp>
#include <ardent/generate.hpp>
#include <ardent/grid/time_uniform.hpp>
#include <ardent/guidance/constant.hpp>
#include <ardent/model.hpp>
#include <ardent/ordering/raster.hpp>
#include <ardent/process/flow_cosine.hpp>
#include <ardent/process/flow_linear.hpp>
#include <ardent/random/philox.hpp>
#include <ardent/sampler.hpp>
#include <ardent/solver/flow_euler.hpp>
#include <ardent/solver/shortcut.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "support/made_head.hpp"
#include "support/made_numbers.hpp"
#include "support/reference_head.hpp"

namespace {

using namespace ardent;
constexpr double half_pi = 1.5707963267948966;

struct levels {
  double alpha, sigma;
};
levels linear_at(double t) { return {1 - t, t}; }
levels cosine_at(double t) { return {std::cos(half_pi * t), std::sin(half_pi * t)}; }

/// The exact flow of N(mean, deviation^2) from t to t - d.
double flow(levels (*at)(double), double mean, double deviation, double x, double t, double d) {
  levels const from = at(t), to = at(t - d);
  auto const variance = [&](levels const& l) { return l.alpha * l.alpha * deviation * deviation + l.sigma * l.sigma; };
  return to.alpha * mean + std::sqrt(variance(to) / variance(from)) * (x - from.alpha * mean);
}

/// The exact shortcut of N(condition, 0.4^2), one channel.
struct gaussian_shortcut {
  static constexpr prediction predicted = prediction::velocity;
  static constexpr bool takes_step_size = true;
  levels (*at)(double);
  int channels() const { return 1; }
  int outputs() const { return 1; }
  int condition_width() const { return 1; }
  void operator()(float const* x, time_point const& time, float const* condition, float* output) const {
    double const d = static_cast<double>(time.step_size), from = static_cast<double>(x[0]);
    double const to = flow(at, static_cast<double>(condition[0]), 0.4, from, static_cast<double>(time.timestep), d);
    output[0] = static_cast<float>((from - to) / d);
  }
};
static_assert(takes_step_size<denoiser::pointwise<gaussian_shortcut>>);

struct model {
  levels (*at)(double);
  int sequence_length() const { return 8; }
  denoiser::pointwise<gaussian_shortcut> denoiser() const { return denoiser::pointwise(gaussian_shortcut{at}); }
  template <class Executor>
  void condition(Executor const&, ar_step_view const& view, float* z) const {
    int const rows = view.images * view.tokens_per_image;
    for (int r = 0; r < view.branches * rows; ++r) z[r] = r < rows ? 0.6f : -0.2f;
  }
};

std::vector<float> draw(auto const& sampler, levels (*at)(double)) {
  model m{at};
  std::vector<float> tokens(8 * 5);
  generate(sampler, m, executor::host(2), random::philox(4), {5}, tokens);
  return tokens;
}

/// The start of token i.
double start_of(std::size_t i) {
  noise_key key;
  key.domain = noise_domain::start;
  key.image = static_cast<std::uint32_t>(i / 8);
  key.position = static_cast<std::uint32_t>(i % 8);
  return static_cast<double>(random::philox(4).normal(key, 0).value[0]);
}

template <class Process, int Steps>
void check_exact(levels (*at)(double)) {
  constexpr sampler<ordering::raster<8, 2>, annealing::constant<Steps>, Process, grid::time_uniform, solver::shortcut,
                    predicts<prediction::velocity>>
      plan;
  static_assert(plan.tables_at_compile_time && plan.effective_steps(0) == Steps);
  std::vector<float> const tokens = draw(plan, at);
  double worst = 0;
  for (std::size_t i = 0; i < tokens.size(); ++i)
    worst = std::fmax(worst, std::fabs(static_cast<double>(tokens[i]) - flow(at, 0.6, 0.4, start_of(i), 1, 1)));
  CAPTURE(Steps);
  CHECK(worst < 3e-6);
}

TEST_CASE("shortcut: 1, 2, 4 and 8 steps end at the exact point, on both flows") {
  check_exact<process::flow_linear, 1>(linear_at);
  check_exact<process::flow_linear, 2>(linear_at);
  check_exact<process::flow_linear, 4>(linear_at);
  check_exact<process::flow_linear, 8>(linear_at);
  check_exact<process::flow_cosine, 1>(cosine_at);
  check_exact<process::flow_cosine, 4>(cosine_at);
}

TEST_CASE("shortcut: with annealing each AR step's own step sizes are told") {
  sampler<ordering::raster<8, 4>, annealing::linear<8, 1>, process::flow_linear, grid::time_uniform, solver::shortcut,
          predicts<prediction::velocity>> const plan;
  CHECK(plan.effective_steps(0) == 8);
  CHECK(plan.effective_steps(3) == 1);
  CHECK(plan.rows(0)[3].step_size == 0.125f);
  CHECK(plan.rows(3)[0].step_size == 1);
  std::vector<float> const tokens = draw(plan, linear_at);
  for (std::size_t i = 0; i < tokens.size(); ++i)
    CHECK(std::fabs(static_cast<double>(tokens[i]) - flow(linear_at, 0.6, 0.4, start_of(i), 1, 1)) < 3e-6);
}

TEST_CASE("shortcut: guidance mixes the two branches' shortcuts") {
  constexpr double scale = 1.75;
  sampler<ordering::raster<8, 2>, annealing::constant<4>, process::flow_linear, grid::time_uniform, solver::shortcut,
          predicts<prediction::velocity>, guidance::constant<scale>> const plan;
  std::vector<float> const tokens = draw(plan, linear_at);
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    double x = start_of(i);
    for (double t = 1; t > 0.01; t -= 0.25) {
      double const with = flow(linear_at, static_cast<double>(0.6f), 0.4, x, t, 0.25);
      double const without = flow(linear_at, static_cast<double>(-0.2f), 0.4, x, t, 0.25);
      x = without + scale * (with - without);
    }
    CHECK(std::fabs(static_cast<double>(tokens[i]) - x) < 1e-5);
  }
}

TEST_CASE("shortcut: the row is flow_euler's, and says how long the step is") {
  process::flow_linear const path;
  node const nodes[] = {path.at(nullptr, 0.9), path.at(nullptr, 0.4), path.at(nullptr, 0)};
  for (prediction const from : {prediction::velocity, prediction::x0, prediction::v})
    for (int k = 0; k < 2; ++k) {
      auto const row = solver::shortcut().row(nodes, 2, k, from), euler = solver::flow_euler().row(nodes, 2, k, from);
      CHECK(row.model[0][0] == euler.model[0][0]);
      CHECK(row.of_x == euler.of_x);
      CHECK(row.of_output == euler.of_output);
      CHECK(row.step_size == (k == 0 ? 0.5 : 0.4));
      CHECK(euler.step_size == 0);
    }
}

TEST_CASE("shortcut: a batched network is told the step size") {
  constexpr sampler<ordering::raster<8, 2>, annealing::constant<4>, process::flow_linear, grid::time_uniform,
                    solver::shortcut, predicts<prediction::velocity>>
      plan;
  std::vector<std::uint32_t> images(4);
  std::vector<int> positions{0, 1, 2, 3};
  tile t;
  t.tokens = t.total = 4;
  t.images = images.data();
  t.positions = positions.data();
  network_shape<> const shape{1};
  test::aligned_bytes memory(batched_bytes(plan, 4, shape));
  std::vector<float> samples(4);
  gaussian_shortcut const exact{linear_at};
  float const mean = 0.6f;
  draw_batched(
      executor::host(1), plan, 0, t, shape,
      [&](time_point const& time, float const* input, float* output) {
        for (int r = 0; r < 4; ++r) exact(input + r, time, &mean, output + r);
      },
      random::philox(4), {memory.data(), memory.size()}, samples.data());
  for (std::size_t i = 0; i < 4; ++i)
    CHECK(std::fabs(static_cast<double>(samples[i]) - flow(linear_at, 0.6, 0.4, start_of(i), 1, 1)) < 3e-6);
}

/// A head whose conditions are all the same.
template <class Denoiser>
struct constant_model {
  Denoiser head;
  std::vector<float> const& z;
  int sequence_length() const { return 6; }
  Denoiser denoiser() const { return head; }
  template <class Executor>
  void condition(Executor const&, ar_step_view const& view, float* out) const {
    for (int r = 0; r < view.images * view.tokens_per_image; ++r)
      std::copy(z.begin(), z.end(), out + static_cast<std::ptrdiff_t>(r) * static_cast<std::ptrdiff_t>(z.size()));
  }
};

TEST_CASE("shortcut: the head adds the embedding of the step size to that of the time") {
  constexpr int width = 32, channels = 5;
  test::made_head const head({channels, channels, width, 2, 7});
  test::made_head const other({channels, channels, width, 1, 7}, 9);  // its time layers embed the step size
  test::aligned_bytes const memory = head.packed<float>(head.shape);
  test::aligned_bytes step_memory(step_size_layers(width, nullptr).bytes);
  pack_step_size(width, other.time_in.view(), other.time_out.view(), step_memory.data());
  test::made_numbers numbers(3);
  std::vector<float> const z = numbers.normals(7);
  // the same times with other step sizes: 1 and 1/2 come with 1/4 and with 1/2
  sampler<ordering::raster<6, 2>, annealing::table<4, 2>, process::flow_linear, grid::time_uniform, solver::shortcut,
          predicts<prediction::velocity>> const plan;
  for (step_size_form const form : {step_size_form::halvings, step_size_form::length})
    for (int const threads : {1, 3}) {
      unsigned long long counted = 0;
      denoiser::shortcut_adaln_mlp<> const told(head.shape, memory.data(),
                                                step_size_layers(width, step_memory.data(), form));
      std::vector<float> const no_numbers(7, std::nanf(""));
      constant_model<denoiser::shortcut_adaln_mlp<>> model{told.counting(&counted), z};
      constant_model<denoiser::shortcut_adaln_mlp<>> broken{told.counting(&counted), no_numbers};
      std::vector<float> tokens(6 * channels);
      generate(plan, broken, executor::host(threads), random::philox(4), {1}, tokens);
      CHECK(counted == channels * 3 * (4 + 2));  // 3 tokens in 4 steps, 3 in 2
      generate(plan, model, executor::host(threads), random::philox(4), {1}, tokens);
      CHECK(counted == channels * 3 * (4 + 2));
      double worst = 0;
      for (int p = 0; p < 6; ++p) {
        int const steps = p < 3 ? 4 : 2;
        noise_key key;
        key.domain = noise_domain::start;
        key.position = static_cast<std::uint32_t>(p);
        test::doubles x;
        for (int c = 0; c < channels; ++c)
          x.push_back(static_cast<double>(random::philox(4).normal(key, c / 4).value[c % 4]));
        double const d = 1.0 / steps;
        test::made_head shifted = head;  // the step size's embedding as a part of the condition's bias
        test::doubles const added =
            test::reference_head(other).time(form == step_size_form::length ? d : std::log2(steps));
        for (std::size_t i = 0; i < added.size(); ++i) shifted.condition.bias[i] += static_cast<float>(added[i]);
        for (int k = 0; k < steps; ++k) {
          test::doubles const out = test::reference_head(shifted)(x.data(), 1 - k * d, z.data());
          for (std::size_t c = 0; c < x.size(); ++c) x[c] -= d * out[c];
        }
        for (std::size_t c = 0; c < x.size(); ++c)
          worst = std::fmax(worst,
                            std::fabs(x[c] - static_cast<double>(tokens[static_cast<std::size_t>(p * channels) + c])));
      }
      CAPTURE(threads);
      CHECK(worst < 2e-5);
    }
}

}  // namespace
