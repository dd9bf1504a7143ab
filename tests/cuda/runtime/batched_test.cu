// SPDX-License-Identifier: Apache-2.0
//
// What an AR step around somebody else's network asks of the runtime: one launch to start, one after each evaluation,
// and nothing that a stream's capture forbids.
#include <doctest/doctest.h>
#include <ardent/cuda/batched.hpp>
#include <ardent/cuda/graph.hpp>

#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "scene.hpp"

namespace {

constexpr int channels = 16;
using ordering = ardent::ordering::raster<64, 4>;
using one_row = ardent::sampler<ordering, ardent::annealing::linear<50, 5>, ardent::guidance::constant<2.0>>;
using multistep = ardent::sampler<ordering, ardent::annealing::constant<9>, ardent::solver::dpm_solver_pp<3>>;
using heun =
    ardent::sampler<ordering, ardent::annealing::constant<4>, ardent::process::flow_linear, ardent::grid::time_uniform,
                    ardent::solver::flow_heun, ardent::predicts<ardent::prediction::velocity>, ardent::state<double>>;

__global__ void stand_in(float const*, float*) {}

/// Somebody else's network: one launch.
void evaluate(cudaStream_t stream, ardent::time_point const&, float const* input, float* output) {
  stand_in<<<1, 32, 0, stream>>>(input, output);
}

/// An AR step's memory on the fake device, which runs nothing.
template <class Sampler>
struct batch {
  Sampler sampler;
  ardent::network_shape<> shape{channels};
  ardent::tile t;
  std::size_t bytes;
  scene::memory workspace, samples, places;

  explicit batch(int tokens)
      : bytes(ardent::batched_bytes(sampler, tokens, shape)),
        workspace(bytes + 64),
        samples(static_cast<std::size_t>(tokens) * channels * sizeof(float)),
        places(static_cast<std::size_t>(tokens) * 8) {
    t.tokens = t.total = tokens;
    t.branches = Sampler::branches;
    t.images = static_cast<std::uint32_t const*>(places.get());
    t.positions = reinterpret_cast<int const*>(t.images + tokens);
  }
  /// The fake's memory is malloc's; a real device's is aligned to 256.
  std::span<std::byte> aligned() const {
    auto const start = (reinterpret_cast<std::uintptr_t>(workspace.get()) + 63) / 64 * 64;
    return {reinterpret_cast<std::byte*>(start), bytes};
  }
  template <class Network>
  void draw(cudaStream_t stream, Network const& network) const {
    ardent::cuda::enqueue_batched(stream, sampler, 3, t, shape, network, ardent::random::philox(1), aligned(),
                                  static_cast<float*>(samples.get()));
  }
};

/// One launch to start, then the network's and one more for each evaluation.
template <class Sampler>
void check_launches(int tokens) {
  fake::reset();
  scene::stream const stream;
  batch<Sampler> const b(tokens);
  std::size_t const before = fake::calls().size();
  b.draw(stream.get(), evaluate);
  std::vector<fake::call> const calls = fake::calls();
  std::size_t const evaluations = b.sampler.rows(3).size();
  REQUIRE(calls.size() == before + 1 + 2 * evaluations);
  for (std::size_t i = 0; i <= 2 * evaluations; ++i) {
    fake::call const& c = calls[before + i];
    char const* const kernel = i == 0 ? "batched_start_kernel" : i % 2 == 1 ? "stand_in" : "batched_step_kernel";
    CHECK(c.name == "cudaLaunchKernel");
    CHECK(c.kernel.find(kernel) != std::string::npos);
    CHECK(c.stream == stream.get());
    if (i % 2 == 1) continue;
    CHECK(c.block.x == 256);
    CHECK(c.grid.x == static_cast<unsigned>((tokens * (channels / 4) + 255) / 256));
    CHECK(c.shared == 0);
  }
}

}  // namespace

TEST_CASE("enqueue_batched: one launch to start and one an evaluation, and no other call") {
  for (int const tokens : {1, 64, 65, 10000}) {
    CAPTURE(tokens);
    check_launches<one_row>(tokens);
    check_launches<multistep>(tokens);
    check_launches<heun>(tokens);
  }
}

