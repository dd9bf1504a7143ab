// SPDX-License-Identifier: Apache-2.0
//
// The bodies of the GPU transformer's kernels, one by one, at odd sizes and in every order of threads: against formulas
// in double precision, or for those that move numbers, against their definition.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <vector>

#include "gpu_machine.hpp"
#include "support/made_numbers.hpp"

namespace {

using namespace examples::mar::gpu;
using ardent::checked_order;
using gpu_test::run_rows;

std::size_t at(int i) { return static_cast<std::size_t>(i); }

// f(executor) for blocks of one, two and three warps, few and many, in every order of threads.
template <class F>
void on_blocks(F const& f) {
  for (checked_order const order : {checked_order::ascending, checked_order::descending, checked_order::concurrent})
    for (auto const& [blocks, threads] : {std::pair{1, 32}, std::pair{3, 96}})
      f(ardent::executor::checked(blocks, threads, order));
}

float value(float x) { return x; }
float value(ardent::bfloat16 x) { return ardent::to_float(x); }

// The largest difference, relative to what the storage keeps.
template <class Storage>
double worst(std::vector<Storage> const& found, std::vector<double> const& expected) {
  REQUIRE(found.size() == expected.size());
  double largest = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    double const difference = std::fabs(double{value(found[i])} - expected[i]) / std::fmax(1.0, std::fabs(expected[i]));
    largest = difference <= largest ? largest : difference;  // a NaN stays
  }
  return largest;
}

std::vector<double> normalised(std::vector<float> const& x, int first, int width, std::vector<float> const& weight,
                               std::vector<float> const& bias) {
  double mean = 0, variance = 0;
  for (int c = 0; c < width; ++c) mean += double{x[at(first + c)]} / width;
  for (int c = 0; c < width; ++c) variance += std::pow(double{x[at(first + c)]} - mean, 2) / width;
  std::vector<double> out;
  for (int c = 0; c < width; ++c)
    out.push_back((double{x[at(first + c)]} - mean) / std::sqrt(variance + 1e-6) * double{weight[at(c)]} +
                  double{bias[at(c)]});
  return out;
}

}  // namespace

TEST_CASE("mar on a GPU: LayerNorm of rows, in place and rounded") {
  test::made_numbers numbers(5);
  for (int const width : {1, 31, 32, 33, 100}) {
    int const rows = 7;
    CAPTURE(width);
    std::vector<float> const x = numbers.normals(rows * width, 2, 3), weight = numbers.normals(width, 0.3, 1),
                             bias = numbers.normals(width);
    std::vector<double> expected;
    for (int r = 0; r < rows; ++r) {
      std::vector<double> const row = normalised(x, r * width, width, weight, bias);
      expected.insert(expected.end(), row.begin(), row.end());
    }
    on_blocks([&](ardent::executor::checked const& executor) {
      std::vector<float> in_place = x;
      run_rows(executor, rows,
               layer_norm_rows<float>{in_place.data(), weight.data(), bias.data(), in_place.data(), width});
      CHECK(worst(in_place, expected) < 2e-6);
      std::vector<ardent::bfloat16> rounded(x.size(), ardent::bfloat16{0x7fc0});
      run_rows(executor, rows,
               layer_norm_rows<ardent::bfloat16>{x.data(), weight.data(), bias.data(), rounded.data(), width});
      CHECK(worst(rounded, expected) < 0x1p-8);
    });
  }
}

TEST_CASE("mar on a GPU: conditions are the last rows, normalised, with the embedding of their positions") {
  test::made_numbers numbers(6);
  int const images = 2, branches = 2, sequence = 7, count = 3, width = 45, length = 5;
  std::vector<float> const x = numbers.normals(images * branches * sequence * width),
                           weight = numbers.normals(width, 0.3, 1), bias = numbers.normals(width),
                           embedding = numbers.normals(length * width);
  std::vector<int> const positions{0, 2, 4, 1, 2, 3};
  std::vector<double> expected;
  for (int s = 0; s < images * branches; ++s)
    for (int j = 0; j < count; ++j) {
      int const position = positions[at(s % images * count + j)];
      std::vector<double> const row = normalised(x, (s * sequence + sequence - count + j) * width, width, weight, bias);
      for (int c = 0; c < width; ++c) expected.push_back(row[at(c)] + double{embedding[at(position * width + c)]});
    }
  on_blocks([&](ardent::executor::checked const& executor) {
    std::vector<float> z(expected.size(), std::nanf(""));
    run_rows(executor, images * branches * count,
             condition_rows{x.data(), weight.data(), bias.data(), embedding.data(), positions.data(), z.data(), images,
                            sequence, count, width});
    CHECK(worst(z, expected) < 2e-6);
  });
}

