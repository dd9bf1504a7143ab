// SPDX-License-Identifier: Apache-2.0
//
// The kernels between evaluations of somebody else's network: bytes a second, which a copy bounds. A million tokens of
// 16 channels: far more than the caches hold.
#include <ardent/ardent.hpp>
#include <ardent/cuda/batched.hpp>

#include <cstdint>
#include <span>
#include <vector>

#include "bench.hpp"

namespace {

constexpr int tokens = 1 << 20, channels = 16;
using ordering = ardent::ordering::raster<64, 4>;
using annealing = ardent::annealing::constant<50>;

/// Times one step in the middle of a trajectory.
/// @param floats  numbers of a token that the step must read or write at least, other than the network's
/// @param read    numbers of a token that it reads of the network's output
template <class Input, class Output, class Sampler>
void measure(bench::clock const& clock, char const* name, Sampler const& sampler, int floats, int read) {
  constexpr int outputs = (Sampler::reads_variance ? 2 : 1) * channels;
  const ardent::network_shape<Input, Output> shape{channels, outputs};
  const bench::device_bytes workspace(ardent::batched_bytes(sampler, tokens, shape));
  const bench::device_bytes samples(std::size_t{tokens} * channels * sizeof(float));
  const bench::device_bytes images(std::size_t{tokens} * 4), positions(std::size_t{tokens} * 4);
  ardent::tile t;
  t.tokens = t.total = tokens;
  t.branches = Sampler::branches;
  t.images = images.as<std::uint32_t>();
  t.positions = positions.as<int>();
  const ardent::batched_trajectory<Sampler, Input, Output> batched(
      sampler, 0, t, shape, std::span<std::byte>(workspace.as<std::byte>(), workspace.size()), samples.as<float>());
  const ardent::random::philox random(1);
  const auto time = clock.time([&](cudaStream_t s) {
    for (int i = 0; i < 20; ++i)
      ardent::cuda::enqueue_step(s, batched, 25, static_cast<Output const*>(batched.output()), random);
  });
  const double of_network = static_cast<double>(read) * sizeof(Output) + channels * sizeof(Input);
  // noise is keyed by image and position
  const double keys = Sampler::row_type::parts.noise ? 8.0 : 0.0;
  const double bytes = tokens * (of_network + 4.0 * floats + keys);
  std::printf("{\"kind\": \"step kernel\", \"name\": \"%s\", \"bytes\": %.0f, \"seconds\": %.6g, \"repeats\": %d}\n",
              name, bytes, time.seconds / 20, time.repeats);
  std::fflush(stdout);
}

void run() {
  const bench::clock clock;
  // float in and out: the network's next input is the state, which is read too
  measure<float, float>(clock, "DDIM, float", ardent::sampler<ordering, annealing, ardent::solver::ddim<>>{}, channels,
                        channels);
  measure<float, float>(clock, "DDPM learned range, guided, float",
                        ardent::sampler<ordering, annealing, ardent::solver::ddpm<>, ardent::guidance::constant<2.0>>{},
                        channels, 3 * channels);
  // half precision: the state is read and written beside the network's input
  measure<ardent::float16, ardent::float16>(
      clock, "DDPM learned range, guided, float16",
      ardent::sampler<ordering, annealing, ardent::solver::ddpm<>, ardent::guidance::constant<2.0>>{}, 2 * channels,
      3 * channels);
  // the same without a variance to read, so that all of what the network writes for a token is read
  measure<ardent::float16, ardent::float16>(
      clock, "DDPM, guided, float16",
      ardent::sampler<ordering, annealing, ardent::solver::ddpm<ardent::variance::fixed_small>,
                      ardent::guidance::constant<2.0>>{},
      2 * channels, 2 * channels);
  // one earlier output is read and one written
  measure<float, float>(
      clock, "DPM-Solver++ 2M, guided, float",
      ardent::sampler<ordering, annealing, ardent::solver::dpm_solver_pp<2>, ardent::guidance::constant<2.0>>{},
      3 * channels, 2 * channels);
}

}  // namespace

int main() { return bench::main_of(run); }
