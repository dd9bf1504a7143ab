// SPDX-License-Identifier: Apache-2.0
//
// The AR loop around a batched network: the bits of `generate` with the same network inline, over several AR steps,
// with guidance; what it tells the model; what it refuses; and that it allocates nothing on the way.
#include <doctest/doctest.h>

#include <ardent/ardent.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory_resource>
#include <stdexcept>
#include <string>
#include <vector>

#include "generate/counted_new.hpp"
#include "support/made_model.hpp"
#include "support/made_numbers.hpp"
#include "trajectory/batched_scene.hpp"

namespace {

constexpr int images = 3;

template <ardent::prediction Predicted>
struct function : test::batched_network<false> {
  static constexpr ardent::prediction predicted = Predicted;
};

template <ardent::prediction Predicted>
using inline_model = test::made_model<ardent::denoiser::pointwise<function<Predicted>>>;

/// The same model, its network over all tokens at once.
template <ardent::prediction Predicted>
struct batched_model {
  static constexpr ardent::prediction predicted = Predicted;
  function<Predicted> net;
  inline_model<Predicted> backbone;
  std::vector<float> z;
  int conditions = 0, evaluations = 0, halves = 0;  // halves: evaluations of one branch only
  int ar_step = -1;

  batched_model(function<Predicted> const& f, int length)
      : net(f), backbone(ardent::denoiser::pointwise(f), length), z(static_cast<std::size_t>(4 * images * length)) {}
  int sequence_length() const { return backbone.sequence_length(); }
  ardent::network_shape<> network() const { return {net.channels(), net.outputs()}; }
  template <class Executor>
  void condition(Executor const& executor, ardent::ar_step_view const& view) {
    ar_step = view.ar_step;
    ++conditions;
    backbone.condition(executor, view, z.data());
  }
  template <class Executor>
  void evaluate(Executor const& executor, ardent::ar_step_view const& view, ardent::time_point const& time,
                float const* input, float* output) {
    CHECK(view.ar_step == ar_step);
    ++evaluations;
    halves += view.branches == 1 ? 1 : 0;
    int const rows = view.images * view.tokens_per_image;
    executor.parallel_for(view.branches * rows, [&](int i, int) {
      net(input + (i % rows) * net.channels(), time, z.data() + 2 * i, output + i * net.outputs());
    });
  }
};

template <ardent::prediction Predicted, class Sampler>
void check(char const* name, Sampler const& sampler) {
  for (int const channels : {1, 3, 16}) {
    function<Predicted> const net{{channels}};
    inline_model<Predicted> inside{ardent::denoiser::pointwise{net}, sampler.sequence_length()};
    ardent::random::philox const random(9);
    std::vector<float> expected(static_cast<std::size_t>(images * sampler.sequence_length() * channels));
    ardent::executor::host const single(1, ardent::simd_level::baseline);
    ardent::generate(sampler, inside, single, random, {images, 5}, expected);
    for (int const threads : {1, 3}) {
      INFO(name << ", " << channels << " channels, " << threads << " threads");
      batched_model<Predicted> model(net, sampler.sequence_length());
      ardent::executor::host const executor(threads, ardent::simd_level::baseline);
      std::vector<float> tokens(expected.size(), 7.0f);
      ardent::generate_batched(sampler, model, executor, random, {images, 5}, tokens);
      CHECK(tokens == expected);
      CHECK(model.conditions == sampler.ar_steps());
      CHECK(model.evaluations == sampler.nfe());
      int unguided = 0;
      for (int i = 0; i < sampler.ar_steps(); ++i)
        for (auto const& row : sampler.rows(i)) unguided += row.guided && Sampler::branches == 2 ? 0 : 1;
      CHECK(model.halves == unguided);
      std::vector<float> second(expected.size() / images);
      ardent::generate_batched(sampler, model, executor, random, {1, 6}, second);
      CHECK(std::equal(second.begin(), second.end(), tokens.begin() + static_cast<std::ptrdiff_t>(second.size())));
    }
  }
}

constexpr ardent::sampler<ardent::ordering::masked<10, 4>, ardent::annealing::linear<6, 2>,
                          ardent::guidance::linear<3.0>>
    plan;

std::string refusal(int length, int count, ardent::batch which, ardent::network_shape<> shape = {3}) {
  struct sized : batched_model<ardent::prediction::epsilon> {
    ardent::network_shape<> shape;
    ardent::network_shape<> network() const { return shape; }
  };
  sized model{{function<ardent::prediction::epsilon>{{3}}, length}, shape};
  std::vector<float> tokens(static_cast<std::size_t>(count));
  try {
    ardent::generate_batched(plan, model, ardent::executor::host(1), ardent::random::philox(1), which, tokens);
  } catch (std::invalid_argument const& error) {
    return error.what();
  }
  return "nothing was refused";
}

/// A network with two outputs, of one evaluation, that are no finite numbers.
struct broken_model : batched_model<ardent::prediction::epsilon> {
  int at = 0;  // the evaluation that goes wrong, from 1
  template <class Executor>
  void evaluate(Executor const& executor, ardent::ar_step_view const& view, ardent::time_point const& time,
                float const* input, float* output) {
    batched_model<ardent::prediction::epsilon>::evaluate(executor, view, time, input, output);
    if (evaluations == at) output[4] = -std::numeric_limits<float>::infinity();              // channel 1 of row 1
    if (evaluations == at) output[view.images * view.tokens_per_image * 3] = std::nanf("");  // unconditional
  }
};

}  // namespace

