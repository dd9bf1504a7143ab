// SPDX-License-Identifier: Apache-2.0
//
// What a step of a batched trajectory touches: no array whose coefficient is 0, none that nobody reads later, and no
// earlier output is moved. And what it counts and refuses.
#include <doctest/doctest.h>

#include <ardent/ardent.hpp>
#include <ardent/batched_trajectory.hpp>

#include <cmath>
#include <limits>
#include <span>
#include <stdexcept>
#include <type_traits>
#include <vector>

#include "support/one_level.hpp"
#include "trajectory/batched_scene.hpp"

namespace {

namespace solver = ardent::solver;
ardent::random::philox const noise(77);

// A batched trajectory of 4 tokens of a scene, and its memory.
template <class Sampler, class Input, class Output>
struct planned {
  test::batched_scene scene;
  test::aligned_bytes workspace;
  std::vector<float> samples;
  ardent::batched_trajectory<Sampler, Input, Output> batched;
  planned(Sampler const& sampler, ardent::network_shape<Input, Output> const& shape)
      : scene(shape.channels),
        workspace(ardent::batched_bytes(sampler, 4, shape)),
        samples(static_cast<std::size_t>(scene.rows() * shape.channels)),
        batched(sampler, 1, scene.part(0, 4, Sampler::branches), shape, {workspace.data(), workspace.size()},
                samples.data()) {}
  auto step(int k) const { return batched.step(k, static_cast<Output const*>(batched.output()), noise); }
};

}  // namespace

TEST_CASE("batched_trajectory: earlier outputs stay where they are, and the first row reads none") {
  auto const sampler = test::batched_sampler(solver::dpm_solver_pp<3>{});
  planned const p(sampler, ardent::network_shape<>{4});
  int const last = p.batched.evaluations() - 1;
  REQUIRE(last == 8);
  CHECK(p.step(0).earlier[0] == nullptr);
  CHECK(p.step(0).earlier[1] == nullptr);
  CHECK(p.step(1).earlier[1] == nullptr);
  for (int k = 1; k <= last; ++k)
    for (int j = 1; j <= 2; ++j) {
      INFO("step " << k << ", " << j << " before");
      if (float const* const read = p.step(k).earlier[j - 1]) CHECK(read == p.step(k - j).newest);
    }
  CHECK(p.step(4).earlier[0] != nullptr);
  CHECK(p.step(4).earlier[1] != nullptr);
  CHECK(p.step(last).newest == nullptr);
}

TEST_CASE("batched_trajectory: what is read follows from coefficients and from how many outputs there are") {
  using row = ardent::row<double, 2, 3>;
  std::vector<row> rows(4);
  for (row& r : rows) {
    r.slot[0][0] = r.slot[1][1] = 1;
    for (auto& of_slot : r.model)
      for (double& coefficient : of_slot) coefficient = 1;
  }
  auto const use = [&](int k) { return ardent::detail::use_of(std::span<row const>(rows), k); };
  CHECK_FALSE(use(0).reads_earlier[0]);
  CHECK(use(1).reads_earlier[0]);
  CHECK_FALSE(use(1).reads_earlier[1]);
  CHECK(use(2).reads_earlier[1]);
  CHECK(use(2).keeps_newest);
  CHECK_FALSE(use(3).keeps_newest);
  // the second slot is kept as it is, but the first never takes anything from it
  CHECK_FALSE(use(1).reads_slot[1]);
  CHECK_FALSE(use(1).keeps_slot[1]);
  rows[3].slot[0][1] = 0.5;
  CHECK(use(1).reads_slot[1]);
  CHECK(use(1).keeps_slot[1]);
  CHECK(use(3).reads_slot[1]);
  CHECK_FALSE(use(3).keeps_slot[1]);
  CHECK(ardent::detail::use_of_start(std::span<row const>(rows)).keeps_slot[1]);
  rows[2].slot[1][1] = 0;  // written anew there
  CHECK_FALSE(use(1).keeps_slot[1]);
  CHECK_FALSE(ardent::detail::use_of_start(std::span<row const>(rows)).keeps_slot[1]);
}

