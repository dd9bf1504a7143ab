// SPDX-License-Identifier: Apache-2.0
//
// A composition of template arguments and the same of numbers given at run time draw the same tokens, bit for bit, for
// random seeds, batches and threads. tests/sampler/static_dynamic_test.cpp compares their tables.
#include <doctest/doctest.h>

#include <ardent/ardent.hpp>

#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include "property/composition.hpp"
#include "support/made_model.hpp"

namespace {

using ardent::prediction;
namespace annealing = ardent::annealing;
namespace grid = ardent::grid;
namespace guidance = ardent::guidance;
namespace ordering = ardent::ordering;
namespace process = ardent::process;
namespace solver = ardent::solver;
namespace temperature = ardent::temperature;

template <prediction Predicted>
struct bounded {
  static constexpr prediction predicted = Predicted;
  int count = 1;
  int channels() const { return count; }
  int outputs() const { return count; }
  int condition_width() const { return 1; }
  void operator()(float const* x, ardent::time_point const& time, float const* condition, float* output) const {
    for (int c = 0; c < count; ++c) output[c] = std::sin(x[c] + *condition + 0.01f * time.timestep);
  }
};

template <prediction Predicted>
std::vector<float> draw(auto const& sampler, int channels, ardent::batch which, int threads, std::uint64_t seed) {
  test::made_model model(ardent::denoiser::pointwise(bounded<Predicted>{channels}), sampler.sequence_length());
  std::vector<float> tokens(static_cast<std::size_t>(which.images * sampler.sequence_length() * channels));
  ardent::generate(sampler, model, ardent::executor::host(threads), ardent::random::philox(seed), which, tokens);
  return tokens;
}

template <prediction Predicted = prediction::epsilon, class Static, class Dynamic>
void check(Static const& fixed, Dynamic const& made) {
  static_assert(Static::tables_at_compile_time && !Dynamic::tables_at_compile_time);
  std::uint64_t const seed = property::number_from("ARDENT_PROPERTY_SEED", 20261127);
  CAPTURE(seed);
  CHECK(fixed.nfe() == made.nfe());
  std::mt19937_64 engine(seed);
  for (int trial = 0; trial < 20; ++trial) {
    auto const below = [&](std::uint64_t n) { return static_cast<int>(engine() % n); };
    int const channels = 1 + below(8), images = 1 + below(4), threads = 1 + below(3);
    ardent::batch const which{images, static_cast<std::uint32_t>(engine())};
    std::uint64_t const of = engine();
    if (which.first_image > UINT32_MAX - 8) continue;
    CAPTURE(trial);
    CHECK(draw<Predicted>(fixed, channels, which, 1, of) == draw<Predicted>(made, channels, which, threads, of));
  }
}

}  // namespace

TEST_CASE("static and dynamic compositions draw the same tokens") {
  check(ardent::sampler<ordering::masked<16, 5>, annealing::linear<9, 3>, solver::ddim<0.4>, guidance::linear<2.5>,
                        temperature::constant<0.8>>(),
        ardent::make_sampler(ordering::masked(16, 5), annealing::linear(9, 3), solver::ddim<ardent::dynamic>(0.4),
                             guidance::linear(2.5), temperature::constant(0.8)));
  check<prediction::v>(
      ardent::sampler<ordering::random<9, 4>, annealing::two_stage<6, 2>, process::linear<1000>, grid::respaced,
                      solver::dpm_solver_pp<2>, ardent::predicts<prediction::v>>(),
      ardent::make_sampler(ordering::random(9, 4), annealing::two_stage(6, 2), process::linear(1000), grid::respaced{},
                           solver::dpm_solver_pp<2>{}, ardent::predicts<prediction::v>{}));
  check<prediction::velocity>(
      ardent::sampler<ordering::next_scale<1, 2, 3>, annealing::rising<annealing::flowar<7, 3>>, process::flow_linear,
                      grid::flowar, solver::flow_euler, guidance::linear_by_step<2.0>,
                      ardent::predicts<prediction::velocity>, ardent::state<double>>(),
      ardent::make_sampler(ordering::next_scale(std::vector<int>{1, 2, 3}), annealing::rising(annealing::flowar(7, 3)),
                           process::flow_linear{}, grid::flowar{}, solver::flow_euler{}, guidance::linear_by_step(2.0),
                           ardent::predicts<prediction::velocity>{}, ardent::state<double>{}));
}
