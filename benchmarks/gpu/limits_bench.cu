// SPDX-License-Identifier: Apache-2.0
//
// What this card does at most, for the other figures to be measured against: bytes a second of copies and of reads from
// the second-level cache, the time of an empty launch, and of a barrier of all multiprocessors.
#include <ardent/group/cuda.hpp>

#include "bench.hpp"

namespace {

__global__ void nothing() {}

/// Reads all of it, `rounds` times, each block all of it in its own order; what it finds decides whether it writes, so
/// that no read can be left out.
__global__ void __launch_bounds__(512) read_kernel(float4 const* from, unsigned count, int rounds, float* out) {
  float4 sum{};
  for (int round = 0; round < rounds; ++round) {
    const unsigned offset = (blockIdx.x * 977u + static_cast<unsigned>(round) * 131u) * 512u;
#pragma unroll 8
    for (unsigned i = threadIdx.x; i < count; i += 512) {
      unsigned place = i + offset % count;
      place = place < count ? place : place - count;
      const float4 v = __ldcg(from + place);
      sum.x += v.x;
      sum.y += v.y;
      sum.z += v.z;
      sum.w += v.w;
    }
  }
  if (sum.x + sum.y + sum.z + sum.w == 1.0f) *out = sum.x;
}

__global__ void __launch_bounds__(256) barrier_kernel(unsigned* arrivals, int rounds) {
  ardent::cuda_block<256> block;
  ardent::cuda_grid grid(arrivals);
  for (int round = 0; round < rounds; ++round) grid.sync(block);
}

int attribute(cudaDeviceAttr which) {
  int value = 0, device = 0;
  bench::check(cudaGetDevice(&device), "cudaGetDevice");
  bench::check(cudaDeviceGetAttribute(&value, which, device), "cudaDeviceGetAttribute");
  return value;
}

void measure() {
  const bench::clock clock;
  const int multiprocessors = attribute(cudaDevAttrMultiProcessorCount);
  {
    const bench::device_bytes from(std::size_t{1} << 30), to(from.size());
    const auto time = clock.time([&](cudaStream_t s) {
      bench::check(cudaMemcpyAsync(to.as<void>(), from.as<void>(), from.size(), cudaMemcpyDeviceToDevice, s), "copy");
    });
    bench::print_limit("copy", 2.0 * static_cast<double>(from.size()) / time.seconds, "B/s");  // read and written
  }
  {
    // the size of MAR-B's residual weights in bfloat16, or half the cache where that is smaller
    const std::size_t size =
        std::min<std::size_t>(std::size_t{24} << 20, static_cast<std::size_t>(attribute(cudaDevAttrL2CacheSize)) / 2);
    const bench::device_bytes from(size / 8192 * 8192), out(sizeof(float));
    constexpr int rounds = 4;
    const int blocks = 2 * multiprocessors;
    const auto time = clock.time([&](cudaStream_t s) {
      read_kernel<<<static_cast<unsigned>(blocks), 512, 0, s>>>(
          from.as<float4>(), static_cast<unsigned>(from.size() / sizeof(float4)), rounds, out.as<float>());
      bench::check(cudaGetLastError(), "reading");
    });
    bench::print_limit("L2 read", static_cast<double>(from.size()) * rounds * blocks / time.seconds, "B/s");
  }
  {
    constexpr int launches = 2000;
    const auto time = clock.time([](cudaStream_t s) {
      for (int i = 0; i < launches; ++i) nothing<<<1, 32, 0, s>>>();
      bench::check(cudaGetLastError(), "launching nothing");
    });
    bench::print_limit("launch", time.seconds / launches, "s");
  }
  if (attribute(cudaDevAttrCooperativeLaunch) != 0) {
    int rounds = 2000;
    const bench::device_bytes arrivals(256);
    unsigned* counter = arrivals.as<unsigned>();
    void* arguments[] = {&counter, &rounds};
    const auto time = clock.time([&](cudaStream_t s) {
      bench::check(cudaMemsetAsync(counter, 0, sizeof(unsigned), s), "clearing");
      bench::check(
          cudaLaunchCooperativeKernel(reinterpret_cast<void const*>(&barrier_kernel),
                                      dim3(static_cast<unsigned>(multiprocessors)), dim3(256), arguments, 0, s),
          "launching barriers");
    });
    bench::print_limit("grid barrier", time.seconds / rounds, "s");
  }
}

}  // namespace

int main() { return bench::main_of(measure); }
