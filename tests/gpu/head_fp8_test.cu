// SPDX-License-Identifier: Apache-2.0
//
// Whole trajectories of the head on a GPU with weights in 8 bits, in every regime.
//
// variant
#include <ardent/tile/format.hpp>

#include "gpu/head_checks.hpp"

TEST_CASE("head_trajectory, 8 bits: the reference's samples, the same bits in every regime and graph") {
  test::check_small_heads<ardent::format::fp8>(0.25);
}

TEST_CASE("head_trajectory, 8 bits: larger heads" * doctest::test_suite("large")) {
  test::check_large_heads<ardent::format::fp8>(0.25);
}
