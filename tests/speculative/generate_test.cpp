// SPDX-License-Identifier: Apache-2.0
//
// generate_speculative: the recorded last steps, the distribution of what comes out, and that it depends on nothing
// else.
#include <doctest/doctest.h>
#include <ardent/annealing/constant.hpp>
#include <ardent/annealing/linear.hpp>
#include <ardent/annealing/rising.hpp>
#include <ardent/annealing/table.hpp>
#include <ardent/denoiser/adaln_mlp.hpp>
#include <ardent/denoiser/gaussian_mixture.hpp>
#include <ardent/executor/host.hpp>
#include <ardent/generate.hpp>
#include <ardent/generate_speculative.hpp>
#include <ardent/grid/clip.hpp>
#include <ardent/grid/trailing.hpp>
#include <ardent/guidance/linear.hpp>
#include <ardent/model.hpp>
#include <ardent/ordering/masked.hpp>
#include <ardent/ordering/random.hpp>
#include <ardent/ordering/raster.hpp>
#include <ardent/random/philox.hpp>
#include <ardent/sampler.hpp>
#include <ardent/solver/ddpm.hpp>
#include <ardent/temperature/temperature.hpp>

#include <cmath>
#include <cstdint>
#include <stdexcept>
#include <vector>

#include "generate/counted_new.hpp"
#include "support/histogram.hpp"
#include "support/made_head.hpp"
#include "support/made_model.hpp"
#include "support/scene.hpp"

namespace {

using namespace ardent;
using last_noise = solver::ddpm_with_last_noise<variance::fixed_large>;
using coarse = grid::clip<grid::trailing, 950>;  // its last step starts where there is noise: Gaussians that overlap

/// The noise that draft and target share in trajectories of four steps, as a source for generate.
struct aligned : random::philox {
  using philox::philox;
  ARDENT_INLINE quad normal(noise_key key, int q) const {
    key.ar_step = 0;
    if (key.domain == noise_domain::step && key.step == 3) key.step = 65535;
    return philox::normal(key, q);
  }
};

/// A Gaussian of deviation 0.4 around a condition, which is a function of the known tokens: 0.3 + rate * their mean.
struct conditional_gaussian {
  static constexpr prediction predicted = prediction::epsilon;
  int channels() const { return 1; }
  int outputs() const { return 1; }
  int condition_width() const { return 1; }
  ARDENT_INLINE void operator()(float const* x, time_point const& time, float const* condition, float* output) const {
    float const variance = time.alpha * time.alpha * 0.16f + time.sigma * time.sigma;
    output[0] = detail::quotient(time.sigma * (x[0] - time.alpha * condition[0]), variance);
  }
};

struct sequence_model {
  int length;
  float rate;
  bool consistent = true;  // views say as many known tokens as there are, and 0 where there is none

