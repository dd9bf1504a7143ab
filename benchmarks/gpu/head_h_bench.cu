// SPDX-License-Identifier: Apache-2.0
//
// MAR-H's head: width 1536, depth 12, weights in bfloat16.
//
// variant
#include "head_bench.hpp"

namespace {

void run() {
  constexpr ardent::adaln_shape<16, 32, 1536, 12, 1280> shape{};
  const bench::made_head weights(shape);
  const bench::clock clock;
  bench::time_head<ardent::format::bf16>(clock, "MAR-H", "bf16", shape, weights.views());
}

}  // namespace

int main() { return bench::main_of(run); }
