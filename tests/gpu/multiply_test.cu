// SPDX-License-Identifier: Apache-2.0
//
// Tensor-core multiplications against the shared maps of lanes to elements, which the host's emulation uses as well:
// integers that are exact in every format, so that each element that is elsewhere shows. And a block's product with
// weights that are not in tiles.
#include <doctest/doctest.h>
#include <ardent/group/cuda.hpp>
#include <ardent/tile/format.hpp>

#include <cmath>
#include <cstdint>
#include <vector>

#include "gpu/device_array.hpp"
#include "support/made_numbers.hpp"

namespace {

using ardent::fragment_kind;
using ardent::strided_range;
using test::device_array;
namespace fragment = ardent::fragment;

template <fragment_kind Kind>
__device__ std::uint32_t bits_of(float x) {
  if constexpr (Kind == fragment_kind::tf32) {
    return __float_as_uint(x);
  } else if constexpr (Kind == fragment_kind::fp16) {
    ardent::float16 h;
    ardent::store_weight(x, h);
    return h.bits;
  } else {
    ardent::bfloat16 h;
    ardent::store_weight(x, h);
    return h.bits;
  }
}

/// c [16][8] += a [16][depth] b [depth][8], by the warps of a block, each on matrices of its own.
template <fragment_kind Kind>
__global__ void multiply_kernel(float const* a, float const* b, float* c) {
  constexpr int depth = fragment::depth(Kind), parts = fragment::elements(Kind);
  ardent::cuda_block<64> block;
  const int lane = block.lane(), w = static_cast<int>(blockIdx.x) * 2 + block.warp();
  a += w * 16 * depth;
  b += w * depth * 8;
  c += w * 16 * 8;
  std::uint32_t of_a[4] = {}, of_b[2] = {};
  float of_c[4];
  for (int half = 0; half < parts; ++half) {
    for (int i = 0; i < 4; ++i)
      of_a[i] |= bits_of<Kind>(a[fragment::a_row(lane, i) * depth + fragment::a_k(Kind, lane, i, half)]) << 16 * half;
    for (int i = 0; i < 2; ++i)
      of_b[i] |= bits_of<Kind>(b[fragment::b_k(Kind, lane, i, half) * 8 + fragment::b_column(lane)]) << 16 * half;
  }
  for (int i = 0; i < 4; ++i) of_c[i] = c[fragment::c_row(lane, i) * 8 + fragment::c_column(lane, i)];
  block.multiply<Kind>(of_c, of_a, of_b);
  for (int i = 0; i < 4; ++i) c[fragment::c_row(lane, i) * 8 + fragment::c_column(lane, i)] = of_c[i];
}

/// @param b_of  b(matrix, k, column)
template <fragment_kind Kind, class F>
void check_multiply(int matrices, F const& b_of) {
  constexpr int depth = fragment::depth(Kind);
  std::vector<float> a, b, c, expected;
  for (int w = 0; w < matrices; ++w) {
    for (int i = 0; i < 16 * depth; ++i) a.push_back(static_cast<float>((i * 37 + w) % 256));  // distinct
    for (int k = 0; k < depth; ++k)
      for (int j = 0; j < 8; ++j) b.push_back(b_of(w, k, j));
    for (int i = 0; i < 16 * 8; ++i) c.push_back(static_cast<float>(1000 + i));
    for (int i = 0; i < 16; ++i)
      for (int j = 0; j < 8; ++j) {
        float sum = static_cast<float>(1000 + i * 8 + j);
        for (int k = 0; k < depth; ++k)
          sum += a[static_cast<std::size_t>((w * 16 + i) * depth + k)] *
                 b[static_cast<std::size_t>((w * depth + k) * 8 + j)];
        expected.push_back(sum);
      }
  }
  device_array<float> const on_a(a), on_b(b), on_c(c);
  multiply_kernel<Kind><<<static_cast<unsigned>(matrices / 2), 64>>>(on_a.data(), on_b.data(), on_c.data());
  CHECK(on_c.read() == expected);
}

template <fragment_kind Kind>
void check_kind() {
  constexpr int depth = fragment::depth(Kind);
  // one k at a time: each element of A, and where it goes
  check_multiply<Kind>(depth, [](int w, int k, int j) { return k == w ? static_cast<float>(j + 1) : 0.0f; });
  // all at once; sums stay below 2^24
  check_multiply<Kind>(6, [](int w, int k, int j) { return static_cast<float>((k * 11 + j * 5 + w) % 17 - 8); });
}

template <int Threads, class Storage>
__global__ void product_kernel(float const* x, int stride, strided_range rows, ardent::packed_matrix<Storage> m,
                               strided_range panels, std::byte* narrow, float* y, int* visits) {
  ardent::cuda_block<Threads> block;
  ardent::product_rows<Storage> read;
  if constexpr (std::is_same_v<Storage, float>) {
    read = {x, stride};
  } else {
    read = {narrow, ardent::narrowed_bytes<Storage>(m.inputs)};
    block.narrow(x, stride, rows, m.inputs, read);
    block.sync();
  }
  block.product(read, rows, m, panels, [=](int r, int c, float v) {
    y[r * m.outputs + c] = v;
    atomicAdd(visits + r * m.outputs + c, 1);
  });
}

template <class Storage>
void check_product(int inputs, int outputs, int rows, strided_range of_rows, strided_range of_panels) {
  CAPTURE(inputs);
  CAPTURE(outputs);
  CAPTURE(rows);
  int const stride = inputs + 3;
  test::made_numbers numbers(static_cast<std::uint64_t>(inputs * 100 + outputs));
  std::vector<float> weight = numbers.normals(inputs * outputs);
  for (float& w : weight)  // exact in bfloat16
    w = std::fmin(std::fmax(std::ldexp(std::nearbyint(std::ldexp(w, 5)), -5), -3.9375f), 3.9375f);
  std::vector<float> const bias = numbers.normals(outputs);
  std::vector<float> x = numbers.normals(rows * stride);
  for (float& v : x) v = std::ldexp(std::nearbyint(std::ldexp(v, 5)), -5);
  std::vector<Storage> packed(ardent::packed_size<Storage>(inputs, outputs));
  ardent::pack_matrix(weight.data(), inputs, outputs, packed.data());
  device_array<Storage> const on_weights(packed);
  device_array<float> const on_bias(bias), on_x(x), y(static_cast<std::size_t>(rows * outputs));
  device_array<int> const visits(y.size(), 0);
  ardent::packed_matrix<Storage> const m{on_weights.data(), on_bias.data(), inputs, outputs};
  device_array<std::byte> const narrow(static_cast<std::size_t>(rows * ardent::narrowed_bytes<Storage>(inputs)) + 64);
  product_kernel<96><<<1, 96>>>(on_x.data(), stride, of_rows, m, of_panels, narrow.data(), y.data(), visits.data());
  std::vector<float> const found = y.read();
  std::vector<int> const seen = visits.read();
  int wrong = 0;
  double largest = 0;
  for (int r = 0; r < rows; ++r)
    for (int c = 0; c < outputs; ++c) {
      auto const i = static_cast<std::size_t>(r * outputs + c);
      int const panel = c / ardent::panel_width;
      bool const in = r >= of_rows.first && r < of_rows.last && (r - of_rows.first) % of_rows.step == 0 &&
                      panel >= of_panels.first && panel < of_panels.last &&
                      (panel - of_panels.first) % of_panels.step == 0;
      wrong += seen[i] != in;
      if (!in) continue;
      double sum = bias[static_cast<std::size_t>(c)];
      for (int k = 0; k < inputs; ++k)
        sum += static_cast<double>(weight[static_cast<std::size_t>(c * inputs + k)]) *
               static_cast<double>(x[static_cast<std::size_t>(r * stride + k)]);
      largest = std::fmax(largest, std::fabs(static_cast<double>(found[i]) - sum));
    }
  CHECK(wrong == 0);
  // a chain of n multiply-adds of terms of order 1: n roundings of sums of order sqrt(n)
  CHECK(largest < 0x1p-24 * 8 * (inputs + 2) * std::sqrt(inputs + 2));
}

}  // namespace

TEST_CASE("cuda_block: multiply puts every element where the maps say") {
  check_kind<fragment_kind::bf16>();
  check_kind<fragment_kind::fp16>();
  check_kind<fragment_kind::tf32>();
}

TEST_CASE("cuda_block: product with weights in panels, each row and column once") {
  for (int const inputs : {1, 33, 100})
    for (int const outputs : {1, 16, 40}) {
      check_product<float>(inputs, outputs, 7, {0, 7, 1}, {0, 3, 1});
      check_product<ardent::bfloat16>(inputs, outputs, 7, {0, 7, 1}, {0, 3, 1});
    }
  check_product<float>(20, 75, 13, {1, 13, 3}, {0, 5, 1});
  check_product<float>(20, 75, 13, {0, 13, 5}, {1, 5, 3});
  check_product<ardent::bfloat16>(20, 75, 13, {9, 9, 1}, {0, 5, 1});
}
