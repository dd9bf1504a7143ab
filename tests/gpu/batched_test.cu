// SPDX-License-Identifier: Apache-2.0
//
// Trajectories around a network that somebody else enqueues, on a GPU against the host, in every type that the network
// may read and write; the counter of infinities and NaNs; and a whole AR step in a CUDA graph.
#include <doctest/doctest.h>
#include <ardent/ardent.hpp>
#include <ardent/batched_trajectory.hpp>
#include <ardent/cuda/batched.hpp>
#include <ardent/cuda/graph.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "gpu/device_array.hpp"
#include "support/made_numbers.hpp"
#include "support/one_level.hpp"

namespace {

namespace solver = ardent::solver;
using test::device_array;

/// One token and branch of a made-up network, on either machine.
template <class Input, class Output>
struct network {
  int channels, outputs, tokens, input_copies;
  float const* z;   // [branches][tokens][2]
  int broken = -1;  // a row whose first output is NaN

  ARDENT_INLINE void operator()(int row, ardent::time_point const& time, Input const* input, Output* output) const {
    const int token = row % tokens, copy = input_copies == 1 ? 0 : row / tokens;
    Input const* const x = input + (copy * tokens + token) * channels;
    float sum = 0;
    for (int c = 0; c < channels; ++c) sum += ardent::to_float(x[c]);
    sum = bounded(sum);  // so that no sampler makes it grow without end
    for (int c = 0; c < outputs; ++c) {
      const float own = ardent::to_float(x[c % channels]);
      const float v = time.sigma * own + z[2 * row] * sum * 0.3f - z[2 * row + 1] * 0.3f;
      ardent::store_weight(c < channels ? v : bounded(own), output[row * outputs + c]);
    }
    if (row == broken) ardent::store_weight(v_nan(), output[row * outputs]);
  }
  ARDENT_INLINE static float bounded(float v) { return v / (1.0f + (v < 0 ? -v : v)); }
  ARDENT_INLINE static float v_nan() { return ardent::detail::bits_to_float(0x7fc00000u); }
};

template <class Input, class Output>
__global__ void network_kernel(const network<Input, Output> net, int rows, ardent::time_point time, Input const* input,
                               Output* output) {
  const int row = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (row < rows) net(row, time, input, output);
}

/// An AR step on both machines.
template <class Input, class Output, class Sampler>
struct step {
  Sampler const& sampler;
  ardent::network_shape<Input, Output> shape;
  int tokens;
  std::vector<float> z;
  std::vector<std::uint32_t> images;
  std::vector<int> positions;
  device_array<float> on_z;
  device_array<std::uint32_t> on_images;
  device_array<int> on_positions;
  ardent::random::philox random{77};

  step(Sampler const& s, int channels, int copies, int count)
      : sampler(s),
        shape{channels, (Sampler::reads_variance ? 2 : 1) * channels, copies},
        tokens(count),
        z(test::made_numbers(8).normals(4 * count)),
        images(static_cast<std::size_t>(count), 40),
        positions(static_cast<std::size_t>(count)),
        on_z(z),
        on_images(images),
        on_positions(numbered(positions)) {}
  static std::vector<int> const& numbered(std::vector<int>& positions) {
    for (std::size_t i = 0; i < positions.size(); ++i) positions[i] = static_cast<int>(i);
    return positions;
  }
  ardent::tile tile(bool on_device) const {
    ardent::tile t;
    t.tokens = t.total = tokens;
    t.branches = Sampler::branches;
    t.images = on_device ? on_images.data() : images.data();
    t.positions = on_device ? on_positions.data() : positions.data();
    return t;
  }
  network<Input, Output> net(bool on_device, int broken = -1) const {
    return {shape.channels, shape.outputs, tokens, shape.input_copies, on_device ? on_z.data() : z.data(), broken};
  }
  std::vector<float> on_host() const {
    test::aligned_bytes workspace(ardent::batched_bytes(sampler, tokens, shape));
    std::vector<float> samples(static_cast<std::size_t>(tokens * shape.channels));
    auto const evaluate = [&](ardent::time_point const& time, Input const* input, Output* output) {
      for (int row = 0; row < Sampler::branches * tokens; ++row) net(false)(row, time, input, output);
    };
    ardent::draw_batched(test::one_level<ardent::simd_level::baseline>(), sampler, 1, tile(false), shape, evaluate,
                         random, {workspace.data(), workspace.size()}, samples.data());
    return samples;
  }
  void enqueue(cudaStream_t stream, std::span<std::byte> workspace, std::span<float> samples, int broken = -1,
               unsigned long long* nonfinite = nullptr) const {
    auto const evaluate = [&](cudaStream_t s, ardent::time_point const& time, Input const* input, Output* output) {
      int const rows = Sampler::branches * tokens;
      network_kernel<<<static_cast<unsigned>((rows + 63) / 64), 64, 0, s>>>(net(true, broken), rows, time, input,
                                                                            output);
    };
    ardent::cuda::enqueue_batched(stream, sampler, 1, tile(true), shape, evaluate, random, workspace, samples,
                                  nonfinite);
  }
};

/// The largest difference, relative to the largest number; infinite if a number is NaN.
double difference(std::vector<float> const& found, std::vector<float> const& expected) {
  double largest = 0, scale = 1;
  for (float const x : expected) scale = std::fmax(scale, std::fabs(static_cast<double>(x)));
  for (std::size_t i = 0; i < found.size(); ++i) {
    double const d = std::fabs(static_cast<double>(found[i]) - static_cast<double>(expected[i]));
    largest = std::isnan(d) ? INFINITY : std::fmax(largest, d);
  }
  return largest / scale;
}

/// @param bound  of the network's types: where they round, a last bit that differs is another number
template <class Input = float, class Output = float, class... Policies>
void check(std::string const& name, double bound, Policies const&... policies) {
  auto const sampler =
      ardent::make_sampler(ardent::ordering::raster(14, 2), ardent::annealing::constant(9), policies...);
  using sampler_type = std::remove_cvref_t<decltype(sampler)>;
  for (int const channels : {3, 16})
    for (int const copies : {1, sampler_type::branches}) {
      INFO(name << ", " << channels << " channels, " << copies << " copies");
      step<Input, Output, sampler_type> const s(sampler, channels, copies, 150);
      device_array<std::byte> const workspace(ardent::batched_bytes(sampler, s.tokens, s.shape));
      device_array<float> const samples(static_cast<std::size_t>(s.tokens * channels));
      test::device_stream const stream;
      s.enqueue(stream.get(), workspace.span(), samples.span());
      std::vector<float> const found = samples.read();
      CHECK(difference(found, s.on_host()) < bound);
      ardent::cuda::graph const graph(stream.get(),
                                      [&](cudaStream_t in) { s.enqueue(in, workspace.span(), samples.span()); });
      for (int launch = 0; launch < 2; ++launch) {
        cudaMemset(samples.data(), 0xff, found.size() * sizeof(float));
        graph.launch(stream.get());
        CHECK(samples.read() == found);
      }
    }
}

}  // namespace

