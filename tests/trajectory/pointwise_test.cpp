// SPDX-License-Identifier: Apache-2.0
//
// The trajectory of one thread and no group, as a GPU runs it, on the host: the same bits as the trajectory of groups,
// for odd numbers of channels, for every part that a row may have, with guidance and without.
#include <doctest/doctest.h>

#include <ardent/ardent.hpp>
#include <ardent/pointwise_trajectory.hpp>

#include <algorithm>
#include <cstdint>
#include <string>
#include <type_traits>
#include <vector>

#include "support/made_numbers.hpp"
#include "support/one_level.hpp"

namespace {

using ardent::prediction;
namespace solver = ardent::solver;

constexpr int images = 3, length = 7, rows = images * length;

// A network of a token and a condition of two numbers; with a variance half if asked for.
template <int Channels, bool Variance>
struct network {
  static constexpr prediction predicted = prediction::epsilon;
  int channels() const { return Channels; }
  int outputs() const { return (Variance ? 2 : 1) * Channels; }
  int condition_width() const { return 2; }
  void operator()(float const* x, ardent::time_point const& time, float const* z, float* output) const {
    float sum = 0;
    for (int c = 0; c < Channels; ++c) sum += x[c];
    for (int c = 0; c < Channels; ++c) {
      output[c] = time.sigma * x[c] + z[0] * sum * 0.1f - z[1] + time.timestep * 1e-4f;
      if (Variance) output[Channels + c] = ardent::detail::quotient(x[c], 1 + x[c] * x[c]) + z[0];
    }
  }
};

template <class Network>
struct model {
  Network function;
  std::vector<float> const& z;
  int sequence_length() const { return length; }
  auto denoiser() const { return ardent::denoiser::pointwise(function); }
  template <class Executor>
  void condition(Executor const&, ardent::ar_step_view const& view, float* out) const {
    std::copy_n(z.data(), view.branches * rows * 2, out);
  }
};

template <int Channels, class... Policies>
void check(std::string const& name, Policies const&... policies) {
  auto const sampler =
      ardent::make_sampler(ardent::ordering::raster(length, 1), ardent::annealing::constant(9), policies...);
  using sampler_type = std::remove_cvref_t<decltype(sampler)>;
  using net = network<Channels, sampler_type::reads_variance>;
  std::vector<float> const z = test::made_numbers(8).normals(2 * rows * 2);
  ardent::random::philox const random(77);

  std::vector<float> expected(static_cast<std::size_t>(rows * Channels));
  model<net> m{net{}, z};
  ardent::generate(sampler, m, test::one_level<ardent::simd_level::baseline>(), random, {images}, expected);

  std::vector<std::uint32_t> image_of;
  std::vector<int> position_of;
  for (int r = 0; r < rows; ++r) {
    image_of.push_back(static_cast<std::uint32_t>(r / length));
    position_of.push_back(r % length);
  }
  std::vector<float> found(expected.size());
  ardent::ar_step_numbers const numbers = ardent::numbers_of(sampler, 0);
  for (int first = 0; first < rows; first += 5) {  // in tiles of 5, the last of 1
    ardent::tile t;
    t.first = first;
    t.tokens = std::min(5, rows - first);
    t.total = rows;
    t.branches = sampler_type::branches;
    t.conditions = z.data();
    t.images = image_of.data();
    t.positions = position_of.data();
    auto const table = sampler.rows(0);
    for (int r = 0; r < t.tokens; ++r)
      ardent::pointwise_trajectory<sampler_type::branches, Channels>(t, r, table.data(), static_cast<int>(table.size()),
                                                                     numbers, net{}, random, found.data());
  }
  INFO(name << ", " << Channels << " channels");
  CHECK(found == expected);
}

template <int Channels>
void check_all() {
  ardent::guidance::constant const guidance(1.7);
  check<Channels>("ddpm, learned range", solver::ddpm<>{}, ardent::temperature::constant(0.8));
  check<Channels>("ddpm, learned range, guided", solver::ddpm<>{}, guidance);
  check<Channels>("ddpm, clipped", solver::ddpm<ardent::variance::fixed_small>{}, ardent::clipping::x0(-0.7, 0.9));
  check<Channels>("ddim", solver::ddim<>{});
  check<Channels>("ddim in double, guided", solver::ddim<0.5>{}, guidance, ardent::state<double>{});
  check<Channels>("dpm_solver_pp<2>", solver::dpm_solver_pp<2>{});
  check<Channels>("dpm_solver_pp<3>, guided at some times", solver::dpm_solver_pp<3>{},
                  ardent::guidance::interval(guidance, 100.0, 600.0));
  check<Channels>("unipc_2, guided", solver::unipc_2<>{}, guidance);
}

}  // namespace

TEST_CASE("pointwise_trajectory: the same bits as trajectory") {
  check_all<1>();
  check_all<4>();
  check_all<5>();
}

TEST_CASE("pointwise_trajectory: a mixture of static and of dynamic channels") {
  constexpr int channels = 3;
  float const weights[] = {0.4f, 0.6f}, means[] = {1, 0, -1, -2, 0.5f, 1}, deviations[] = {0.5f, 0.3f};
  ardent::denoiser::gaussian_mixture<channels> const fixed(channels, 2, weights, means, deviations);
  ardent::denoiser::gaussian_mixture const dynamic(channels, 2, weights, means, deviations);
  static_assert(std::is_same_v<decltype(dynamic), ardent::denoiser::gaussian_mixture<> const>);
  auto const sampler = ardent::make_sampler(ardent::ordering::raster(4, 1), ardent::annealing::constant(12));
  ardent::random::philox const random(5);
  std::vector<float> expected(4 * channels), found(4 * channels);
  ardent::unconditional_model model(dynamic, 4);
  ardent::generate(sampler, model, test::one_level<ardent::simd_level::baseline>(), random, {1}, expected);
  std::uint32_t const image_of[4] = {};
  int const position_of[4] = {0, 1, 2, 3};
  ardent::tile t;
  t.tokens = t.total = 4;
  t.images = image_of;
  t.positions = position_of;
  auto const table = sampler.rows(0);
  for (int r = 0; r < 4; ++r)
    ardent::pointwise_trajectory<1, channels>(t, r, table.data(), static_cast<int>(table.size()),
                                              ardent::numbers_of(sampler, 0), fixed.function(), random, found.data());
  CHECK(found == expected);
}
