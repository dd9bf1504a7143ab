// SPDX-License-Identifier: Apache-2.0
//
// Trajectories cut at the network's evaluations, as a GPU runs them around somebody else's network, on the host: the
// same bits as the one loop, for every part that a row may have.
#include <doctest/doctest.h>

#include <ardent/ardent.hpp>
#include <ardent/batched_trajectory.hpp>

#include <ardent/executor/checked.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "support/one_level.hpp"
#include "trajectory/batched_scene.hpp"

namespace {

namespace solver = ardent::solver;
constexpr ardent::simd_level baseline = ardent::simd_level::baseline;

template <class Input = float, class Output = float, class... Policies>
void check(std::string const& name, int channels, Policies const&... policies) {
  auto const sampler = test::batched_sampler(policies...);
  using sampler_type = std::remove_cvref_t<decltype(sampler)>;
  test::batched_scene const scene(channels);
  test::batched_network<sampler_type::reads_variance, Input, Output> net{channels};
  for (int const unused : {0, 3}) {
    net.unused = unused;
    auto const expected = test::by_trajectory(scene, sampler, net);
    for (int const copies : {1, sampler_type::branches}) {
      INFO(name << ", " << channels << " channels, " << unused << " unused, " << copies << " copies");
      test::batched_choice const how{unused == 0 ? 5 : 21, copies};
      CHECK(test::by_launches<Input, Output>(scene, test::one_level<baseline>(), sampler, net, how) == expected);
    }
  }
}

void check_all(int channels) {
  ardent::guidance::constant const guidance(1.7);
  ardent::process::flow_linear const flow;
  ardent::predicts<ardent::prediction::velocity> const velocity;
  ardent::grid::time_uniform const uniform;
  check("ddpm, learned range", channels, solver::ddpm<>{}, ardent::temperature::constant(0.8));
  check("ddpm, learned range, guided", channels, solver::ddpm<>{}, guidance);
  check("ddpm, clipped", channels, solver::ddpm<ardent::variance::fixed_small>{}, ardent::clipping::x0(-0.7, 0.9));
  check("ddim", channels, solver::ddim<>{});
  check("ddim in double, guided", channels, solver::ddim<0.5>{}, guidance, ardent::state<double>{});
  check("dpm_solver_pp<3>, guided at some times", channels, solver::dpm_solver_pp<3>{},
        ardent::guidance::interval(guidance, 100.0, 600.0));
  check("dpm_solver_pp<3> in double", channels, solver::dpm_solver_pp<3>{}, ardent::state<double>{});
  check("unipc_2, guided", channels, solver::unipc_2<>{}, guidance);
  check("sde_dpm_solver_pp<2>", channels, solver::sde_dpm_solver_pp<2>{});
  check("dpm_solver<2>", channels, solver::dpm_solver<2>{});
  check("flow_ab2", channels, solver::flow_ab2{}, flow, uniform, velocity);
  check("flow_heun, guided", channels, solver::flow_heun{}, flow, uniform, velocity, guidance);
  check("flow_heun in double", channels, solver::flow_heun{}, flow, uniform, velocity, ardent::state<double>{});
}

}  // namespace

TEST_CASE("batched_trajectory: the same bits as trajectory") {
  for (int const channels : {1, 3, 4, 16, 18}) check_all(channels);
}

TEST_CASE("batched_trajectory: networks in half precision") {
  ardent::guidance::constant const guidance(1.7);
  ardent::state<double> const in_double;
  for (int const channels : {12, 24}) {  // with so many, what the other networks write is beyond a half's range
    check<ardent::bfloat16, ardent::bfloat16>("ddpm", channels, solver::ddpm<>{}, guidance);
    check<ardent::bfloat16, float>("ddim in double", channels, solver::ddim<>{}, in_double);
  }
  for (int const channels : {3, 8}) {
    check<ardent::float16, ardent::float16>("ddpm", channels, solver::ddpm<>{}, guidance);
    check<ardent::bfloat16, ardent::bfloat16>("dpm_solver_pp<3>", channels, solver::dpm_solver_pp<3>{}, guidance);
    check<ardent::bfloat16, float>("ddim in double", channels, solver::ddim<>{}, in_double);
    check<float, ardent::float16>("unipc_2 in double", channels, solver::unipc_2<>{}, in_double, guidance);
    check<ardent::float16, float>("unipc_2", channels, solver::unipc_2<>{});
  }
}