TEST_CASE("batched_trajectory: a second slot is written where it is read later, and read where it has a coefficient") {
  auto const sampler =
      test::batched_sampler(solver::flow_heun{}, ardent::process::flow_linear{}, ardent::grid::time_uniform{},
                            ardent::predicts<ardent::prediction::velocity>{}, ardent::state<double>{});
  planned const p(sampler, ardent::network_shape<>{4});
  CHECK(p.batched.start(noise).slot_out[0] != nullptr);
  CHECK(p.batched.start(noise).slot_out[1] == nullptr);
  int const last = p.batched.evaluations() - 1;
  for (int k = 0; k <= last; ++k) {
    INFO("step " << k);
    auto const a = p.step(k);
    bool const predicts = k % 2 == 0;
    CHECK(a.slot_in[0] != nullptr);
    CHECK((a.slot_in[1] == nullptr) == predicts);
    CHECK((a.slot_out[1] == nullptr) == !(predicts && k < last));
    CHECK((a.earlier[0] == nullptr) == predicts);
    CHECK((a.newest == nullptr) == !(predicts && k < last));
    CHECK((a.slot_out[0] == nullptr) == (k == last));
    CHECK((a.input == nullptr) == (k == last));
    CHECK((a.samples == nullptr) == (k < last));
  }
}

TEST_CASE("batched_trajectory: a float network's input is the float state") {
  auto const sampler = test::batched_sampler();
  planned const same(sampler, ardent::network_shape<>{4});
  CHECK(same.step(3).slot_in[0] == same.batched.input());
  CHECK(same.step(3).slot_out[0] == nullptr);
  planned const other(sampler, ardent::network_shape<ardent::float16>{4});
  CHECK(other.step(3).slot_out[0] == other.step(3).slot_in[0]);
  CHECK(other.step(3).slot_out[0] != nullptr);
  // input and output of 4 tokens of 4 floats, and for halves the state beside
  CHECK(ardent::batched_bytes(sampler, 4, ardent::network_shape<>{4}) == 2 * 64);
  CHECK(ardent::batched_bytes(sampler, 4, ardent::network_shape<ardent::float16>{4}) == 3 * 64);
}

TEST_CASE("batched_trajectory: wide accesses where channels, outputs and pointers allow them") {
  auto const sampler = test::batched_sampler();
  planned const p(sampler, ardent::network_shape<>{4});
  CHECK(p.batched.start(noise).wide);
  CHECK(p.step(0).wide);
  CHECK(p.batched.step(0, static_cast<float const*>(p.batched.output() + 4), noise).wide);
  CHECK_FALSE(p.batched.step(0, static_cast<float const*>(p.batched.output() + 1), noise).wide);
  CHECK_FALSE(planned(sampler, ardent::network_shape<>{6}).batched.start(noise).wide);
  planned const more(sampler, ardent::network_shape<>{4, 6});
  CHECK(more.batched.start(noise).wide);
  CHECK_FALSE(more.step(0).wide);
  planned const halves(sampler, ardent::network_shape<float, ardent::float16>{4});
  CHECK(halves.batched.step(0, static_cast<ardent::float16 const*>(halves.batched.output() + 4), noise).wide);
  CHECK_FALSE(halves.batched.step(0, static_cast<ardent::float16 const*>(halves.batched.output() + 2), noise).wide);
}

TEST_CASE("batched_trajectory: the last step's samples need not be aligned for the others to be wide") {
  auto const sampler = test::batched_sampler();
  ardent::network_shape<> const shape{4};
  test::batched_scene const scene(4);
  test::aligned_bytes workspace(ardent::batched_bytes(sampler, 4, shape)), out(1024);
  ardent::batched_trajectory const batched(sampler, 1, scene.part(0, 4, 1), shape, {workspace.data(), workspace.size()},
                                           out.floats() + 1);
  CHECK(batched.step(0, static_cast<float const*>(batched.output()), noise).wide);
  CHECK_FALSE(batched.step(8, static_cast<float const*>(batched.output()), noise).wide);
}