TEST_CASE("enqueue_batched: half as many threads where a network's numbers have 16 bits and lie in eights") {
  fake::reset();
  constexpr int tokens = 1000;
  one_row const sampler;
  ardent::network_shape<ardent::float16, ardent::float16> const shape{channels};
  std::size_t const bytes = ardent::batched_bytes(sampler, tokens, shape);
  scene::memory const workspace(bytes), samples(tokens * channels * sizeof(float)), places(tokens * 8);
  ardent::tile t;
  t.tokens = t.total = tokens;
  t.branches = one_row::branches;
  t.images = static_cast<std::uint32_t const*>(places.get());
  t.positions = reinterpret_cast<int const*>(t.images + tokens);
  ardent::cuda::enqueue_batched(
      nullptr, sampler, 3, t, shape, [](auto&&...) {}, ardent::random::philox(1),
      std::span(static_cast<std::byte*>(workspace.get()), bytes), static_cast<float*>(samples.get()));
  REQUIRE(fake::launches().size() == 1 + sampler.rows(3).size());
  for (fake::call const& c : fake::launches()) CHECK(c.grid.x == (tokens * channels / 8 + 255) / 256);
}

TEST_CASE("enqueue_batched: no token, no call") {
  fake::reset();
  batch<one_row> const b(0);
  std::size_t const before = fake::calls().size();
  b.draw(nullptr, evaluate);
  CHECK(fake::calls().size() == before);
}

TEST_CASE("enqueue_batched: an AR step is one graph") {
  fake::reset();
  scene::stream const stream;
  batch<multistep> const b(64);
  REQUIRE(cudaStreamBeginCapture(stream.get(), cudaStreamCaptureModeGlobal) == cudaSuccess);
  b.draw(stream.get(), evaluate);
  cudaGraph_t graph = nullptr;
  REQUIRE(cudaStreamEndCapture(stream.get(), &graph) == cudaSuccess);
  CHECK(fake::violations().empty());
  CHECK(fake::nodes(graph) == 1 + 2 * static_cast<int>(b.sampler.rows(3).size()));
  cudaGraphDestroy(graph);
}

TEST_CASE("enqueue_batched: any of the launches fails") {
  int const launches = 1 + 2 * static_cast<int>(one_row{}.rows(3).size());
  for (int const number : {1, 3, launches}) {  // the start, the first step, the last one
    CAPTURE(number);
    fake::reset();
    scene::stream const stream;
    batch<one_row> const b(64);
    std::size_t const live = fake::live();
    fake::fail("cudaLaunchKernel", number, cudaErrorLaunchOutOfResources);
    char const* const what = number == 1 ? "launching the start of a batched trajectory failed"
                                         : "launching a step of a batched trajectory failed";
    CHECK_THROWS_WITH_AS(b.draw(stream.get(), evaluate), doctest::Contains(what), ardent::cuda::error);
    CHECK(cudaPeekAtLastError() == cudaSuccess);
    CHECK(fake::launches().size() == static_cast<std::size_t>(number));  // it stops there
    CHECK(fake::live() == live);
    CHECK_NOTHROW(b.draw(stream.get(), evaluate));
  }
}

TEST_CASE("enqueue_batched: a stream that was destroyed, and one of another device") {
  fake::reset({fake::device{}, fake::device{}});
  batch<one_row> const b(64);
  scene::check_bad_streams("launching the start of a batched trajectory", [&](cudaStream_t s) { b.draw(s, evaluate); });
}

TEST_CASE("enqueue_batched: what the network throws is passed on, and ends a capture") {
  fake::reset();
  scene::stream const stream;
  batch<one_row> const b(64);
  auto const failing = [](cudaStream_t, ardent::time_point const&, float const*, float*) {
    throw std::runtime_error("of the network");
  };
  CHECK_THROWS_WITH_AS(b.draw(stream.get(), failing), "of the network", std::runtime_error);
  CHECK(fake::launches().size() == 1);
  std::size_t const live = fake::live();
  CHECK_THROWS_WITH_AS(ardent::cuda::graph(stream.get(), [&](cudaStream_t s) { b.draw(s, failing); }), "of the network",
                       std::runtime_error);
  CHECK(fake::live() == live);
  CHECK_NOTHROW(b.draw(stream.get(), evaluate));
}

