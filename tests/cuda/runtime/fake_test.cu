// SPDX-License-Identifier: Apache-2.0
//
// The fake runtime itself: what it must notice, it notices.
#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "cuda/fake_runtime.hpp"
#include "scene.hpp"

namespace {

__global__ void nothing(int*) {}

void const* function() { return reinterpret_cast<void const*>(&nothing); }

cudaError_t launch(int blocks, int threads, std::size_t shared, cudaStream_t stream = nullptr) {
  static_cast<void>(cudaGetLastError());  // of earlier calls
  nothing<<<static_cast<unsigned>(blocks), static_cast<unsigned>(threads), shared, stream>>>(nullptr);
  return cudaGetLastError();
}

cudaError_t launch_cooperative(int blocks) {
  int* none = nullptr;
  void* arguments[] = {&none};
  cudaError_t const result =
      cudaLaunchCooperativeKernel(function(), dim3(static_cast<unsigned>(blocks)), dim3(128), arguments, 0, nullptr);
  CHECK(cudaGetLastError() == result);
  return result;
}

}  // namespace

TEST_CASE("fake runtime: each forbidden call in a capture is noted, and spoils the capture") {
  void* block = nullptr;
  cudaEvent_t event = nullptr;
  char bytes[4] = {};
  struct forbidden {
    std::string name;
    std::function<cudaError_t(cudaStream_t)> make;
  };
  forbidden const each[] = {
      {"cudaMalloc", [&](cudaStream_t) { return cudaMalloc(&block, 4); }},
      {"cudaMallocAsync", [&](cudaStream_t s) { return cudaMallocAsync(&block, 4, s); }},
      {"cudaMallocHost", [&](cudaStream_t) { return cudaMallocHost(&block, 4); }},
      {"cudaHostAlloc", [&](cudaStream_t) { return cudaHostAlloc(&block, 4, 0); }},
      {"cudaFree", [&](cudaStream_t) { return cudaFree(nullptr); }},
      {"cudaFreeAsync", [&](cudaStream_t s) { return cudaFreeAsync(nullptr, s); }},
      {"cudaFreeHost", [&](cudaStream_t) { return cudaFreeHost(nullptr); }},
      {"cudaMemcpy", [&](cudaStream_t) { return cudaMemcpy(bytes, bytes + 2, 2, cudaMemcpyDefault); }},
      {"cudaMemset", [&](cudaStream_t) { return cudaMemset(bytes, 0, 4); }},
      {"cudaDeviceSynchronize", [&](cudaStream_t) { return cudaDeviceSynchronize(); }},
      {"cudaStreamSynchronize", [&](cudaStream_t s) { return cudaStreamSynchronize(s); }},
      {"cudaStreamQuery", [&](cudaStream_t s) { return cudaStreamQuery(s); }},
      {"cudaEventSynchronize", [&](cudaStream_t) { return cudaEventSynchronize(event); }},
      {"cudaEventQuery", [&](cudaStream_t) { return cudaEventQuery(event); }},
      {"cudaLaunchKernel on a stream that is not captured", [&](cudaStream_t) { return launch(1, 32, 0); }},
  };
  for (forbidden const& f : each) {
    INFO(f.name);
    fake::reset();
    scene::stream const stream;
    cudaEventCreate(&event);
    REQUIRE(cudaStreamBeginCapture(stream.get(), cudaStreamCaptureModeGlobal) == cudaSuccess);
    CHECK(launch(1, 32, 0, stream.get()) == cudaSuccess);
    CHECK(fake::violations().empty());
    CHECK(f.make(stream.get()) != cudaSuccess);
    CHECK(fake::violations() == std::vector<std::string>{f.name});
    cudaGraph_t graph = nullptr;
    CHECK(cudaStreamEndCapture(stream.get(), &graph) == cudaErrorStreamCaptureInvalidated);
    CHECK(graph == nullptr);
    CHECK(f.make(stream.get()) == cudaSuccess);  // and outside it is allowed
  }
}