TEST_CASE("batched_trajectory: the network is told where it is evaluated, and how many branches count") {
  auto const sampler = test::batched_sampler(ardent::guidance::interval(ardent::guidance::constant(3.0), 100.0, 600.0));
  planned const p(sampler, ardent::network_shape<>{4});
  auto const rows = sampler.rows(1);
  int guided = 0;
  for (int k = 0; k < p.batched.evaluations(); ++k) {
    auto const& row = rows[static_cast<std::size_t>(k)];
    ardent::time_point const time = p.batched.time(k);
    CHECK(time.timestep == row.timestep);
    CHECK(time.alpha == row.alpha);
    CHECK(time.sigma == row.sigma);
    CHECK(time.step == k);
    CHECK(p.batched.branches(k) == (row.timestep >= 100 && row.timestep <= 600 ? 2 : 1));
    guided += p.batched.branches(k) - 1;
  }
  CHECK(guided > 0);
  CHECK(guided < p.batched.evaluations());
}

TEST_CASE("batched_trajectory: infinities and NaNs of the network are counted where they are read") {
  auto const sampler =
      test::batched_sampler(solver::ddpm<>{}, ardent::guidance::interval(ardent::guidance::constant(3.0), 0.0, 600.0));
  int const channels = 6, outputs = 2 * channels + 1;
  test::batched_scene const scene(channels);
  ardent::tile const t = scene.part(0, scene.rows(), 2);
  ardent::network_shape<float, ardent::float16> const shape{channels, outputs};
  test::aligned_bytes workspace(ardent::batched_bytes(sampler, t.tokens, shape));
  std::vector<float> samples(static_cast<std::size_t>(t.total * channels));
  unsigned long long counter = 5, expected = 5;
  int evaluation = 0;
  auto const network = [&](ardent::time_point const& time, float const*, ardent::float16* output) {
    for (int i = 0; i < 2 * t.tokens * outputs; ++i) ardent::store_weight(0.25f, output[i]);
    if (++evaluation % 2 == 0) return;
    ardent::store_weight(65520.0f, output[0]);                                                  // a conditional output
    ardent::store_weight(-1e30f, output[3 * outputs + channels - 1]);                           // another
    ardent::store_weight(std::numeric_limits<float>::quiet_NaN(), output[outputs + channels]);  // a variance
    ardent::store_weight(1e30f, output[2 * channels]);                                          // unused
    ardent::store_weight(1e30f, output[t.tokens * outputs + channels]);                         // unused
    ardent::store_weight(1e30f, output[t.tokens * outputs + 4]);                                // unconditional
    expected += time.timestep <= 600 ? 4 : 3;
  };
  ardent::draw_batched(test::one_level<ardent::simd_level::baseline>(), sampler, 1, t, shape, network, noise,
                       {workspace.data(), workspace.size()}, samples.data(), &counter);
  CHECK(evaluation == 9);
  CHECK(counter == expected);
  CHECK(std::isfinite(samples[static_cast<std::size_t>(5 * channels)]));
  CHECK_FALSE(std::isfinite(samples[0]));
}

TEST_CASE("batched_trajectory: a finite network counts nothing, and a state that overflows fp16 shows in the outputs") {
  test::batched_scene const scene(4);
  auto const sampler = test::batched_sampler();
  unsigned long long counter = 0;
  test::one_level<ardent::simd_level::baseline> const executor;
  test::by_launches(scene, executor, sampler, test::batched_network<false>{4}, {21, 1, &counter});
  CHECK(counter == 0);
  auto const wild = test::batched_sampler(ardent::predicts<ardent::prediction::x0>{});
  struct large : test::batched_network<false, ardent::float16> {
    void operator()(float const* x, ardent::time_point const&, float const*, float* output) const {
      for (int c = 0; c < 4; ++c) output[c] = 1e8f + 0 * x[c];
    }
  };
  test::by_launches<ardent::float16>(scene, executor, wild, large{{4}}, {21, 1, &counter});
  CHECK(counter > 0);
}

