// SPDX-License-Identifier: Apache-2.0
//
// Runs a piece of a kernel on every model of a block that this machine has.
#pragma once

#include <doctest/doctest.h>
#include <ardent/executor/checked.hpp>
#include <ardent/group/host_fast.hpp>

namespace test {

/// @brief body(run, name) for each model; run(kernel) calls kernel(block) on every thread of one block.
template <class Body>
void on_each_block(Body const& body) {
  body([](auto const& kernel) { kernel(ardent::host_block<ardent::simd_level::baseline>{}); }, "baseline");
  if (ardent::host_level() >= ardent::simd_level::avx2)
    body([](auto const& kernel) { kernel(ardent::host_block<ardent::simd_level::avx2>{}); }, "avx2");
  if (ardent::host_level() >= ardent::simd_level::avx512)
    body([](auto const& kernel) { kernel(ardent::host_block<ardent::simd_level::avx512>{}); }, "avx512");
  if (ardent::host_level() >= ardent::simd_level::avx512_dot)
    body([](auto const& kernel) { kernel(ardent::host_block<ardent::simd_level::avx512>(true)); }, "avx512_dot");
  for (auto const order :
       {ardent::checked_order::concurrent, ardent::checked_order::ascending, ardent::checked_order::descending})
    for (int const threads : {1, 7, 64}) {
      if (threads == 64 && order != ardent::checked_order::concurrent) continue;
      ardent::executor::checked const executor(1, threads, order);
      body([&](auto const& kernel) { executor.run_tiles(1, [&](auto& block, auto&, int, int) { kernel(block); }); },
           "checked");
    }
}

}  // namespace test