namespace {

/// Whether start, a step in the middle and the last one take eight channels at a time.
template <class Input, class Output>
std::vector<bool> octets(int channels, int outputs, int behind_output = 0, int behind_samples = 0) {
  auto const sampler = test::batched_sampler(solver::ddpm<ardent::variance::fixed_small>{});
  test::batched_scene const scene(channels);
  ardent::network_shape<Input, Output> const shape{channels, outputs};
  test::aligned_bytes workspace(ardent::batched_bytes(sampler, 5, shape));
  test::aligned_bytes samples(static_cast<std::size_t>(scene.rows() * channels + 4) * sizeof(float)), output(64);
  ardent::batched_trajectory const batched(sampler, 1, scene.part(5, 5, 1), shape,
                                           std::span(workspace.data(), workspace.size()),
                                           samples.floats() + behind_samples);
  ardent::random::philox const random(1);
  auto const step = [&](int k) {
    auto const a =
        batched.step(k, static_cast<Output const*>(static_cast<void*>(output.data())) + behind_output, random);
    CHECK(ardent::batched_calls(a) == (a.octets ? channels / 8 : (channels + 3) / 4));
    return a.octets;
  };
  return {batched.start(random).octets, step(3), step(8)};
}

}  // namespace

TEST_CASE("batched_trajectory: eight channels at a time where a network's numbers have 16 bits and are aligned") {
  using half = ardent::float16;
  using answers = std::vector<bool>;
  CHECK(octets<half, half>(16, 16) == answers{true, true, true});
  CHECK(octets<half, float>(16, 16) == answers{true, true, true});
  CHECK(octets<float, half>(8, 8) == answers{false, true, true});
  CHECK(octets<float, float>(16, 16) == answers{false, false, false});
  CHECK(octets<half, half>(12, 16) == answers{false, false, false});
  CHECK(octets<half, half>(16, 20) == answers{true, false, false});
  CHECK(octets<half, half>(16, 16, 4) == answers{true, false, false});    // 8 bytes behind
  CHECK(octets<half, half>(16, 16, 0, 1) == answers{true, true, false});  // the samples are only written in the end
}

namespace {

template <ardent::simd_level Level>
void check_level() {
  if (Level > ardent::host_level()) return;
  auto const sampler = test::batched_sampler(solver::ddpm<>{}, ardent::guidance::constant(1.7));
  for (int const channels : {1, 4, 18}) {
    test::batched_scene const scene(channels);
    test::batched_network<true> const net{channels};
    auto const expected = test::by_trajectory<Level>(scene, sampler, net);
    for (int const threads : {1, 3}) {
      INFO("level " << static_cast<int>(Level) << ", " << channels << " channels, " << threads << " threads");
      ardent::executor::host const executor(threads, Level);
      CHECK(test::by_launches(scene, executor, sampler, net, {scene.rows()}) == expected);
      CHECK(test::by_launches(scene, executor, sampler, net, {1}) == expected);
    }
  }
}

}  // namespace

TEST_CASE("batched_trajectory: the same bits on any number of threads, at every level of instructions") {
  check_level<ardent::simd_level::baseline>();
  check_level<ardent::simd_level::avx2>();
  check_level<ardent::simd_level::avx512>();
}

TEST_CASE("batched_trajectory: one thread a quad, in blocks of any size") {
  auto const sampler = test::batched_sampler(solver::dpm_solver_pp<3>{}, ardent::guidance::constant(1.7));
  for (int const channels : {3, 16}) {
    test::batched_scene const scene(channels);
    test::batched_network<false> const net{channels};
    auto const expected = test::by_trajectory(scene, sampler, net);
    for (int const threads : {1, 5, 32})
      CHECK(test::by_launches(scene, ardent::executor::checked(2, threads), sampler, net) == expected);
  }
}

TEST_CASE("batched_trajectory: recorded noise, in tiles") {
  auto const sampler = test::batched_sampler(solver::ddpm<ardent::variance::fixed_small>{});
  test::batched_scene const scene(3);
  test::batched_network<false> const net{3};
  test::made_numbers numbers(4);
  std::vector<std::vector<float>> draws;
  std::vector<float const*> steps;
  for (int k = 0; k < 10; ++k) draws.push_back(numbers.normals(scene.rows() * 3));
  for (int k = 0; k < 9; ++k) steps.push_back(draws[static_cast<std::size_t>(k)].data());
  ardent::random::recorded_step const recorded[2] = {{draws[9].data(), steps.data()}, {draws[9].data(), steps.data()}};
  ardent::random::replay const random(recorded, nullptr, 14);
  auto const expected = test::by_trajectory(scene, sampler, net, random);
  CHECK(test::by_launches(scene, test::one_level<baseline>(), sampler, net, {}, random) == expected);
}

TEST_CASE("batched_trajectory: no tokens, no call of the network") {
  auto const sampler = test::batched_sampler();
  test::batched_scene const scene(4);
  ardent::network_shape<> const shape{4};
  CHECK(ardent::batched_bytes(sampler, 0, shape) == 0);
  int calls = 0;
  auto const network = [&](ardent::time_point const&, float const*, float*) { ++calls; };
  std::vector<float> samples(84);
  ardent::draw_batched(test::one_level<baseline>(), sampler, 1, scene.part(7, 0, 1), shape, network,
                       ardent::random::philox(1), {}, samples.data());
  CHECK(calls == 0);
}
