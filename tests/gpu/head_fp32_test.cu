// SPDX-License-Identifier: Apache-2.0
//
// Whole trajectories of the head on a GPU with weights in float, in every regime.
//
// variant
#include <ardent/tile/format.hpp>

#include "gpu/head_checks.hpp"

TEST_CASE("head_trajectory, float: the reference's samples, the same bits in every regime and graph") {
  test::check_small_heads<ardent::format::fp32>(2e-4);
}

TEST_CASE("head_trajectory, float: larger heads" * doctest::test_suite("large")) {
  test::check_large_heads<ardent::format::fp32>(2e-4);
}
