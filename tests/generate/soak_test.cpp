// SPDX-License-Identifier: Apache-2.0
//
// Ten thousand generations in one process: whatever they take they give back, and the process does not grow.
#include <doctest/doctest.h>

#include <ardent/ardent.hpp>

#include <unistd.h>

#include <cmath>
#include <cstdint>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <vector>

#include "generate/counted_new.hpp"
#include "support/affine_denoiser.hpp"
#include "support/made_model.hpp"
#include "support/made_numbers.hpp"
#include "support/scene.hpp"

namespace {

constexpr int channels = 4, length = 6, generations = 10'000, warm_up = 1'000;
using affine = test::affine_denoiser<channels>;

/// Bytes of this process that are in memory.
long resident() {
  std::ifstream file("/proc/self/statm");
  long pages = 0, all = 0;
  if (!(file >> all >> pages)) throw std::runtime_error("no /proc/self/statm");
  return pages * ::sysconf(_SC_PAGESIZE);
}

/// How much it may have grown at the end: a heap's own bookkeeping, and with the address sanitizer its quarantine.
constexpr long most_growth =
#if defined(__SANITIZE_ADDRESS__)
    8'000'000;
#elif defined(__has_feature)
#  if __has_feature(address_sanitizer)
    8'000'000;
#  else
    512'000;
#  endif
#else
    512'000;
#endif

struct batched : test::made_model<ardent::denoiser::pointwise<affine>> {
  std::vector<float> z;
  batched() : made_model(ardent::denoiser::pointwise(affine{}), length), z(4 * length) {}
  ardent::network_shape<> network() const { return {channels, channels}; }
  template <class Executor>
  void condition(Executor const& executor, ardent::ar_step_view const& view) {
    made_model::condition(executor, view, z.data());
  }
  template <class Executor>
  void evaluate(Executor const&, ardent::ar_step_view const& view, ardent::time_point const& time, float const* input,
                float* output) const {
    int const rows = view.images * view.tokens_per_image;
    for (int i = 0; i < view.branches * rows; ++i)
      affine{}(input + (i % rows) * channels, time, z.data() + 2 * i, output + i * channels);
  }
};

}  // namespace

TEST_CASE("soak: ten thousand generations take no more memory than one thousand") {
  test::made_head const weights({channels, channels, 32, 1, 7});
  test::aligned_bytes const memory = weights.packed<float>(weights.shape);
  ardent::denoiser::adaln_mlp<> const head(weights.shape, memory.data());
  std::vector<float> tokens(length * channels), first;
  auto executor = std::make_unique<ardent::executor::host>(2);
  double sum = 0;

  auto const generate = [&](int i) {
    if (i % 50 == 0) executor = std::make_unique<ardent::executor::host>(1 + i / 50 % 2);
    // tables are made anew, and differ
    auto const sampler_of = [&](auto const& solver) {
      return ardent::make_sampler(ardent::ordering::random(length, 1 + i % 4), ardent::annealing::linear(2 + i % 3, 1),
                                  solver, ardent::guidance::constant(2.0));
    };
    auto const sampler = sampler_of(ardent::solver::ddim<>{});
    ardent::random::philox const random(static_cast<std::uint64_t>(i % 7));
    auto const stop = [&](ardent::ar_step_report const&) {
      if (i % 10 == 9) throw std::runtime_error("stopped");
    };
    if (i % 5 == 3) {
      test::made_model target(test::forced<ardent::denoiser::adaln_mlp<>>(head, 2, i % 2 == 0), length), draft = target;
      auto const noisy = sampler_of(ardent::solver::ddpm_with_last_noise<ardent::variance::fixed_large>{});
      ardent::speculative_options<> const options{ardent::draft_schedule(1 + i % 3, 0)};
      ardent::generate_speculative(noisy, options, target, draft, *executor, random, {}, tokens);
    } else if (i % 2 == 0) {
      test::made_model model(test::forced<ardent::denoiser::adaln_mlp<>>(head, 2, i % 20 == 0), length);
      ardent::generate(sampler, model, *executor, random, {}, tokens, stop);
    } else {
      batched model;
      ardent::generate_batched(sampler, model, *executor, random, {}, tokens, stop);
    }
  };

  long resident_then = 0, outstanding_then = 0;
  int stopped = 0;
  for (int i = 0; i < generations; ++i) {
    if (i == warm_up) {
      executor = std::make_unique<ardent::executor::host>(1);
      outstanding_then = test::outstanding();
      resident_then = resident();
    }
    try {
      generate(i);
      for (float const x : tokens) sum += static_cast<double>(x);
    } catch (std::runtime_error const&) {
      ++stopped;
    }
    if (i == 0) first = tokens;
  }
  executor = std::make_unique<ardent::executor::host>(1);
  long const outstanding_now = test::outstanding(), grown = resident() - resident_then;  // before doctest takes some
  CHECK(outstanding_now == outstanding_then);
  CHECK(stopped == generations / 10);
  CHECK(std::isfinite(sum));
  MESSAGE("resident " << resident_then << " bytes after " << warm_up << " generations, " << grown << " more after "
                      << generations);
  CHECK(grown < most_growth);
  executor = std::make_unique<ardent::executor::host>(2);
  generate(0);
  CHECK(tokens == first);
}
