// SPDX-License-Identifier: Apache-2.0
//
// Pointwise trajectories on a GPU against the same body on the host, and in a CUDA graph.
#include <doctest/doctest.h>
#include <ardent/ardent.hpp>
#include <ardent/cuda/graph.hpp>
#include <ardent/cuda/pointwise.hpp>

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "gpu/device_array.hpp"

namespace {

namespace solver = ardent::solver;
using test::device_array;

constexpr int channels = 5, components = 2;
using mixture = ardent::denoiser::gaussian_mixture<channels>;

/// Tokens of an AR step, on both machines.
struct tokens_of_step {
  int count;
  std::vector<std::uint32_t> images;
  std::vector<int> positions;
  std::vector<float> weights{0.4f, 0.6f}, means{1, 0, -1, 2, 0.5f, -2, 0.5f, 1, 0, -0.5f}, deviations{0.5f, 0.3f};
  device_array<std::uint32_t> on_images;
  device_array<int> on_positions;
  device_array<float> on_weights, on_means, on_deviations;

  explicit tokens_of_step(int n)
      : count(n),
        on_images(static_cast<std::size_t>(n)),
        on_positions(static_cast<std::size_t>(n)),
        on_weights(weights),
        on_means(means),
        on_deviations(deviations) {
    for (int i = 0; i < n; ++i) {
      images.push_back(static_cast<std::uint32_t>(3 + i / 10));
      positions.push_back(i % 10);
    }
    cudaMemcpy(on_images.data(), images.data(), images.size() * 4, cudaMemcpyHostToDevice);
    cudaMemcpy(on_positions.data(), positions.data(), positions.size() * 4, cudaMemcpyHostToDevice);
  }
  ardent::tile tile(int branches, bool on_device) const {
    ardent::tile t;
    t.tokens = t.total = count;
    t.branches = branches;
    t.ar_step = 1;
    t.images = on_device ? on_images.data() : images.data();
    t.positions = on_device ? on_positions.data() : positions.data();
    return t;
  }
  mixture host_denoiser() const { return {channels, components, weights.data(), means.data(), deviations.data()}; }
  mixture device_denoiser() const {
    return {channels, components, on_weights.data(), on_means.data(), on_deviations.data()};
  }
};

template <class Sampler>
std::vector<float> on_host(tokens_of_step const& what, Sampler const& sampler, ardent::random::philox const& random) {
  std::vector<float> samples(static_cast<std::size_t>(what.count * channels));
  auto const rows = sampler.rows(1);
  for (int r = 0; r < what.count; ++r)
    ardent::pointwise_trajectory<Sampler::branches, channels>(
        what.tile(Sampler::branches, false), r, rows.data(), static_cast<int>(rows.size()),
        ardent::numbers_of(sampler, 1), what.host_denoiser().function(), random, samples.data());
  return samples;
}

template <class... Policies>
void check(std::string const& name, Policies const&... policies) {
  CAPTURE(name);
  auto const sampler =
      ardent::make_sampler(ardent::ordering::raster(64, 4), ardent::annealing::constant(12), policies...);
  using sampler_type = std::remove_cvref_t<decltype(sampler)>;
  ardent::random::philox const random(5);
  for (int const count : {1, 127, 300}) {
    CAPTURE(count);
    tokens_of_step const what(count);
    std::vector<float> const expected = on_host(what, sampler, random);
    device_array<float> const samples(expected.size());
    test::device_stream const stream;
    auto const enqueue = [&](cudaStream_t s) {
      ardent::cuda::enqueue_pointwise<channels>(s, sampler, 1, what.tile(sampler_type::branches, true),
                                                what.device_denoiser(), random, samples.data());
    };
    enqueue(stream.get());
    std::vector<float> const found = samples.read();
    double largest = 0;
    for (std::size_t i = 0; i < found.size(); ++i) {
      double const difference = std::fabs(static_cast<double>(found[i]) - static_cast<double>(expected[i]));
      largest = std::isnan(difference) ? INFINITY : std::fmax(largest, difference);
    }
    // The device contracts multiply-adds and divides to 2 ulp: a few ulp a step, of numbers that the noisiest steps
    // have up to 20 times larger than the samples. Another draw or coefficient would be off by about 1.
    CHECK(largest < 2e-4);
    ardent::cuda::graph const graph(stream.get(), enqueue);
    for (int launch = 0; launch < 2; ++launch) {
      cudaMemset(samples.data(), 0xff, found.size() * sizeof(float));
      graph.launch(stream.get());
      CHECK(samples.read() == found);
    }
  }
}

}  // namespace

TEST_CASE("enqueue_pointwise: the host's samples, also from a graph") {
  check("ddpm", solver::ddpm<ardent::variance::fixed_small>{}, ardent::temperature::constant(0.9));
  check("ddpm, clipped", solver::ddpm<ardent::variance::fixed_large>{}, ardent::clipping::x0(-1.0, 1.0));
  check("ddim, guided", solver::ddim<0.5>{}, ardent::guidance::constant(1.5));
  check("dpm_solver_pp<3>", solver::dpm_solver_pp<3>{});
  check("unipc_2", solver::unipc_2<>{});
  check("ddim in double", solver::ddim<>{}, ardent::state<double>{});
}
