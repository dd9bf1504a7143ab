// SPDX-License-Identifier: Apache-2.0
//
// MAR-L's head: width 1280, depth 8, weights in bfloat16, and in 8 bits, in which it fits an H100's shared memory.
//
// variant
#include "head_bench.hpp"

namespace {

void run() {
  constexpr ardent::adaln_shape<16, 32, 1280, 8, 1024> shape{};
  const bench::made_head weights(shape);
  const bench::clock clock;
  bench::time_head<ardent::format::bf16>(clock, "MAR-L", "bf16", shape, weights.views());
  bench::time_head<ardent::format::fp8>(clock, "MAR-L", "fp8", shape, weights.views());
}

}  // namespace

int main() { return bench::main_of(run); }