TEST_CASE("batched_trajectory: sizes that do not fit are refused") {
  auto const sampler = test::batched_sampler(solver::ddpm<>{}, ardent::guidance::constant(2.0));
  using sampler_type = std::remove_cvref_t<decltype(sampler)>;
  test::batched_scene const scene(4);
  ardent::tile const good = scene.part(2, 5, 2);
  test::aligned_bytes memory(1 << 16);
  float out[84];
  using span = std::span<std::byte>;
  auto const plan = [&](ardent::network_shape<> const& shape, ardent::tile const& t, span workspace, float* samples,
                        int ar_step) {
    ardent::batched_trajectory<sampler_type>(sampler, ar_step, t, shape, workspace, samples);
  };
  ardent::network_shape<> const shape{4};
  span const all(memory.data(), memory.size());
  CHECK_NOTHROW(plan(shape, good, all, out, 1));
  CHECK_NOTHROW(plan({4, 9, 2}, good, all, out, 0));
  auto const refused = [&](char const* message, ardent::network_shape<> const& s, ardent::tile const& t, span workspace,
                           float* samples, int ar_step) {
    CHECK_THROWS_WITH_AS(plan(s, t, workspace, samples, ar_step), message, std::invalid_argument);
  };
  refused("ardent::batched_trajectory: expected at least 1 channel, found 0", {0}, good, all, out, 1);
  refused("ardent::batched_trajectory: expected at most 67108864 channels, found 67108865", {67108865}, good, all, out,
          1);
  refused("ardent::batched_trajectory: expected a network of at least 8 outputs for this solver, found 4", {4, 4}, good,
          all, out, 1);
  refused("ardent::batched_trajectory: expected 1 or 2 copies of the input, found 3", {4, 0, 3}, good, all, out, 1);
  refused("ardent::batched_trajectory: expected an AR step below 2, found 2", shape, good, all, out, 2);
  refused("ardent::batched_trajectory: expected an AR step below 2, found -1", shape, good, all, out, -1);
  refused("ardent::batched_trajectory: expected a tile of 2 branches, found 1", shape, scene.part(2, 5, 1), all, out,
          1);
  refused("ardent::batched_trajectory: expected at least 0 tokens, found -1", shape, scene.part(2, -1, 2), all, out, 1);
  refused("ardent::batched_trajectory: expected a tile within its 21 rows, found 5 rows from row 17 on", shape,
          scene.part(17, 5, 2), all, out, 1);
  refused("ardent::batched_trajectory: expected a tile within its 21 rows, found 5 rows from row -1 on", shape,
          scene.part(-1, 5, 2), all, out, 1);
  ardent::tile missing = good;
  missing.positions = nullptr;
  refused("ardent::batched_trajectory: expected images, positions and samples, found a null pointer", shape, missing,
          all, out, 1);
  refused("ardent::batched_trajectory: expected images, positions and samples, found a null pointer", shape, good, all,
          nullptr, 1);
  std::size_t const needed = ardent::batched_bytes(sampler, 5, shape);
  CHECK_NOTHROW(plan(shape, good, all.first(needed), out, 1));
  CHECK_THROWS_AS(plan(shape, good, all.first(needed - 1), out, 1), std::invalid_argument);
  refused("ardent::batched_trajectory: expected a workspace aligned to 64 bytes, found one that is not", shape, good,
          all.subspan(32), out, 1);
  ardent::tile many = good;
  many.tokens = many.total = 2147483647;
  many.first = 0;
  CHECK_THROWS_AS(ardent::batched_bytes(sampler, many.tokens, shape), std::invalid_argument);

  ardent::batched_trajectory<sampler_type> const fits(sampler, 1, good, shape, all, out);
  float const* const output = fits.output();
  CHECK_THROWS_WITH_AS(fits.step(9, output, noise),
                       "ardent::batched_trajectory: expected an evaluation below 9, found 9", std::invalid_argument);
  CHECK_THROWS_WITH_AS(fits.step(0, static_cast<float const*>(nullptr), noise),
                       "ardent::batched_trajectory: expected the network's output, found a null pointer",
                       std::invalid_argument);
  CHECK_THROWS_AS(fits.time(-1), std::invalid_argument);
}
