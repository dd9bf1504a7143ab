// SPDX-License-Identifier: Apache-2.0
//
// MAR-B's head: width 1024, depth 6, weights in bfloat16.
#include "head_bench.hpp"

namespace {

void run() {
  constexpr ardent::adaln_shape<16, 32, 1024, 6, 768> shape{};
  const bench::made_head weights(shape);
  const bench::clock clock;
  bench::time_head<ardent::format::bf16>(clock, "MAR-B", "bf16", shape, weights.views());
}

}  // namespace

int main() { return bench::main_of(run); }
