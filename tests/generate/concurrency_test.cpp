// SPDX-License-Identifier: Apache-2.0
//
// Callers at once: a const sampler, one model and one executor (or two) shared by threads. Also run under the thread
// sanitizer, which sees the library's own threads too.
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

}  // namespace
