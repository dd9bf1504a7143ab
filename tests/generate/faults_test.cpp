// SPDX-License-Identifier: Apache-2.0
//
// Memory that runs out: each allocation of a generation fails in turn, alone or with all that follow. Nothing leaks, no
// token is written before all memory is there, and the next generation draws the right bits.
#include <doctest/doctest.h>

#include <ardent/ardent.hpp>

#include <new>
#include <vector>

#include "generate/counted_new.hpp"
#include "generate/every_allocation.hpp"
#include "support/affine_denoiser.hpp"
#include "support/made_model.hpp"
#include "support/made_numbers.hpp"
#include "support/scene.hpp"

namespace {

constexpr int channels = 5, length = 9, images = 2;
using affine = test::affine_denoiser<channels>;

using floats = std::vector<float>;

/// How a program might do it: tables, threads and memory made for one generation.
auto made_sampler() {
  return ardent::make_sampler(ardent::ordering::random(length, 3), ardent::annealing::linear(4, 2),
                              ardent::solver::ddpm<ardent::variance::fixed_small>{}, ardent::guidance::constant(2.0));
}

/// A model that takes memory at every turn, on every thread.
struct greedy {
  static constexpr ardent::prediction predicted = ardent::prediction::epsilon;
  test::made_model<ardent::denoiser::pointwise<affine>> backbone{ardent::denoiser::pointwise(affine{}), length};
  floats z;

  int sequence_length() const { return length; }
  ardent::network_shape<> network() const { return {channels, channels}; }
  template <class Executor>
  void condition(Executor const& executor, ardent::ar_step_view const& view) {
    z.assign(static_cast<std::size_t>(2 * view.branches * view.images * view.tokens_per_image), 0.0f);
    backbone.condition(executor, view, z.data());
  }
  template <class Executor>
  void evaluate(Executor const& executor, ardent::ar_step_view const& view, ardent::time_point const& time,
                float const* input, float* output) {
    int const rows = view.images * view.tokens_per_image;
    executor.parallel_for(view.branches * rows, [&](int i, int) {
      floats const own(input + (i % rows) * channels, input + (i % rows + 1) * channels);
      affine{}(own.data(), time, z.data() + 2 * i, output + i * channels);
    });
  }
};

}  // namespace

TEST_CASE("generate: every allocation fails in turn") {
  test::made_head const weights({channels, 2 * channels, 32, 1, 7});
  test::aligned_bytes const memory = weights.packed<float>(weights.shape);
  using head = test::forced<ardent::denoiser::adaln_mlp<>>;
  for (bool const team : {false, true}) {
    CAPTURE(team);
    test::check_every_allocation(
        images * length * channels,
        [&](floats& tokens) {
          auto const sampler = made_sampler();
          ardent::executor::host const executor(2);
          test::made_model model(head(ardent::denoiser::adaln_mlp<>(weights.shape, memory.data()), 4, team), length);
          ardent::generate(sampler, model, executor, ardent::random::philox(3), {images}, tokens);
        },
        false);
  }
}

TEST_CASE("generate_batched: every allocation fails in turn, the model's among them") {
  for (int const threads : {1, 3}) {
    CAPTURE(threads);
    test::check_every_allocation(
        images * length * channels,
        [&](floats& tokens) {
          auto const sampler = made_sampler();
          ardent::executor::host const executor(threads);
          greedy model;
          ardent::generate_batched(sampler, model, executor, ardent::random::philox(3), {images}, tokens);
        },
        true);
  }
}

TEST_CASE("generate_speculative: every allocation fails in turn") {
  test::made_head const large({channels, 2 * channels, 32, 1, 7});
  test::made_head small = large;
  for (float& w : small.output.weight) w *= 1.02f;
  test::aligned_bytes const of_large = large.packed<float>(large.shape), of_small = small.packed<float>(small.shape);
  using head = test::forced<ardent::denoiser::adaln_mlp<>>;
  for (bool const team : {false, true}) {
    CAPTURE(team);
    long long accepted = 0, drafted = 0;
    test::check_every_allocation(
        images * length * channels,
        [&](floats& tokens) {
          auto const sampler =
              ardent::make_sampler(ardent::ordering::random(length, 4), ardent::annealing::linear(4, 3),
                                   ardent::grid::clip(ardent::grid::trailing{}, 950),
                                   ardent::solver::ddpm_with_last_noise<>{}, ardent::guidance::constant(2.0));
          ardent::speculative_options<> const options{ardent::draft_schedule(2, 0)};
          ardent::executor::host const executor(2);
          test::made_model target(head(ardent::denoiser::adaln_mlp<>(large.shape, of_large.data()), 4, team), length);
          test::made_model draft(head(ardent::denoiser::adaln_mlp<>(small.shape, of_small.data()), 4, team), length);
          auto const counts = ardent::generate_speculative(sampler, options, target, draft, executor,
                                                           ardent::random::philox(3), {images}, tokens);
          accepted = counts.accepted;
          drafted = counts.drafted;
        },
        false);
    CHECK(accepted > 0);  // some were kept, others drawn again
    CHECK(accepted < drafted);
  }
}

TEST_CASE("counted_new: one allocation fails, or all from one on") {
  auto const fails = [] {
    try {
      ::operator delete(::operator new(4));  // not a new-expression, which the compiler may leave out
      return false;
    } catch (std::bad_alloc const&) {
      return true;
    }
  };
  bool results[2][4] = {};
  for (bool const for_good : {false, true}) {
    test::failing_allocation const failing(1, for_good);
    for (bool& result : results[for_good]) result = fails();
  }
  bool const expected[2][4] = {{false, true, false, false}, {false, true, true, true}};
  for (int i = 0; i < 2; ++i)
    for (int j = 0; j < 4; ++j) CHECK(results[i][j] == expected[i][j]);
  CHECK_FALSE(fails());
}