TEST_CASE("fake runtime: a graph is launched whole") {
  fake::reset();
  scene::stream const stream;
  cudaStreamBeginCapture(stream.get(), cudaStreamCaptureModeGlobal);
  for (int i = 0; i < 3; ++i) CHECK(launch(1, 32, 0, stream.get()) == cudaSuccess);
  cudaGraph_t graph = nullptr;
  cudaGraphExec_t executable = nullptr;
  CHECK(cudaStreamEndCapture(stream.get(), &graph) == cudaSuccess);
  CHECK(fake::nodes(graph) == 3);
  CHECK(cudaGraphInstantiate(&executable, graph, 0) == cudaSuccess);
  CHECK(cudaGraphLaunch(executable, stream.get()) == cudaSuccess);
  CHECK(fake::live() == 3);
  CHECK(cudaGraphDestroy(graph) == cudaSuccess);
  CHECK(cudaGraphExecDestroy(executable) == cudaSuccess);
  CHECK(cudaGraphLaunch(executable, stream.get()) == cudaErrorInvalidValue);
  CHECK(fake::live() == 1);
}

TEST_CASE("fake runtime: shared memory beyond 48 KiB is opted in to, for each device") {
  fake::device small;
  small.shared_per_block_optin = 99 << 10;
  fake::reset({fake::device{}, small});
  CHECK(launch(1, 32, 48 << 10) == cudaSuccess);
  CHECK(launch(1, 32, 49 << 10) == cudaErrorInvalidValue);
  CHECK(cudaFuncSetAttribute(function(), cudaFuncAttributeMaxDynamicSharedMemorySize, 200 << 10) == cudaSuccess);
  CHECK(launch(1, 32, 200 << 10) == cudaSuccess);
  CHECK(launch(1, 32, 201 << 10) == cudaErrorInvalidValue);
  cudaSetDevice(1);
  CHECK(launch(1, 32, 49 << 10) == cudaErrorInvalidValue);
  CHECK(cudaFuncSetAttribute(function(), cudaFuncAttributeMaxDynamicSharedMemorySize, 200 << 10) ==
        cudaErrorInvalidValue);
  CHECK(cudaFuncSetAttribute(function(), cudaFuncAttributeMaxDynamicSharedMemorySize, 99 << 10) == cudaSuccess);
  CHECK(launch(1, 32, 99 << 10) == cudaSuccess);
}

TEST_CASE("fake runtime: cooperative launches fit the device or fail") {
  fake::device d;
  d.sm_count = 10;
  d.blocks_per_sm = 2;
  fake::reset({d});
  int blocks = 0;
  CHECK(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, nothing, 128, 0) == cudaSuccess);
  CHECK(blocks == 2);
  CHECK(launch_cooperative(20) == cudaSuccess);
  CHECK(launch_cooperative(21) == cudaErrorCooperativeLaunchTooLarge);
  d.cooperative = false;
  fake::reset({d});
  CHECK(launch_cooperative(1) == cudaErrorNotSupported);
}

TEST_CASE("fake runtime: shapes that no device launches") {
  fake::reset();
  CHECK(launch(0, 32, 0) == cudaErrorInvalidConfiguration);
  CHECK(launch(1, 1025, 0) == cudaErrorInvalidConfiguration);
  CHECK(launch(1, 1024, 0) == cudaSuccess);
}

TEST_CASE("fake runtime: the call that was named fails, and no other") {
  fake::reset();
  fake::fail("cudaMalloc", 2, cudaErrorMemoryAllocation);
  void *first = nullptr, *second = nullptr, *third = nullptr;
  CHECK(cudaMalloc(&first, 8) == cudaSuccess);
  CHECK(cudaMalloc(&second, 8) == cudaErrorMemoryAllocation);
  CHECK(second == nullptr);
  CHECK(cudaMalloc(&third, 8) == cudaSuccess);
  CHECK(fake::calls("cudaMalloc").size() == 3);
  CHECK(fake::live() == 2);
  CHECK(cudaFree(first) == cudaSuccess);
  CHECK(cudaFree(first) == cudaErrorInvalidValue);
  CHECK(cudaFree(third) == cudaSuccess);
  CHECK(fake::live() == 0);
}

TEST_CASE("fake runtime: memory runs out") {
  fake::device d;
  d.memory = 1000;
  fake::reset({d});
  void *first = nullptr, *second = nullptr;
  CHECK(cudaMalloc(&first, 600) == cudaSuccess);
  CHECK(cudaMalloc(&second, 401) == cudaErrorMemoryAllocation);
  CHECK(cudaFree(first) == cudaSuccess);
  CHECK(cudaMalloc(&second, 1000) == cudaSuccess);
  CHECK(fake::live() == 1);
}