TEST_CASE("mar on a GPU: softmax of rows, however large the scores; what pads a row is left alone") {
  test::made_numbers numbers(7);
  for (int const columns : {1, 31, 33, 90})
    for (double const spread : {1.0, 3e4}) {
      CAPTURE(columns);
      int const rows = 5, stride = condition_memory<float>::score_stride(columns);
      float const scale = 0.125f;
      std::vector<float> x = numbers.normals(rows * stride, spread, -2 * spread);
      std::vector<double> expected(x.begin(), x.end());
      for (int r = 0; r < rows; ++r) {
        auto const row = expected.begin() + r * stride;
        double const largest = *std::max_element(row, row + columns);
        double sum = 0;
        for (int c = 0; c < columns; ++c) sum += row[c] = std::exp(double{scale} * (row[c] - largest));
        for (int c = 0; c < columns; ++c) row[c] /= sum;
      }
      on_blocks([&](ardent::executor::checked const& executor) {
        std::vector<float> in_place = x;
        run_rows(executor, rows, softmax_rows<float>{in_place.data(), in_place.data(), columns, stride, scale});
        CHECK(worst(in_place, expected) < 1e-5);
      });
    }
}

TEST_CASE("mar on a GPU: the exact GELU, not its approximation") {
  std::vector<float> x;
  for (int i = -600; i <= 600; ++i) x.push_back(static_cast<float>(i) / 100.0f);
  std::vector<double> expected;
  for (float const v : x) expected.push_back(0.5 * double{v} * std::erfc(-double{v} * std::sqrt(0.5)));
  std::vector<ardent::bfloat16> rounded(x.size());
  std::vector<float> in_place = x;
  for (int i = 0; i < static_cast<int>(x.size()); ++i) {
    gelu<float>{in_place.data(), in_place.data()}(i);
    gelu<ardent::bfloat16>{x.data(), rounded.data()}(i);
  }
  CHECK(worst(in_place, expected) < 5e-7);
  CHECK(worst(rounded, expected) < 0x1p-8);
}

TEST_CASE("mar on a GPU: tokens are arranged as known, unknown, drawn now") {
  test::made_numbers numbers(8);
  int const images = 3;
  for (int const length : {1, 2, 9, 40})
    for (int known = 0; known < length; known += 1 + length / 5)
      for (int const count : {1, (length - known + 1) / 2, length - known}) {
        std::vector<std::uint8_t> flags;
        std::vector<int> positions, expected;
        for (int b = 0; b < images; ++b) {
          std::vector<int> shuffled(at(length));
          std::iota(shuffled.begin(), shuffled.end(), 0);
          for (int i = length; i > 1; --i)
            std::swap(shuffled[at(i - 1)], shuffled[at(static_cast<int>(numbers.uniform() * i))]);
          std::sort(shuffled.begin(), shuffled.begin() + known);
          std::sort(shuffled.begin() + known, shuffled.end() - count);
          std::sort(shuffled.end() - count, shuffled.end());
          for (int p = 0; p < length; ++p)
            flags.push_back(std::binary_search(shuffled.begin(), shuffled.begin() + known, p) ? 1 : 0);
          positions.insert(positions.end(), shuffled.end() - count, shuffled.end());
          expected.insert(expected.end(), shuffled.begin(), shuffled.end());
        }
        std::vector<int> order(expected.size(), -1);
        for (int i = images * length; i-- > 0;)
          arrange_tokens{flags.data(), positions.data(), order.data(), length, count, known}(i);
        CHECK(order == expected);
      }
}

TEST_CASE("mar on a GPU: heads are split and merged") {
  int const sequences = 2, rows = 3, heads = 5, head_width = 7, width = heads * head_width;
  std::vector<float> from(at(sequences * rows * 3 * width));
  std::iota(from.begin(), from.end(), 0.0f);
  std::vector<float> parts[3], merged(at(sequences * rows * width));
  for (auto& part : parts) part.assign(merged.size(), -1);
  for (int i = static_cast<int>(from.size()); i-- > 0;)
    split_heads<float>{from.data(), parts[0].data(), parts[1].data(), parts[2].data(), rows, heads, head_width}(i);
  for (int part = 0; part < 3; ++part) {
    int next = 0;
    bool same = true;
    for (int s = 0; s < sequences; ++s)
      for (int h = 0; h < heads; ++h)
        for (int r = 0; r < rows; ++r)
          for (int c = 0; c < head_width; ++c)
            same = same && parts[part][at(next++)] ==
                               static_cast<float>(((s * rows + r) * 3 + part) * width + h * head_width + c);
    CHECK(same);
    for (int i = static_cast<int>(merged.size()); i-- > 0;)
      merge_heads<float>{parts[part].data(), merged.data(), rows, heads, head_width}(i);
    for (int i = 0; i < sequences * rows; ++i)
      for (int c = 0; c < width; ++c)
        same = same && merged[at(i * width + c)] == static_cast<float>((i * 3 + part) * width + c);
    CHECK(same);
  }
}
