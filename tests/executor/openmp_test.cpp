// SPDX-License-Identifier: Apache-2.0
//
// The host executor on OpenMP: the same promises as on std::thread.
#include <doctest/doctest.h>
#include <ardent/executor/openmp.hpp>

#include <stdexcept>

#include "support/executor_checks.hpp"

namespace {

using ardent::executor::openmp;

TEST_CASE("openmp executor: each index once, a team as one grid") {
  for (int const threads : {1, 2, 3, 7}) {
    CAPTURE(threads);
    openmp const executor(threads);
    CHECK(executor.threads() == threads);
    test::check_visits(executor);
    test::check_team(executor);
  }
}

TEST_CASE("openmp executor: an exception of a worker reaches the caller and the executor stays usable") {
  for (int const threads : {1, 2, 3}) test::check_exceptions(openmp(threads));
}

TEST_CASE("openmp executor: concurrent calls do not disturb one another") {
  for (int const threads : {1, 2}) test::check_concurrent_calls(openmp(threads));
}

TEST_CASE("openmp executor: inside a parallel region it refuses rather than hangs") {
  openmp const executor(2);
  int refused = 0;
#pragma omp parallel num_threads(2) reduction(+ : refused)
  {
    try {
      executor.run_team([](auto& block, auto& grid, int) { grid.sync(block); });
    } catch (std::runtime_error const&) {
      ++refused;
    }
  }
  CHECK(refused == 2);
}

}  // namespace
