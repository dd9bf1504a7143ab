// SPDX-License-Identifier: Apache-2.0
//
// The checked machine itself: it syncs as it should, and it notices what it is there to notice.
#include <doctest/doctest.h>
#include <ardent/executor/checked.hpp>

#include <cmath>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using ardent::checked_order;
using ardent::executor::checked;

/// Every thread of every block writes a number, and after a sync of the grid adds all of them up.
std::vector<float> sums_of_all(checked const& executor, int threads) {
  std::size_t const count = static_cast<std::size_t>(executor.groups() * threads);
  std::vector<float> written(count, std::nanf("")), sums(count);
  executor.run_team([&](auto& block, auto& grid, int worker) {
    CHECK(grid.rank() == worker);
    CHECK(grid.size() == executor.groups());
    std::size_t const place = static_cast<std::size_t>(worker * threads + block.rank());
    written[place] = static_cast<float>(place + 1);
    grid.sync(block);
    for (float const w : written) sums[place] += w;
  });
  return sums;
}

TEST_CASE("a sync of the grid spans all blocks, in every order") {
  for (auto const order : {checked_order::concurrent, checked_order::ascending, checked_order::descending})
    for (int const blocks : {1, 3})
      for (int const threads : {1, 4}) {
        checked const executor(blocks, threads, order);
        int const count = blocks * threads;
        for (float const sum : sums_of_all(executor, threads))
          CHECK(sum == static_cast<float>(count * (count + 1) / 2));
      }
}

TEST_CASE("leaving a sync out by its place shows, and the place is on the list") {
  checked const whole(3, 4);
  sums_of_all(whole, 4);
  REQUIRE(whole.places().size() == 1);
  ardent::sync_place const place = *whole.places().begin();
  CHECK(place.first.find("checked_machine_test") != std::string::npos);
  for (auto const order : {checked_order::ascending, checked_order::descending}) {
    std::vector<float> const sums = sums_of_all(checked(3, 4, order, place), 4);
    CHECK(std::isnan(order == checked_order::ascending ? sums.front() : sums.back()));
  }
}

TEST_CASE("a sync of the block holds within the block, and says nothing of other blocks") {
  for (auto const order : {checked_order::ascending, checked_order::descending}) {
    std::vector<int> written(6), neighbours(6), others(6);
    checked(2, 3, order).run_team([&](auto& block, auto&, int worker) {
      std::size_t const base = static_cast<std::size_t>(3 * worker), other = 3 - base;
      auto const rank = static_cast<std::size_t>(block.rank());
      written[base + rank] = 1;
      block.sync();
      for (std::size_t i = 0; i < 3; ++i) {
        neighbours[base + rank] += written[base + i];
        others[base + rank] += written[other + i];
      }
    });
    CHECK(neighbours == std::vector<int>(6, 3));
    bool const ascending = order == checked_order::ascending;
    CHECK(others == (ascending ? std::vector<int>{0, 0, 0, 3, 3, 3} : std::vector<int>{3, 3, 3, 0, 0, 0}));
  }
}

TEST_CASE("threads that wait at different barriers are reported, not waited for") {
  for (auto const order : {checked_order::ascending, checked_order::descending}) {
    checked const executor(1, 3, order);
    CHECK_THROWS_AS(executor.run_tiles(1,
                                       [](auto& block, auto&, int, int) {
                                         if (block.rank() != 1) block.sync();
                                       }),
                    std::logic_error);
    sums_of_all(executor, 3);  // and it can be used again
  }
}

TEST_CASE("run_tiles gives each tile to one block, and parallel_for each index once") {
  checked const executor(3, 5);
  std::vector<int> visits(4 * 5);
  executor.run_tiles(4, [&](auto& block, auto& grid, int tile, int worker) {
    CHECK(worker == 0);
    CHECK(grid.rank() == 0);
    CHECK(grid.size() == 1);
    CHECK(block.size() == 5);
    grid.sync(block);
    ++visits[static_cast<std::size_t>(tile * 5 + block.rank())];
  });
  CHECK(visits == std::vector<int>(20, 1));
  std::vector<int> indices(9);
  executor.parallel_for(9, [&](int i, int worker) {
    CHECK(worker == 0);
    ++indices[static_cast<std::size_t>(i)];
  });
  CHECK(indices == std::vector<int>(9, 1));
}

}  // namespace
