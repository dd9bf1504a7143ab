// SPDX-License-Identifier: Apache-2.0
//
// An executor that is used from inside itself: a model's backbone may loop over images and, in each, over rows.
#include <doctest/doctest.h>

#include <ardent/executor/host.hpp>

#include <atomic>
#include <stdexcept>
#include <vector>

TEST_CASE("host executor: a loop inside a loop runs on the thread it was called from") {
  for (int const threads : {1, 2, 3}) {
    ardent::executor::host const executor(threads);
    std::vector<std::atomic<int>> count(12);
    std::atomic<int> strays{0};
    executor.parallel_for(4, [&](int i, int outer) {
      executor.parallel_for(3, [&](int j, int inner) {
        ++count[static_cast<std::size_t>(3 * i + j)];
        if (inner != outer) ++strays;
      });
    });
    for (auto const& each : count) CHECK(each == 1);
    CHECK(strays == 0);
    int after = 0;
    executor.parallel_for(1, [&](int, int) { ++after; });
    CHECK(after == 1);
  }
}

TEST_CASE("host executor: another executor inside a loop has its own threads") {
  ardent::executor::host const one(2), other(2);
  std::atomic<int> sum{0};
  one.parallel_for(4, [&](int, int) { other.parallel_for(5, [&](int j, int) { sum += j; }); });
  CHECK(sum == 40);
}

TEST_CASE("host executor: a team inside a loop is refused, for its threads are busy") {
  ardent::executor::host const executor(2);
  CHECK_THROWS_AS(executor.parallel_for(2, [&](int, int) { executor.run_team([](auto&, auto&, int) {}); }),
                  std::logic_error);
  std::atomic<int> ran{0};
  executor.run_team([&](auto&, auto&, int) { ++ran; });
  CHECK(ran == 2);
}
