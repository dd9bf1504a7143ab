// SPDX-License-Identifier: Apache-2.0
//
// tile_product on tensor cores against sums in double, as tests/tile/product_test.cpp has it on the host's emulation:
// every format, sizes that fill no chunk, panel or tile; and the same bits whoever computes them.
#include <doctest/doctest.h>
#include <ardent/group/cuda.hpp>
#include <ardent/tile/product.hpp>

#include <cmath>
#include <vector>

#include "gpu/device_array.hpp"
#include "tile/tiled_layer.hpp"

namespace {

using ardent::strided_range;
using test::device_array;

template <int Groups, bool Sliced, int Threads, class Format>
__global__ void tile_kernel(typename Format::activation const* x, int rows, ardent::tiled_matrix<Format> m,
                            strided_range panels, float* y) {
  __shared__ float scratch[ardent::product_scratch(Groups)];
  ardent::cuda_block<Threads> block;
  auto const* const weights = m.data;
  std::ptrdiff_t const size = m.panel_size();
  int const outputs = m.outputs;
  ardent::tile_product<Groups, Sliced>(
      block, x, rows, m, panels, [=](int panel) { return weights + panel * size; }, scratch,
      [=](int r, int c, float v) { y[r * outputs + c] = v; });
}

/// A layer in device memory.
template <class Format>
struct on_device {
  test::tiled_layer<Format> const& what;
  device_array<typename Format::storage> weights{what.packed};
  device_array<float> bias{what.bias}, scales{what.scales};
  device_array<typename Format::activation> x{what.activations()};

  /// [rows][outputs], NaN where nothing was written.
  template <int Groups, bool Sliced, int Threads>
  std::vector<float> run(strided_range panels) const {
    device_array<float> const y(static_cast<std::size_t>(what.rows * what.outputs));
    ardent::tiled_matrix<Format> const m{weights.data(), bias.data(), scales.data(), what.inputs, what.outputs};
    tile_kernel<Groups, Sliced, Threads><<<1, Threads>>>(x.data(), what.rows, m, panels, y.data());
    return y.read();
  }
};

template <int Groups, class Format>
void check(int inputs, int outputs, int rows) {
  CAPTURE(inputs);
  CAPTURE(outputs);
  CAPTURE(rows);
  test::tiled_layer<Format> const l(inputs, outputs, rows);
  on_device<Format> const device{l};
  strided_range const all{0, l.view().panels(), 1};
  std::vector<float> const whole = device.template run<Groups, true, 32>(all);
  double largest = 0;
  for (int r = 0; r < rows; ++r)
    for (int c = 0; c < outputs; ++c) {
      double const found = whole[static_cast<std::size_t>(r * outputs + c)];
      double const difference = std::fabs(found - l.expected(r, c));
      largest = std::isnan(difference) ? INFINITY : std::fmax(largest, difference);
    }
  // Sums of `inputs` terms of size 1. Tensor cores cut off what is below 2^-23 of the largest summand of a
  // multiplication, where the host's emulation rounds once: four times the host's bound. For fp32 also 2^-21 a product.
  CHECK(largest < 1.6e-5 * std::sqrt(inputs));
  CHECK(device.template run<Groups, true, 96>(all) == whole);
  CHECK(device.template run<Groups, false, 64>(all) == whole);
  std::vector<float> const some = device.template run<Groups, true, 96>({1, l.view().panels(), 2});
  int wrong = 0;
  for (std::size_t i = 0; i < some.size(); ++i) {
    bool const mine = i % static_cast<std::size_t>(outputs) / 8 % 2 == 1;
    wrong += mine ? some[i] != whole[i] : !std::isnan(some[i]);
  }
  CHECK(wrong == 0);
}

}  // namespace

TEST_CASE("tile_product: bfloat16") {
  check<1, ardent::format::bf16>(7, 5, 1);
  check<1, ardent::format::bf16>(100, 20, 8);
  check<2, ardent::format::bf16>(64, 48, 11);
  check<3, ardent::format::bf16>(33, 16, 24);
  check<6, ardent::format::bf16>(1024, 40, 47);
}

TEST_CASE("tile_product: half precision") {
  check<2, ardent::format::fp16>(7, 5, 1);
  check<2, ardent::format::fp16>(160, 24, 16);
}

TEST_CASE("tile_product: 8 bits") {
  check<1, ardent::format::fp8>(7, 5, 3);
  check<4, ardent::format::fp8>(130, 24, 16);
  check<4, ardent::format::fp8>(1280, 9, 30);
}

TEST_CASE("tile_product: float") {
  check<2, ardent::format::fp32>(3, 16, 2);
  check<2, ardent::format::fp32>(100, 20, 9);
}