  int sequence_length() const { return length; }
  denoiser::pointwise<conditional_gaussian> denoiser() const { return denoiser::pointwise(conditional_gaussian{}); }
  template <class Executor>
  void condition(Executor const&, ar_step_view const& view, float* z) {
    for (int b = 0; b < view.images; ++b) {
      float sum = 0;
      int known = 0;
      for (int p = 0; p < length; ++p) {
        bool const is_known = view.known[b * length + p] != 0;
        float const token = view.tokens[b * length + p];
        known += is_known;
        sum += token;
        consistent = consistent && (is_known || token == 0);
      }
      consistent = consistent && known == view.tokens_known;
      for (int j = 0; j < view.tokens_per_image; ++j) {
        consistent = consistent && view.known[b * length + view.positions[b * view.tokens_per_image + j]] == 0;
        z[b * view.tokens_per_image + j] = 0.3f + rate * (known == 0 ? 0 : sum / static_cast<float>(known));
      }
    }
  }
};

constexpr sampler<ordering::raster<4, 4>, annealing::constant<4>, coarse, last_noise> four_tokens;

std::vector<float> draw(auto const& sampler, auto const& options, auto& target, auto& draft, int images,
                        std::uint32_t first = 0, int threads = 2, speculative_counts* counts = nullptr) {
  std::vector<float> tokens(static_cast<std::size_t>(images * sampler.sequence_length()));
  auto const found = generate_speculative(sampler, options, target, draft, executor::host(threads), random::philox(8),
                                          {images, first}, tokens);
  if (counts != nullptr) *counts = found;
  return tokens;
}

/// Mean and variance of what the rows make of one Gaussian.
struct moments {
  double mean = 0, variance = 1;
  moments(auto const& sampler, double mu, double s) {
    for (auto const& row : sampler.rows(0)) {
      double const alpha = static_cast<double>(row.alpha), sigma = static_cast<double>(row.sigma);
      double const gain = sigma / (alpha * alpha * s * s + sigma * sigma), b = static_cast<double>(row.model[0][0]);
      double const a = static_cast<double>(row.slot[0][0]) + b * gain;
      mean = a * mean - b * gain * alpha * mu;
      variance = a * a * variance + static_cast<double>(row.noise) * static_cast<double>(row.noise);
    }
  }
};

TEST_CASE("speculative: tokens are distributed as the target's, and not with another rule") {
  constexpr int images = 2000, length = 16, bins = 40;
  constexpr sampler<ordering::random<length, 8>, annealing::constant<4>, coarse, last_noise> plan;
  float const weight[] = {1}, deviation[] = {0.4f}, mean[] = {0.5f}, other[] = {0.62f};
  unconditional_model target(denoiser::gaussian_mixture(1, 1, weight, mean, deviation), length);
  unconditional_model draft(denoiser::gaussian_mixture(1, 1, weight, other, deviation), length);
  moments const truth(plan, 0.5, 0.4);
  auto const distance = [&](std::vector<float> const& tokens) {
    std::vector<double> below;
    for (float const x : tokens)
      below.push_back(test::normal_below((static_cast<double>(x) - truth.mean) / std::sqrt(truth.variance)));
    return test::chi_square(below, bins);
  };
  speculative_counts counts;
  std::vector<float> const tokens =
      draw(plan, speculative_options<>{draft_schedule(3, 0.1)}, target, draft, images, 0, 2, &counts);
  CHECK(distance(tokens) < test::chi_square_bound(bins));
  double sum = 0, squares = 0;
  for (float const x : tokens) {
    sum += static_cast<double>(x) - truth.mean;
    squares += (static_cast<double>(x) - truth.mean) * (static_cast<double>(x) - truth.mean);
  }
  double const all = images * length;
  CHECK(std::fabs(sum / all) < 4.5 * std::sqrt(truth.variance / all));
  CHECK(std::fabs(squares / all / truth.variance - 1) < 4.5 * std::sqrt(2 / all));
  // AR step 0 is the target's; 3, 6 and 7 verify
  CHECK(counts.target_steps == 4);
  CHECK(counts.draft_steps == 7);
  CHECK(counts.drafted == images * 14);
  CHECK((counts.accepted > counts.drafted / 2 && counts.accepted < counts.drafted));
  CHECK(counts.rounds >= counts.drafted - counts.accepted);
  CHECK(counts.exhausted == 0);

  unconditional_model same(denoiser::gaussian_mixture(1, 1, weight, other, deviation), length);
  CHECK(distance(draw(plan, speculative_options<>{draft_schedule(3, 0.1)}, same, draft, images)) >
        4 * test::chi_square_bound(bins));
  CHECK(distance(draw(plan, speculative_options<acceptance::cspd<>>{draft_schedule(3, 0.1)}, target, draft, images)) >
        4 * test::chi_square_bound(bins));
}

/// Each verification's tokens against what the target draws with as many denoising steps.
void check_slices(auto const& plan) {
  constexpr int images = 2000, length = 16, bins = 40;
  float const weights[] = {0.3f, 0.7f}, means[] = {-2, 1}, others[] = {-1.9f, 1.1f}, deviations[] = {0.3f, 0.5f};
  unconditional_model target(denoiser::gaussian_mixture(1, 2, weights, means, deviations), length);
  unconditional_model draft(denoiser::gaussian_mixture(1, 2, weights, others, deviations), length);
  std::vector<float> const tokens = draw(plan, speculative_options<>{draft_schedule(2, 0)}, target, draft, images);
  for (int i : {0, 2, 4, 6, 7}) {  // AR step i verifies tokens [first, last)
    CAPTURE(i);
    int const last = i == 0 ? 2 : i == 7 ? length : 2 * (i + 1), first = i == 0 ? 0 : i == 7 ? 14 : 2 * (i - 1);
    sampler<ordering::raster<length, 1>, annealing::constant<dynamic>, coarse, last_noise> const one(
        {}, annealing::constant{plan.requested_steps(i)});
    std::vector<float> expected(tokens.size());
    generate(one, target, executor::host(2), random::philox(77), {images}, expected);
    std::vector<double> a, b;
    for (int image = 0; image < images; ++image)
      for (int p = first; p < last; ++p) {
        a.push_back(static_cast<double>(expected[static_cast<std::size_t>(image * length + p)]));
        b.push_back(static_cast<double>(tokens[static_cast<std::size_t>(image * length + p)]));
      }
    CHECK(test::chi_square_of_two(a, b, bins) < test::chi_square_bound(bins));
  }
}

TEST_CASE("speculative: a mixture's tokens are distributed as the target's, also where denoising steps fall or rise") {
  check_slices(sampler<ordering::raster<16, 8>, annealing::linear<6, 4>, coarse, last_noise>());
  check_slices(sampler<ordering::raster<16, 8>, annealing::rising<annealing::table<3, 3, 4, 4, 5, 5, 6, 6>>, coarse,
                       last_noise>());
}

/// One token, then two, then one: what the target draws at once where four_tokens verifies.
struct one_two_one {
  static constexpr bool permuted = false;
  constexpr int sequence_length() const { return 4; }
  constexpr int ar_steps() const { return 3; }
  constexpr void fill(ar_counts* out) const {
    out[0] = {1, 3};
    out[1] = {2, 1};
    out[2] = {1, 0};
  }
};

TEST_CASE("speculative: an image is distributed as the target's that draws as many tokens at once") {
  constexpr int images = 40000, bins = 40;
  sequence_model target{4, 0.9f}, draft{4, 0.7f};
  auto const sums = [](std::vector<float> const& tokens) {
    std::vector<double> out;
    for (std::size_t i = 0; i < tokens.size(); i += 4)
      out.push_back(static_cast<double>(tokens[i]) + static_cast<double>(tokens[i + 1]) +
                    static_cast<double>(tokens[i + 2]) + static_cast<double>(tokens[i + 3]));
    return out;
  };
  speculative_counts counts;
  auto const found =
      sums(draw(four_tokens, speculative_options<>{draft_schedule(2, 0)}, target, draft, images, 0, 2, &counts));
  CHECK(counts.target_steps == 3);
  CHECK(counts.accepted < counts.drafted);
  CHECK(target.consistent);
  CHECK(draft.consistent);
  std::vector<float> tokens(4 * images);
  sampler<one_two_one, annealing::constant<4>, coarse, last_noise> const at_once;
  generate(at_once, target, executor::host(2), random::philox(91), {images}, tokens);
  CHECK(test::chi_square_of_two(sums(tokens), found, bins) < test::chi_square_bound(bins));
  generate(four_tokens, target, executor::host(2), random::philox(91), {images}, tokens);  // one by one: another thing
  CHECK(test::chi_square_of_two(sums(tokens), found, bins) > 2 * test::chi_square_bound(bins));
}

TEST_CASE("speculative: with the target as its own draft every token stays, and is the target's") {
  constexpr int length = 16, images = 20;
  constexpr sampler<ordering::random<length, 8>, annealing::constant<4>, coarse, last_noise> plan;
  float const weight[] = {1}, deviation[] = {0.4f}, mean[] = {0.5f};
  unconditional_model model(denoiser::gaussian_mixture(1, 1, weight, mean, deviation), length);
  speculative_counts counts;
  std::vector<float> const tokens =
      draw(plan, speculative_options<>{draft_schedule(3, 0.1)}, model, model, images, 0, 2, &counts);
  CHECK(counts.accepted == counts.drafted);
  std::vector<float> expected(tokens.size());
  generate(plan, model, executor::host(1), aligned(8), {images}, expected);
  CHECK(tokens == expected);
  // published: the draft's token is the mean, which is what plain ddpm returns
  constexpr sampler<ordering::random<length, 8>, annealing::constant<4>, coarse, solver::ddpm<variance::fixed_large>>
      without;
  std::vector<float> const means =
      draw(plan, speculative_options<acceptance::cspd<>>{draft_schedule(3, 0.1)}, model, model, images, 0, 2, &counts);
  CHECK(counts.accepted == counts.drafted);
  generate(without, model, executor::host(1), aligned(8), {images}, expected);
  CHECK(means == expected);
}

TEST_CASE("speculative: an image depends neither on its batch nor on the threads") {
  sequence_model target{4, 0.9f}, draft{4, 0.5f};
  speculative_options<> const options{draft_schedule(3, 0)};
  std::vector<float> const all = draw(four_tokens, options, target, draft, 7, 100, 1);
  CHECK(draw(four_tokens, options, target, draft, 7, 100, 3) == all);
  for (std::uint32_t i = 0; i < 7; ++i) {
    std::vector<float> const alone = draw(four_tokens, options, target, draft, 1, 100 + i);
    CHECK(alone == std::vector<float>(all.begin() + 4 * i, all.begin() + 4 * i + 4));
  }
}

TEST_CASE("speculative: two heads with learned variances and guidance give the same in tiles and as a team") {
  constexpr sampler<ordering::masked<12, 6>, annealing::constant<4>, coarse, solver::ddpm_with_last_noise<>,
                    guidance::linear<2.0>, temperature::constant<0.9>>
      plan;
  test::made_head const large({5, 10, 32, 1, 7});
  test::made_head small = large;
  for (float& w : small.output.weight) w *= 1.02f;
  auto const of_large = large.packed<float>(large.shape), of_small = small.packed<float>(small.shape);
  using head = test::forced<denoiser::adaln_mlp<>>;
  std::vector<float> first;
  for (bool const team : {false, true})
    for (int const threads : {1, 3}) {
      CAPTURE(team);
      CAPTURE(threads);
      test::made_model target(head({large.shape, of_large.data()}, 4, team), 12);
      test::made_model draft(head({small.shape, of_small.data()}, 4, team), 12);
      std::vector<float> tokens(12 * 5 * 3);
      auto const counts = generate_speculative(plan, speculative_options<acceptance::cspd<>>{draft_schedule(2, 0.1)},
                                               target, draft, executor::host(threads), random::philox(3), {3}, tokens);
      CHECK(counts.accepted > 0);
      CHECK(counts.accepted < counts.drafted);
      if (first.empty()) first = tokens;
      CHECK(tokens == first);
    }
}

TEST_CASE("the recorder: mean and deviation of the last step, and the noise before it without temperature") {
  constexpr sampler<ordering::raster<4, 1>, annealing::constant<4>, coarse, last_noise, temperature::constant<0.7>>
      plan;
  sequence_model model{4, 0};
  auto const network = model.denoiser();
  executor::host const executor(1);
  std::vector<float> conditions(4, 0.3f), samples(4), mean(4), deviation(4), log_sum(4, 5.0f), output(4), own(64);
  std::vector<std::uint32_t> images(4);
  std::vector<int> positions{0, 1, 2, 3};
  auto const run = [&](auto const& rows, auto const&... watcher) {
    executor.run_tiles(1, [&](auto& block, auto& grid, int, int) {
      tile t;
      t.tokens = t.total = 4;
      t.conditions = conditions.data();
      t.images = images.data();
      t.positions = positions.data();
      t.steps = static_cast<int>(rows.size());
      trajectory<1>(block, grid, t, rows.data(), numbers_of(plan, 0), network, aligned(3),
                    {own.data(), output.data(), nullptr, nullptr}, samples.data(), watcher...);
    });
    return samples;
  };
  auto const watched = run(plan.rows(0), last_step_recorder{mean.data(), deviation.data(), log_sum.data(), 1});
  CHECK(run(plan.rows(0)) == watched);
  double sum = 0;
  auto const rows = plan.rows(0);
  for (std::size_t k = 0; k + 1 < rows.size(); ++k) sum += std::log(static_cast<double>(rows[k].noise));
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(static_cast<double>(log_sum[i]) == doctest::Approx(sum).epsilon(1e-6));
    CHECK(deviation[i] == doctest::Approx(0.7f * rows.back().noise).epsilon(1e-6));
    CHECK(std::fabs(watched[i] - mean[i]) < 6 * deviation[i]);
    CHECK(watched[i] != mean[i]);
  }
}

