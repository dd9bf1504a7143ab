// SPDX-License-Identifier: Apache-2.0
//
// Callers at once: a const sampler, one model and one executor (or two) shared by threads; and whole drawings of each
// kind on several threads. Also run under the thread sanitizer, which sees the library's own threads too.
#include <doctest/doctest.h>
#include <ardent/ardent.hpp>

#include <cstdint>
#include <thread>
#include <vector>

#include "support/made_model.hpp"
#include "support/scene.hpp"

namespace {

using head = ardent::denoiser::adaln_mlp<>;
constexpr int channels = 5, length = 8;

/// Draws two images, in teams or tiles as `team` says.
std::vector<float> draw(auto const& sampler, ardent::executor::host const& executor, head const& denoiser, bool team,
                        std::uint32_t first) {
  test::made_model<test::forced<head>> model(test::forced<head>(denoiser, 3, team), length);
  std::vector<float> tokens(2 * channels * length);
  ardent::generate(sampler, model, executor, ardent::random::philox(4), {2, first}, tokens);
  return tokens;
}

TEST_CASE("a const sampler serves threads that share an executor, or have one each") {
  test::made_head const weights({channels, 2 * channels, 32, 1, 7});
  auto const memory = weights.packed<float>(weights.shape);
  head const denoiser(weights.shape, memory.data());
  auto const sampler = ardent::make_sampler(ardent::ordering::random{length, 3}, ardent::annealing::linear{4, 2},
                                            ardent::solver::ddpm<>{}, ardent::guidance::constant{2.0});
  ardent::executor::host const one(1), shared(3);
  constexpr std::size_t callers = 4;
  std::vector<std::vector<float>> expected, got(callers);
  for (std::uint32_t i = 0; i < callers; ++i) expected.push_back(draw(sampler, one, denoiser, false, 2 * i));
  for (bool const share : {true, false}) {
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < callers; ++i)
      threads.emplace_back([&, i] {
        ardent::executor::host const own(2);
        for (bool const team : {false, true})
          got[i] = draw(sampler, share ? shared : own, denoiser, team, static_cast<std::uint32_t>(2 * i));
      });
    for (std::thread& thread : threads) thread.join();
    CHECK(got == expected);
  }
}

/// A network over all tokens that computes each row on whatever thread is free: a token drawn towards its condition,
/// which is the mean of what is known of the image.
struct batched_mean {
  static constexpr ardent::prediction predicted = ardent::prediction::x0;
  std::vector<float> z;

  int sequence_length() const { return length; }
  ardent::network_shape<> network() const { return {channels, channels}; }
  template <class Executor>
  void condition(Executor const& executor, ardent::ar_step_view const& view) {
    z.assign(static_cast<std::size_t>(view.branches * view.images), 0.0f);
    executor.parallel_for(view.branches * view.images, [&](int i, int) {
      float const* const tokens = view.tokens + i % view.images * length * channels;
      for (int n = 0; n < length * channels; ++n) z[static_cast<std::size_t>(i)] += tokens[n] / (length * channels);
    });
  }
  template <class Executor>
  void evaluate(Executor const& executor, ardent::ar_step_view const& view, ardent::time_point const& time,
                float const* input, float* output) {
    int const rows = view.images * view.tokens_per_image;
    executor.parallel_for(view.branches * rows, [&](int i, int) {
      float const mean = z[static_cast<std::size_t>(i / view.tokens_per_image)];
      for (int c = 0; c < channels; ++c)
        output[i * channels + c] = 0.5f * mean + 0.25f * time.alpha * input[i % rows * channels + c];
    });
  }
};

TEST_CASE("generate_batched and generate_speculative: several threads draw what one does") {
  auto const plan = ardent::make_sampler(ardent::ordering::random{length, 3}, ardent::annealing::linear{4, 2},
                                         ardent::guidance::constant{2.0}, ardent::predicts<ardent::prediction::x0>{});
  auto const batched = [&](int threads) {
    batched_mean model;
    std::vector<float> tokens(4 * channels * length);
    ardent::generate_batched(plan, model, ardent::executor::host(threads), ardent::random::philox(4), {4}, tokens);
    return tokens;
  };
  CHECK(batched(3) == batched(1));

  auto const exact = ardent::make_sampler(ardent::ordering::raster{length, length}, ardent::annealing::constant{4},
                                          ardent::grid::clip<ardent::grid::trailing, 950>{},
                                          ardent::solver::ddpm_with_last_noise<ardent::variance::fixed_large>{});
  auto const speculative = [&](int threads) {
    float const weight[] = {1}, deviation[] = {0.4f}, mean[] = {0.5f}, other[] = {0.62f};
    ardent::unconditional_model target(ardent::denoiser::gaussian_mixture(1, 1, weight, mean, deviation), length);
    ardent::unconditional_model draft(ardent::denoiser::gaussian_mixture(1, 1, weight, other, deviation), length);
    std::vector<float> tokens(6 * length);
    ardent::generate_speculative(exact, ardent::speculative_options<>{ardent::draft_schedule(3, 0.1)}, target, draft,
                                 ardent::executor::host(threads), ardent::random::philox(8), {6}, tokens);
    return tokens;
  };
  CHECK(speculative(3) == speculative(1));
}

}  // namespace
