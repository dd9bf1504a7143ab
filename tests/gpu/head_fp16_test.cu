// SPDX-License-Identifier: Apache-2.0
//
// Whole trajectories of the head on a GPU with weights in half precision, in every regime. Half precision keeps three
// bits more than bfloat16: its bound is a sixth of that one's.
//
// variant
#include <ardent/tile/format.hpp>

#include "gpu/head_checks.hpp"

TEST_CASE("head_trajectory, half precision: the reference's samples, the same bits in every regime and graph") {
  test::check_small_heads<ardent::format::fp16>(0.025);
}

TEST_CASE("head_trajectory, half precision: larger heads" * doctest::test_suite("large")) {
  test::check_large_heads<ardent::format::fp16>(0.025);
}
