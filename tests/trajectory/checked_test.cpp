// SPDX-License-Identifier: Apache-2.0
//
// Trajectories on the checked machine: real threads, several blocks, memory that starts as NaN. What comes out is the
// reference's result, whatever the shape of the machine and the order of its threads.
#include <doctest/doctest.h>

#include "trajectory/checked_scene.hpp"

namespace {

using ardent::checked_order;
using ardent::executor::checked;

TEST_CASE("trajectories on any number of blocks and threads equal the reference") {
  test::checked_scene const scene(3, 3, 1);
  for (int const blocks : {1, 3})
    for (int const threads : {1, 7, 32, 96})
      for (bool const team : {false, true}) {
        CAPTURE(blocks);
        CAPTURE(threads);
        CAPTURE(team);
        CHECK(scene.difference(checked(blocks, threads), 2, team) < scene.bound);
      }
}

TEST_CASE("trajectories in ascending and descending order of the threads equal the reference") {
  test::checked_scene const scene(3, 2, 2), small(1, 2, 1);
  auto const check = [](test::checked_scene const& what, int blocks, int threads) {
    for (auto const order : {checked_order::ascending, checked_order::descending})
      for (bool const team : {false, true}) {
        CAPTURE(blocks);
        CAPTURE(threads);
        CAPTURE(team);
        CHECK(what.difference(checked(blocks, threads, order), 2, team) < what.bound);
      }
  };
  for (int const blocks : {1, 3}) {
    for (int const threads : {1, 7, 32}) check(scene, blocks, threads);
    check(small, blocks, 96);
  }
}

TEST_CASE("more blocks than tokens or panels, one token, one step") {
  test::checked_scene const scene(1, 1, 1);
  for (auto const order : {checked_order::concurrent, checked_order::ascending, checked_order::descending})
    for (bool const team : {false, true}) CHECK(scene.difference(checked(5, 3, order), 64, team) < scene.bound);
}

}  // namespace
