// SPDX-License-Identifier: Apache-2.0
//
// The GPU's own block and grid: what cannot run anywhere else. Loops over elements, sums by warps to the bit, and a
// barrier of all blocks.
#include <doctest/doctest.h>
#include <ardent/group/cuda.hpp>

#include <cmath>
#include <cstdint>
#include <vector>

#include "gpu/device_array.hpp"
#include "support/environment.hpp"
#include "support/made_numbers.hpp"

namespace {

using ardent::cuda_block;
using ardent::strided_range;
using test::device_array;

template <int Threads>
__global__ void elements_kernel(strided_range rows, strided_range columns, int width, int* visits) {
  cuda_block<Threads> block;
  block.elements(rows, columns, [=](int r, int c) { atomicAdd(visits + r * width + c, 1); });
}

bool contains(strided_range const& range, int i) {
  return i >= range.first && i < range.last && (i - range.first) % range.step == 0;
}

template <int Threads>
void check_elements() {
  constexpr int height = 13, width = 40;
  strided_range const all_rows[] = {{0, 13, 1}, {2, 12, 3}, {12, 13, 1}, {5, 5, 1}, {7, 3, 1}};
  strided_range const all_columns[] = {{0, 40, 1}, {1, 2, 1}, {3, 37, 1}, {0, 40, 7}, {39, 39, 1}};
  for (auto const& rows : all_rows)
    for (auto const& columns : all_columns) {
      device_array<int> const visits(height * width, 0);
      elements_kernel<Threads><<<1, Threads>>>(rows, columns, width, visits.data());
      std::vector<int> const found = visits.read();
      int wrong = 0;
      for (int r = 0; r < height; ++r)
        for (int c = 0; c < width; ++c)
          wrong += found[static_cast<std::size_t>(r * width + c)] != (contains(rows, r) && contains(columns, c));
      CHECK(wrong == 0);
    }
}

/// What finish writes is read by other threads straight after: row_sums must have synchronised.
template <int Threads>
__global__ void sums_kernel(strided_range rows, int columns, float const* x, float* out) {
  __shared__ float sums[64];
  cuda_block<Threads> block;
  block.row_sums(
      rows, columns, [=](int r, int c) { return x[r * columns + c]; }, [&](int r, float sum) { sums[r] = sum; });
  const int r = 63 - static_cast<int>(threadIdx.x);
  if (r >= rows.first && r < rows.last && (r - rows.first) % rows.step == 0) out[r] = sums[r];
}

/// The same sum in the same order.
float sum_of_warp(float const* x, int columns) {
  float lane[32] = {}, next[32];
  for (int c = 0; c < columns; ++c) lane[c % 32] += x[c];
  for (int width = 16; width > 0; width /= 2) {
    for (int i = 0; i < 32; ++i) next[i] = lane[i] + lane[i ^ width];
    for (int i = 0; i < 32; ++i) lane[i] = next[i];
  }
  return lane[0];
}

template <int Threads>
void check_row_sums() {
  constexpr int height = 37;
  for (int const columns : {1, 31, 32, 33, 1000})
    for (strided_range const rows : {strided_range{0, height, 1}, {3, 30, 4}, {5, 5, 1}}) {
      CAPTURE(columns);
      std::vector<float> const x = test::made_numbers(3).normals(height * columns);
      device_array<float> const in(x), out(height);
      sums_kernel<Threads><<<1, Threads>>>(rows, columns, in.data(), out.data());
      std::vector<float> const found = out.read();
      int wrong = 0;
      for (int r = 0; r < height; ++r) {
        float const sum = found[static_cast<std::size_t>(r)];
        wrong += contains(rows, r) ? sum != sum_of_warp(x.data() + r * columns, columns) : !std::isnan(sum);
      }
      CHECK(wrong == 0);
    }
}

__global__ void warp_sum_kernel(float const* x, float* out) {
  const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  out[i] = cuda_block<128>::warp_sum(x[i]);
}

/// Each round every block writes, waits, and reads what all others wrote.
__global__ void barrier_kernel(unsigned* arrivals, int rounds, unsigned* slots, int* wrong) {
  cuda_block<64> block;
  ardent::cuda_grid grid(arrivals);
  for (int round = 0; round < rounds; ++round) {
    // written by the last thread and read by all: the block's part of the barrier counts too
    unsigned* const now = slots + (round % 2) * grid.size();
    if (block.rank() == block.size() - 1) now[grid.rank()] = static_cast<unsigned>(round * grid.size() + grid.rank());
    grid.sync(block);
    for (int b = block.rank(); b < grid.size(); b += block.size())
      if (now[b] != static_cast<unsigned>(round * grid.size() + b)) atomicAdd(wrong, 1);
  }
}

}  // namespace

TEST_CASE("cuda_block: elements visits each pair once and no other") {
  check_elements<32>();
  check_elements<96>();
  check_elements<256>();
}

TEST_CASE("cuda_block: row sums in their order, to the bit, and visible when they return") {
  check_row_sums<64>();
  check_row_sums<96>();
  check_row_sums<256>();
}

TEST_CASE("cuda_block: a warp's sum, the same in every lane") {
  std::vector<float> const x = test::made_numbers(4).normals(4 * 128);
  device_array<float> const in(x), out(x.size());
  warp_sum_kernel<<<4, 128>>>(in.data(), out.data());
  std::vector<float> const found = out.read();
  int wrong = 0;
  for (std::size_t i = 0; i < x.size(); ++i) wrong += found[i] != sum_of_warp(x.data() + i / 32 * 32, 32);
  CHECK(wrong == 0);
}

TEST_CASE("cuda_grid: a barrier of as many blocks as the device holds at once") {
  int device = 0, multiprocessors = 0, at_once = 0, cooperative = 0;
  ardent::cuda::check(cudaGetDevice(&device), "cudaGetDevice");
  ardent::cuda::check(cudaDeviceGetAttribute(&multiprocessors, cudaDevAttrMultiProcessorCount, device), "attribute");
  ardent::cuda::check(cudaDeviceGetAttribute(&cooperative, cudaDevAttrCooperativeLaunch, device), "attribute");
  ardent::cuda::check(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&at_once, barrier_kernel, 64, 0), "occupancy");
  if (cooperative == 0) return test::skip("this GPU has no cooperative launch");
  // few enough rounds for compute-sanitizer
  for (int const blocks : {1, 2, multiprocessors, multiprocessors * at_once}) {
    CAPTURE(blocks);
    int rounds = 40;
    device_array<unsigned> const arrivals(1, 0), slots(static_cast<std::size_t>(2 * blocks));
    device_array<int> const wrong(1, 0);
    unsigned *first = arrivals.data(), *second = slots.data();
    int* third = wrong.data();
    void* arguments[] = {&first, &rounds, &second, &third};
    ardent::cuda::check(
        cudaLaunchCooperativeKernel(reinterpret_cast<void const*>(&barrier_kernel), dim3(static_cast<unsigned>(blocks)),
                                    dim3(64), arguments, 0, nullptr),
        "launching a cooperative kernel");
    CHECK(wrong.read()[0] == 0);
    CHECK(arrivals.read()[0] == static_cast<unsigned>(rounds * blocks));
  }
}