TEST_CASE("generate_batched: the bits of generate with the same network inline") {
  using ardent::prediction;
  namespace guidance = ardent::guidance;
  ardent::ordering::next_scale const scales(std::vector<int>{1, 2, 3});
  check<prediction::epsilon>("masked", plan);
  check<prediction::epsilon>("unguided",
                             ardent::make_sampler(ardent::ordering::random(9, 3), ardent::solver::ddim<0.5>{}));
  check<prediction::epsilon>("multistep, guided at some times",
                             ardent::make_sampler(ardent::ordering::random(9, 3), ardent::solver::dpm_solver_pp<3>{},
                                                  guidance::interval(guidance::linear(2.5), 100.0, 600.0)));
  check<prediction::velocity>(
      "FlowAR", ardent::make_sampler(scales, ardent::annealing::flowar(9, 4), ardent::process::flow_linear{},
                                     ardent::grid::flowar{}, ardent::solver::flow_euler{},
                                     guidance::interval(guidance::linear_by_step(2.5), 0.0, 0.7),
                                     ardent::predicts<prediction::velocity>{}, ardent::state<double>{}));
  check<prediction::velocity>(
      "xAR", ardent::make_sampler(ardent::ordering::next_cell(4, 6, 2, 3), ardent::annealing::xar(5, 2),
                                  ardent::process::flow_linear{}, ardent::grid::xar<>{},
                                  ardent::solver::flow_euler_maruyama{}, guidance::linear_by_step(2.5),
                                  ardent::predicts<prediction::velocity>{}, ardent::state<double>{}));
}

TEST_CASE("generate_batched: what is infinite or not a number in the network's outputs is counted") {
  for (int const at : {0, plan.nfe()}) {  // the last evaluation: no other reads what comes of it
    broken_model model{{{{3}}, 10}, at};
    unsigned long long counted = 5;
    std::vector<float> tokens(images * 10 * 3);
    ardent::generate_batched(plan, model, ardent::executor::host(2), ardent::random::philox(5), {images, 40}, tokens,
                             ardent::no_observer{}, std::pmr::get_default_resource(), &counted);
    CHECK(counted == (at == 0 ? 5 : 7));
  }
}

TEST_CASE("generate_batched: the observer sees each AR step and its samples") {
  batched_model<ardent::prediction::epsilon> model({{3}}, 10);
  std::vector<float> tokens(images * 10 * 3), sampled;
  int steps = 0, known = 0;
  ardent::generate_batched(plan, model, ardent::executor::host(2), ardent::random::philox(5), {images, 40}, tokens,
                           [&](ardent::ar_step_report const& r) {
                             CHECK(r.ar_step == steps++);
                             CHECK(r.effective_steps == plan.effective_steps(r.ar_step));
                             known += plan.tokens(r.ar_step);
                             CHECK(r.tokens_known == known);
                             CHECK(r.rows == images * plan.tokens(r.ar_step));
                             CHECK(r.guidance_scale == plan.guidance_scale(r.ar_step));
                             CHECK(r.conditions.empty());
                             sampled.insert(sampled.end(), r.samples.begin(), r.samples.end());
                           });
  CHECK(steps == 4);
  std::sort(tokens.begin(), tokens.end());
  std::sort(sampled.begin(), sampled.end());
  CHECK(sampled == tokens);
}

TEST_CASE("generate_batched refuses sizes that do not fit one another") {
  CHECK(refusal(10, 60, {2}) == "nothing was refused");
  CHECK(refusal(12, 60, {2}) ==
        "ardent::generate_batched: expected a model of 10 tokens as the ordering has, found one of 12");
  CHECK(refusal(10, 59, {2}) == "ardent::generate_batched: expected 60 numbers of tokens, found room for 59");
  CHECK(refusal(10, 0, {0}) == "ardent::generate_batched: expected at least 1 image, found 0");
  CHECK(refusal(10, 60, {2, 0xffffffffu}) ==
        "ardent::generate_batched: expected image indices below 2^32, found 2 images from 4294967295 on");
  CHECK(refusal(10, 0, {1 << 30}) ==
        "ardent::generate_batched: expected at most 107374182 images of this many tokens "
        "in a batch, found 1073741824");
  CHECK(refusal(10, 60, {2}, {0}).find("at least 1 channel") != std::string::npos);
  CHECK(refusal(10, 60, {2}, {3, 2}).find("at least 3 outputs") != std::string::npos);
}

TEST_CASE("batched_generation::run takes nothing from the heap, and refuses a small workspace") {
  batched_model<ardent::prediction::epsilon> model({{3}}, 10);
  ardent::executor::host const executor(2);
  std::size_t const bytes = ardent::batched_workspace_bytes(plan, model, executor, 2);
  test::aligned_bytes workspace(bytes);
  std::vector<float> tokens(2 * 10 * 3);
  ardent::batched_generation generation(plan, model, executor, 2, {workspace.data(), workspace.size()});
  long const before = test::allocations();
  generation.run(ardent::random::philox(1), 0, tokens);
  CHECK(test::allocations() == before);
  CHECK_THROWS_AS(ardent::batched_generation(plan, model, executor, 2, {workspace.data(), bytes - 1}),
                  std::invalid_argument);
}
