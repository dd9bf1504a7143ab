// SPDX-License-Identifier: Apache-2.0
//
// The host executor on std::thread: who runs what, exceptions, callers at once, and what its constructor refuses.
#include <doctest/doctest.h>
#include <ardent/executor/host.hpp>

#include <algorithm>
#include <stdexcept>
#include <thread>

#include "support/executor_checks.hpp"

namespace {

using ardent::simd_level;
using ardent::executor::host;

TEST_CASE("host executor: each index once, a team as one grid") {
  for (int const threads : {1, 2, 3, 7}) {
    CAPTURE(threads);
    host const executor(threads);
    CHECK(executor.threads() == threads);
    CHECK(executor.level() == ardent::host_level());
    test::check_visits(executor);
    test::check_team(executor);
  }
}

TEST_CASE("host executor: an exception of a worker reaches the caller and the executor stays usable") {
  for (int const threads : {1, 2, 3}) {
    CAPTURE(threads);
    test::check_exceptions(host(threads));
  }
}

TEST_CASE("host executor: concurrent calls take turns") {
  for (int const threads : {1, 2, 3}) {
    CAPTURE(threads);
    test::check_concurrent_calls(host(threads));
  }
}

TEST_CASE("host executor: threads and level are checked") {
  CHECK_THROWS_WITH_AS(host(-2), doctest::Contains("found -2"), std::invalid_argument);
  CHECK(host(0).threads() >= 1);
  CHECK(host(0).threads() == static_cast<int>(std::max(1u, std::thread::hardware_concurrency())));
  for (auto const level : {simd_level::baseline, simd_level::avx2, simd_level::avx512}) {
    if (level <= ardent::host_level())
      CHECK(host(1, level).level() == level);
    else
      CHECK_THROWS_AS(host(1, level), std::invalid_argument);
  }
}

}  // namespace