TEST_CASE("enqueue_batched: the host's samples, also from a graph") {
  // contracted multiply-adds over nine steps; another draw or coefficient would be off by a good part of 1
  constexpr double bound = 1e-4;
  ardent::guidance::constant const guidance(1.7);
  ardent::process::flow_linear const flow;
  ardent::predicts<ardent::prediction::velocity> const velocity;
  check("ddpm, learned range, guided", bound, solver::ddpm<>{}, guidance, ardent::temperature::constant(0.8));
  check("ddpm, clipped", bound, solver::ddpm<ardent::variance::fixed_small>{}, ardent::clipping::x0(-0.7, 0.9));
  check("dpm_solver_pp<3>, guided at some times", bound, solver::dpm_solver_pp<3>{},
        ardent::guidance::interval(guidance, 100.0, 600.0));
  check("flow_heun in double", bound, solver::flow_heun{}, flow, ardent::grid::time_uniform{}, velocity,
        ardent::state<double>{});
}

TEST_CASE("enqueue_batched: networks in half precision") {
  ardent::guidance::constant const guidance(1.7);
  check<ardent::float16, ardent::float16>("ddpm", 2e-2, solver::ddpm<>{}, guidance);
  check<ardent::bfloat16, float>("ddim in double", 1e-1, solver::ddim<>{}, ardent::state<double>{});
  check<float, ardent::bfloat16>("unipc_2", 1e-1, solver::unipc_2<>{}, guidance);
}

TEST_CASE("enqueue_batched: NaNs of the network are counted") {
  auto const sampler = ardent::make_sampler(ardent::ordering::raster(14, 2), ardent::annealing::constant(9));
  step<float, float, std::remove_cvref_t<decltype(sampler)>> const s(sampler, 16, 1, 150);
  device_array<std::byte> const workspace(ardent::batched_bytes(sampler, s.tokens, s.shape));
  device_array<float> const samples(static_cast<std::size_t>(s.tokens * 16));
  device_array<unsigned long long> const counter(1, 0);
  s.enqueue(nullptr, workspace.span(), samples.span(), -1, counter.data());
  std::vector<float> const clean = samples.read();
  CHECK(counter.read()[0] == 0);
  s.enqueue(nullptr, workspace.span(), samples.span(), 17, counter.data());
  std::vector<float> const found = samples.read();
  // the first evaluation has one; then the token's first channel is NaN, and by their sum all of its outputs
  CHECK(counter.read()[0] == 1 + 16 * (sampler.rows(1).size() - 1));
  int wrong = 0;
  for (std::size_t i = 0; i < found.size(); ++i) wrong += i / 16 == 17 ? !std::isnan(found[i]) : found[i] != clean[i];
  CHECK(wrong == 0);
}
