// SPDX-License-Identifier: Apache-2.0
//
// What block_group promises of elements and row_sums, on the fast and the checked models alike. Counters are plain
// integers: two threads on one pair would also be a data race.
#include <doctest/doctest.h>
#include <ardent/group/group.hpp>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "group/each_block.hpp"
#include "support/made_numbers.hpp"

namespace {

using ardent::strided_range;

static_assert(ardent::block_group<ardent::host_block<ardent::simd_level::baseline>>);
static_assert(ardent::block_group<ardent::checked_block>);
static_assert(ardent::grid_group<ardent::solo_grid, ardent::checked_block>);
static_assert(ardent::grid_group<ardent::checked_grid, ardent::checked_block>);
static_assert(ardent::grid_group<ardent::host_team, ardent::host_block<ardent::simd_level::avx2>>);

bool contains(strided_range const& range, int i) {
  return i >= range.first && i < range.last && (i - range.first) % range.step == 0;
}

TEST_CASE("elements visits each pair once and no other") {
  constexpr int height = 13, width = 40;
  strided_range const all_rows[] = {{0, 13, 1}, {2, 12, 3}, {12, 13, 1}, {5, 5, 1}, {7, 3, 1}};
  strided_range const all_columns[] = {{0, 40, 1}, {1, 2, 1}, {3, 37, 1}, {0, 40, 7}, {39, 39, 1}};
  test::on_each_block([&](auto const& run, std::string const& name) {
    CAPTURE(name);
    for (auto const& rows : all_rows)
      for (auto const& columns : all_columns) {
        std::vector<int> visits(height * width);
        run([&](auto block) {
          int* const count = visits.data();
          block.elements(rows, columns, [=](int r, int c) { ++count[r * width + c]; });
        });
        int wrong = 0;
        for (int r = 0; r < height; ++r)
          for (int c = 0; c < width; ++c)
            wrong += visits[static_cast<std::size_t>(r * width + c)] != (contains(rows, r) && contains(columns, c));
        CHECK(wrong == 0);
      }
  });
}

TEST_CASE("row_sums sums each row once, and every thread sees the sums when it returns") {
  constexpr int height = 9;
  test::on_each_block([&](auto const& run, std::string const& name) {
    CAPTURE(name);
    for (auto const& rows : {strided_range{0, 9, 1}, strided_range{1, 9, 3}, strided_range{4, 4, 1}})
      for (int const columns : {1, 2, 15, 16, 17, 100}) {
        std::vector<float> sum(height, std::nanf(""));
        std::vector<int> finished(height), seen(height * 64);
        run([&](auto block) {
          // whole numbers below 2^24: exact in any order
          block.row_sums(
              rows, columns, [](int r, int c) { return static_cast<float>((r + 1) * (c + 1)); },
              [&](int r, float total) {
                sum[static_cast<std::size_t>(r)] = total;
                ++finished[static_cast<std::size_t>(r)];
              });
          for (std::size_t r = 0; r < height; ++r)
            seen[static_cast<std::size_t>(block.rank()) * height + r] =
                sum[r] == static_cast<float>((r + 1) * static_cast<std::size_t>(columns * (columns + 1) / 2));
        });
        for (int r = 0; r < height; ++r) {
          bool const expected = contains(rows, r);
          CHECK(finished[static_cast<std::size_t>(r)] == expected);
          CHECK(seen[static_cast<std::size_t>(r)] == expected);
        }
      }
  });
}

TEST_CASE("every thread of a checked block sees every row's sum") {
  constexpr int threads = 7, height = 9;
  for (auto const order : {ardent::checked_order::ascending, ardent::checked_order::descending}) {
    ardent::executor::checked const executor(1, threads, order);
    std::vector<float> sum(height), seen(threads * height);
    executor.run_tiles(1, [&](auto& block, auto&, int, int) {
      block.row_sums(
          {0, height, 1}, 20, [](int r, int) { return static_cast<float>(r); },
          [&](int r, float total) { sum[static_cast<std::size_t>(r)] = total; });
      for (int r = 0; r < height; ++r)
        seen[static_cast<std::size_t>(block.rank() * height + r)] = sum[static_cast<std::size_t>(r)];
    });
    for (int i = 0; i < threads * height; ++i)
      CHECK(seen[static_cast<std::size_t>(i)] == static_cast<float>(i % height * 20));
  }
}

TEST_CASE("row_sums: accuracy, and the order of a sum depends on its length only") {
  test::made_numbers numbers(3);
  constexpr int rows = 5;
  for (int const columns : {1, 7, 16, 48, 100, 1000}) {
    std::vector<float> const values = numbers.normals(columns);
    double expected = 0, size = 0;
    for (float const v : values) {
      expected += static_cast<double>(v);
      size += std::fabs(static_cast<double>(v));
    }
    test::on_each_block([&](auto const& run, std::string const& name) {
      CAPTURE(name);
      CAPTURE(columns);
      std::vector<float> sums(rows);
      run([&](auto block) {
        block.row_sums(
            {0, rows, 1}, columns, [&](int, int c) { return values[static_cast<std::size_t>(c)]; },
            [&](int r, float total) { sums[static_cast<std::size_t>(r)] = total; });
      });
      for (float const sum : sums) {
        CHECK(sum == sums[0]);
        CHECK(std::fabs(static_cast<double>(sum) - expected) <= 0x1p-24 * (columns / 16 + 36) * size);
      }
    });
  }
}

TEST_CASE("share_of cuts a range into consecutive parts that differ by at most one") {
  for (int const count : {0, 1, 5, 64, 1000003})
    for (int const size : {1, 2, 3, 7, 132}) {
      int next = 0, least = count, most = 0;
      for (int rank = 0; rank < size; ++rank) {
        strided_range const part = ardent::share_of(count, rank, size);
        CHECK(part.first == next);
        CHECK(part.step == 1);
        next = part.last;
        least = std::min(least, part.last - part.first);
        most = std::max(most, part.last - part.first);
      }
      CHECK(next == count);
      CHECK(most - least <= 1);
    }
}

}  // namespace
