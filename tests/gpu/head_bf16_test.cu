// SPDX-License-Identifier: Apache-2.0
//
// Whole trajectories of the head on a GPU with weights in bfloat16, in every regime.
#include <ardent/tile/format.hpp>

#include "gpu/head_checks.hpp"

TEST_CASE("head_trajectory, bfloat16: the reference's samples, the same bits in every regime and graph") {
  test::check_small_heads<ardent::format::bf16>(0.25);
}

TEST_CASE("head_trajectory, bfloat16: larger heads" * doctest::test_suite("large")) {
  test::check_large_heads<ardent::format::bf16>(0.25);
}
