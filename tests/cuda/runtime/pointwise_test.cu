// SPDX-License-Identifier: Apache-2.0
//
// What a pointwise AR step asks of the runtime: one launch, and nothing that a stream's capture forbids.
#include <doctest/doctest.h>

#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "scene.hpp"

TEST_CASE("enqueue_pointwise: one launch, of enough blocks") {
  fake::reset();
  scene::stream const stream;
  for (int const tokens : {1, 128, 129, 70000}) {
    fake::reset();
    scene::stream const own;
    scene::draw(own.get(), 0, tokens);
    std::vector<fake::call> const launches = fake::launches();
    REQUIRE(launches.size() == 1);
    CHECK(launches[0].name == "cudaLaunchKernel");
    CHECK(launches[0].kernel.find("pointwise_kernel") != std::string::npos);
    CHECK(launches[0].grid.x == static_cast<unsigned>((tokens + 127) / 128));
    CHECK(launches[0].block.x == 128);
    CHECK(launches[0].grid.y * launches[0].grid.z * launches[0].block.y * launches[0].block.z == 1);
    CHECK(launches[0].shared == 0);
    CHECK(launches[0].stream == own.get());
    CHECK(fake::calls().size() == 2);  // the stream's creation and the launch
  }
}

TEST_CASE("enqueue_pointwise: samples are a pointer or a range, which is large enough") {
  fake::reset();
  scene::memory const memory(16 * scene::channels * sizeof(float));
  std::span<float> const samples(static_cast<float*>(memory.get()), 16 * scene::channels);
  scene::draw(nullptr, 0, 16, samples);
  CHECK(fake::launches().size() == 1);
  CHECK_THROWS_WITH_AS(scene::draw(nullptr, 0, 16, samples.first(63)),
                       "ardent::cuda::enqueue_pointwise: expected 64 elements, found 63", std::invalid_argument);
  CHECK_THROWS_WITH_AS(scene::draw(nullptr, 0, 16, static_cast<float*>(nullptr)), doctest::Contains("a null pointer"),
                       std::invalid_argument);
  CHECK(fake::launches().size() == 1);
}

TEST_CASE("enqueue_pointwise: no token, no call") {
  fake::reset();
  scene::draw(nullptr, 0, 0);
  CHECK(fake::calls().empty());
}

TEST_CASE("enqueue_pointwise: AR steps and rows that there are not") {
  fake::reset();
  auto const refused = [](std::string const& expected, int ar_step, int tokens, int first) {
    CHECK_THROWS_WITH_AS(scene::draw(nullptr, ar_step, tokens, reinterpret_cast<float*>(64), first),
                         ("ardent::cuda::enqueue_pointwise: expected " + expected).c_str(), std::invalid_argument);
  };
  refused("an AR step below 4, found -1", -1, 16, 0);
  refused("an AR step below 4, found 4", 4, 16, 0);
  refused("an AR step below 4, found 4", 4, 0, 0);
  refused("a tile within its 16 rows, found 16 rows from row 1 on", 0, 16, 1);
  refused("a tile within its 16 rows, found 16 rows from row -1 on", 0, 16, -1);
  CHECK(fake::calls().empty());
}

TEST_CASE("enqueue_pointwise: all AR steps in one graph, a node each, and no other call") {
  fake::reset();
  scene::stream const stream;
  REQUIRE(cudaStreamBeginCapture(stream.get(), cudaStreamCaptureModeGlobal) == cudaSuccess);
  std::size_t const before = fake::calls().size();
  int const ar_steps = scene::sampler{}.ar_steps();
  for (int i = 0; i < ar_steps; ++i) scene::draw(stream.get(), i, 16);
  std::vector<fake::call> const calls = fake::calls();
  CHECK(calls.size() == before + static_cast<std::size_t>(ar_steps));
  for (std::size_t i = before; i < calls.size(); ++i) {
    CHECK(calls[i].name == "cudaLaunchKernel");
    CHECK(calls[i].captured);
  }
  cudaGraph_t graph = nullptr;
  REQUIRE(cudaStreamEndCapture(stream.get(), &graph) == cudaSuccess);
  CHECK(fake::violations().empty());
  CHECK(fake::nodes(graph) == ar_steps);
  cudaGraphDestroy(graph);
}
