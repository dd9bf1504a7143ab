// SPDX-License-Identifier: Apache-2.0
//
// What every executor of CPU threads promises, checked the same way for each.
#pragma once

#include <doctest/doctest.h>

#include <atomic>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace test {

/// @brief parallel_for and run_tiles visit each index once, with a worker in range that no one else has at the time.
template <class Executor>
void check_visits(Executor const& executor) {
  int const workers = executor.threads();
  CHECK(executor.groups() == workers);
  for (int const n : {0, 1, 2, 100}) {
    std::vector<int> visits(static_cast<std::size_t>(n)), tiles(visits.size());
    std::vector<std::atomic<int>> busy(static_cast<std::size_t>(workers));
    std::atomic<int> wrong{0};
    auto const visit = [&](std::vector<int>& count, int i, int worker) {
      if (worker < 0 || worker >= workers) ++wrong;
      auto& mine = busy[static_cast<std::size_t>(worker % workers)];
      if (mine.fetch_add(1) != 0) ++wrong;
      ++count[static_cast<std::size_t>(i)];
      mine.fetch_sub(1);
    };
    executor.parallel_for(n, [&](int i, int worker) { visit(visits, i, worker); });
    executor.run_tiles(n, [&](auto& block, auto& grid, int tile, int worker) {
      if (block.size() != 1 || grid.size() != 1 || grid.rank() != 0) ++wrong;
      grid.sync(block);
      visit(tiles, tile, worker);
    });
    CHECK(visits == std::vector<int>(visits.size(), 1));
    CHECK(tiles == visits);
    CHECK(wrong == 0);
  }
}

/// @brief run_team is one grid of all threads: what one wrote before a sync, all see after it.
template <class Executor>
void check_team(Executor const& executor) {
  std::size_t const workers = static_cast<std::size_t>(executor.threads());
  std::vector<int> written(workers), sums(workers);
  std::atomic<int> wrong{0};
  executor.run_team([&](auto& block, auto& grid, int worker) {
    if (grid.size() != executor.threads() || grid.rank() != worker) ++wrong;
    std::size_t const mine = static_cast<std::size_t>(worker);
    for (int round = 1; round <= 50; ++round) {
      written[mine] = round;
      grid.sync(block);
      for (int const w : written) sums[mine] += w;
      grid.sync(block);
    }
  });
  CHECK(wrong == 0);
  CHECK(sums == std::vector<int>(workers, static_cast<int>(workers) * 1275));
}

/// @brief The first exception of any worker reaches the caller, and the executor works on.
template <class Executor>
void check_exceptions(Executor const& executor) {
  auto const message_of = [](auto const& f) -> std::string {
    try {
      f();
    } catch (std::runtime_error const& error) {
      return error.what();
    }
    return "";
  };
  for (int const bad : {0, 1, 57, 99}) {
    CHECK(message_of([&] {
            executor.parallel_for(100, [&](int i, int) {
              if (i == bad) throw std::runtime_error("at " + std::to_string(i));
            });
          }) == "at " + std::to_string(bad));
    CHECK(message_of([&] {
            executor.run_tiles(100, [&](auto&, auto&, int tile, int) {
              if (tile == bad) throw std::runtime_error("tile " + std::to_string(tile));
            });
          }) == "tile " + std::to_string(bad));
    CHECK(message_of([&] {
            executor.run_team([&](auto&, auto&, int worker) {
              if (worker == bad % executor.threads()) throw std::runtime_error("worker " + std::to_string(worker));
            });
          }) == "worker " + std::to_string(bad % executor.threads()));
    CHECK(message_of([&] { executor.parallel_for(100, [](int, int) { throw std::runtime_error("all"); }); }) == "all");
    check_visits(executor);
    check_team(executor);
  }
}

/// @brief Calls from several threads take turns.
template <class Executor>
void check_concurrent_calls(Executor const& executor) {
  std::vector<std::thread> callers;
  std::vector<int> sums(4);
  for (std::size_t caller = 0; caller < sums.size(); ++caller)
    callers.emplace_back([&, caller] {
      for (int round = 0; round < 20; ++round) {
        std::vector<int> out(50);
        executor.parallel_for(50, [&](int i, int) { out[static_cast<std::size_t>(i)] = i; });
        for (int const o : out) sums[caller] += o;
        executor.run_team([](auto& block, auto& grid, int) { grid.sync(block); });
      }
    });
  for (std::thread& caller : callers) caller.join();
  CHECK(sums == std::vector<int>(4, 20 * 1225));
}

}  // namespace test