TEST_CASE("speculative: run takes nothing from the heap; what does not fit is refused") {
  sequence_model target{4, 0.9f}, draft{4, 0.5f};
  executor::host const executor(2);
  speculative_options<> const options{draft_schedule(3, 0)};
  std::vector<std::byte> memory(speculative_workspace_bytes(four_tokens, options, target, draft, executor, 5) + 64);
  std::byte* const start = memory.data() + (64 - reinterpret_cast<std::uintptr_t>(memory.data()) % 64) % 64;
  std::vector<float> tokens(20);
  speculative_generation generation(four_tokens, options, target, draft, executor, 5, {start, memory.size() - 64});
  long const before = test::allocations();
  generation.run(random::philox(8), 0, tokens);
  CHECK(test::allocations() == before);
  CHECK(tokens == draw(four_tokens, options, target, draft, 5));

  auto const refused = [&](auto const& plan, auto const& how, sequence_model& other, std::size_t room) {
    std::vector<float> place(room);
    CHECK_THROWS_AS(generate_speculative(plan, how, target, other, executor, random::philox(8), {5}, place),
                    std::invalid_argument);
  };
  sequence_model longer{5, 0.5f};
  refused(four_tokens, options, longer, 20);
  // tokens without noise have no density: every draft token would be refused, and all rounds run for nothing
  auto const cold = make_sampler(ordering::raster<4, 4>{}, annealing::constant<4>{}, coarse{}, last_noise{},
                                 temperature::linear{1.0, 0.0});
  CHECK_THROWS_WITH_AS(draw(cold, options, target, draft, 5),
                       "ardent::generate_speculative: expected a temperature above 0 at every AR step, as tokens "
                       "without noise have no density to compare, found 0.000000 at AR step 3",
                       std::invalid_argument);
  refused(four_tokens, options, draft, 19);
  refused(four_tokens, speculative_options<>{draft_schedule(3, 0), {}, 0}, draft, 20);
  refused(four_tokens, speculative_options<>{draft_schedule(3, 0), {}, 65536}, draft, 20);
  sampler<ordering::raster<4, 4>, annealing::linear<6, 4>, coarse, last_noise> const annealed;
  refused(annealed, speculative_options<acceptance::cspd<>>{}, draft, 20);
}

}  // namespace