TEST_CASE("enqueue_batched: sizes that do not fit are refused before any call") {
  fake::reset();
  batch<one_row> const b(64);
  std::size_t const before = fake::calls().size();
  ardent::random::philox const random(1);
  std::span<float> const samples(static_cast<float*>(b.samples.get()), 64 * channels);
  std::span<std::byte> const memory = b.aligned();
  CHECK_THROWS_WITH_AS(ardent::cuda::enqueue_batched(nullptr, b.sampler, 3, b.t, b.shape, evaluate, random,
                                                     memory.first(memory.size() - 1), samples),
                       doctest::Contains("a workspace of"), std::invalid_argument);
  CHECK_THROWS_WITH_AS(ardent::cuda::enqueue_batched(nullptr, b.sampler, 3, b.t, b.shape, evaluate, random,
                                                     std::span(memory.data() + 4, memory.size()), samples),
                       doctest::Contains("aligned to 64"), std::invalid_argument);
  CHECK_THROWS_WITH_AS(ardent::cuda::enqueue_batched(nullptr, b.sampler, 3, b.t, b.shape, evaluate, random, memory,
                                                     samples.first(samples.size() - 1)),
                       doctest::Contains("expected 1024 elements, found 1023"), std::invalid_argument);
  ardent::tile one_branch = b.t;
  one_branch.branches = 1;
  CHECK_THROWS_WITH_AS(
      ardent::cuda::enqueue_batched(nullptr, b.sampler, 3, one_branch, b.shape, evaluate, random, memory, samples),
      doctest::Contains("a tile of 2 branches"), std::invalid_argument);
  CHECK(fake::calls().size() == before);
}

TEST_CASE("enqueue_step: the network's output is a pointer or a range, which is large enough") {
  fake::reset();
  batch<one_row> const b(3);
  ardent::random::philox const random(1);
  ardent::batched_trajectory<one_row> const batched(b.sampler, 3, b.t, b.shape, b.aligned(),
                                                    static_cast<float*>(b.samples.get()));
  scene::memory const own(2 * 3 * channels * sizeof(float));
  std::span<float const> const output(static_cast<float const*>(own.get()), 2 * 3 * channels);
  ardent::cuda::enqueue_step(nullptr, batched, 0, batched.output(), random);
  ardent::cuda::enqueue_step(nullptr, batched, 1, output, random);
  CHECK(fake::launches().size() == 2);
  CHECK_THROWS_WITH_AS(ardent::cuda::enqueue_step(nullptr, batched, 1, output.first(95), random),
                       "ardent::cuda::enqueue_step: expected 96 elements, found 95", std::invalid_argument);
  CHECK_THROWS_WITH_AS(ardent::cuda::enqueue_step(nullptr, batched, 1, static_cast<float const*>(nullptr), random),
                       doctest::Contains("a null pointer"), std::invalid_argument);
  CHECK(fake::launches().size() == 2);
}

TEST_CASE("batched kernels: the threads of a launch make each call of each token once, and no other") {
  for (int const channels : {1, 4, 6, 16})
    for (bool const octets : {false, true}) {
      if (octets && channels % 8 != 0) continue;
      ardent::batched_view<float, float, ardent::random::philox> view{ardent::random::philox(1)};
      view.tokens = 77;
      view.channels = channels;
      view.octets = octets;
      auto const calls = static_cast<std::size_t>(ardent::batched_calls(view));
      std::vector<int> made(77 * calls);
      unsigned const threads = ardent::cuda::detail::batched_blocks(view) * ardent::cuda::detail::batched_threads;
      for (unsigned i = 0; i < threads; ++i)
        ardent::cuda::detail::for_call(view, i, [&](int r, int call) {
          ++made[static_cast<std::size_t>(r) * calls + static_cast<std::size_t>(call)];
        });
      CHECK(made == std::vector<int>(made.size(), 1));
    }
}
