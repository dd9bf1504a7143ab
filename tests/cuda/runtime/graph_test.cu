// SPDX-License-Identifier: Apache-2.0
//
// The ownership of cuda::graph: what it asks of the runtime, and that nothing is left behind, whatever fails.
#include <doctest/doctest.h>
#include <ardent/cuda/graph.hpp>

#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

#include "scene.hpp"

namespace {

using ardent::cuda::graph;
static_assert(!std::is_copy_constructible_v<graph> && !std::is_copy_assignable_v<graph>);
static_assert(std::is_nothrow_move_constructible_v<graph> && std::is_nothrow_move_assignable_v<graph>);

void enqueue(cudaStream_t stream) { scene::draw(stream, 0, 16); }

/// A call that spoils a capture; what it returns is not looked at, as a careless callable would not.
void allocate() {
  void* block = nullptr;
  cudaMalloc(&block, 4);
}

/// Only the test's stream is alive, nobody captures, and the next call is not blamed.
void check_nothing_left() {
  CHECK(fake::live() == 1);
  CHECK(cudaPeekAtLastError() == cudaSuccess);
}

void check_stream_is_free(cudaStream_t stream) {
  cudaStreamCaptureStatus status = cudaStreamCaptureStatusActive;
  CHECK(cudaStreamIsCapturing(stream, &status) == cudaSuccess);
  CHECK(status == cudaStreamCaptureStatusNone);
}

}  // namespace

TEST_CASE("graph: the callable is captured once, and launched as often as asked") {
  fake::reset();
  scene::stream const stream;
  {
    int calls = 0;
    graph const g(stream.get(), [&](cudaStream_t s) {
      ++calls;
      CHECK(s == stream.get());
      enqueue(s);
    });
    CHECK(calls == 1);
    REQUIRE(fake::launches().size() == 1);
    CHECK(fake::launches()[0].captured);
    CHECK(fake::live() == 2);  // the graph is destroyed when its executable is made
    check_stream_is_free(stream.get());
    g.launch(stream.get());
    g.launch(stream.get());
    CHECK(fake::calls("cudaGraphLaunch").size() == 2);
    CHECK(fake::launches().size() == 1);
  }
  CHECK(fake::violations().empty());
  check_nothing_left();
}

TEST_CASE("graph: moves hand the executable over") {
  fake::reset();
  scene::stream const stream;
  {
    graph first(stream.get(), enqueue);
    cudaGraphExec_t const handle = first.handle();
    graph second(std::move(first));
    CHECK(first.handle() == nullptr);
    CHECK(second.handle() == handle);
    second.launch(stream.get());
    graph third(stream.get(), enqueue);
    third = std::move(second);
    CHECK(third.handle() == handle);
    CHECK(fake::live() == 3);  // what third had is second's, until that is destroyed
  }
  CHECK(fake::calls("cudaGraphExecDestroy").size() == 2);
  check_nothing_left();
}

TEST_CASE("graph: each call that can fail") {
  for (char const* const name : {"cudaStreamBeginCapture", "cudaLaunchKernel", "cudaGraphInstantiate"}) {
    CAPTURE(name);
    fake::reset();
    scene::stream const stream;
    fake::fail(name, 1, cudaErrorUnknown);
    try {
      graph const g(stream.get(), enqueue);
      FAIL("nothing was thrown");
    } catch (ardent::cuda::error const& e) {
      CHECK(e.code() == cudaErrorUnknown);
    }
    check_nothing_left();
    check_stream_is_free(stream.get());
  }
  fake::reset();
  scene::stream const stream;
  graph const g(stream.get(), enqueue);
  fake::fail("cudaGraphLaunch", 1, cudaErrorUnknown);
  CHECK_THROWS_WITH_AS(g.launch(stream.get()), doctest::Contains("launching a graph failed"), ardent::cuda::error);
  CHECK(cudaPeekAtLastError() == cudaSuccess);
  CHECK_NOTHROW(g.launch(stream.get()));
}

TEST_CASE("graph: a callable that spoils its capture, and the default stream, which has none") {
  fake::reset();
  scene::stream const stream;
  CHECK_THROWS_WITH_AS(graph(stream.get(), [](cudaStream_t) { allocate(); }),
                       doctest::Contains("ending the capture of a graph failed with cudaErrorStreamCaptureInvalidated"),
                       ardent::cuda::error);
  CHECK(fake::violations() == std::vector<std::string>{"cudaMalloc"});
  check_nothing_left();
  check_stream_is_free(stream.get());
  CHECK_THROWS_WITH_AS(graph(nullptr, enqueue), doctest::Contains("beginning the capture of a graph"),
                       ardent::cuda::error);
  check_nothing_left();
}

TEST_CASE("graph: a callable that throws ends its capture, also a spoilt one") {
  for (bool const spoilt : {false, true}) {
    CAPTURE(spoilt);
    fake::reset();
    scene::stream const stream;
    CHECK_THROWS_WITH_AS(graph(stream.get(),
                               [&](cudaStream_t s) {
                                 enqueue(s);
                                 if (spoilt) allocate();
                                 throw std::runtime_error("of the callable");
                               }),
                         "of the callable", std::runtime_error);
    check_nothing_left();
    check_stream_is_free(stream.get());
  }
}
