// SPDX-License-Identifier: Apache-2.0
//
// What the library asks for, for the report: reads lines of FORMAT WIDTH DEPTH REGIME ARCHITECTURE and answers each
// with the bytes of shared memory of a block whose tile has the most rows that fit, these rows (0: not even two fit),
// and the most of the regime. Guided, on the multiprocessors of an A100, an H100, a B200 and an RTX 5090.
#include <ardent/cuda/device.hpp>

#include <cstdio>
#include <iostream>
#include <string>

namespace {

template <class Format>
void answer(ardent::cuda::device_limits const& device, ardent::adaln_shape<> const& shape,
            ardent::cuda::head_regime regime) {
  namespace detail = ardent::cuda::detail;
  constexpr int branches = 2;
  const ardent::tiled_plan plan = plan_of(regime);
  const int hoisted = detail::hoisted_rows_of_head<Format>(device, shape);
  const int rows = detail::rows_of_head<Format>(device, shape, regime, branches, hoisted);
  const std::size_t bytes =
      ardent::tiled_block_bytes<Format>(shape, rows, detail::blocks_of_head(device, shape, plan), plan, hoisted);
  std::printf("%zu %d %d\n", bytes, rows, 8 * plan.groups);
}

ardent::cuda::head_regime regime_of(std::string const& name) {
  using enum ardent::cuda::head_regime;
  return name == "resident" ? resident : name == "streamed" ? streamed : name == "wide" ? wide : tiles;
}

}  // namespace

int main() {
  std::string format, regime;
  int width, depth, architecture;
  while (std::cin >> format >> width >> depth >> regime >> architecture) {
    ardent::cuda::device_limits device;
    device.architecture = architecture;
    device.multiprocessors = architecture == 80 ? 108 : architecture == 90 ? 132 : architecture == 100 ? 148 : 170;
    device.shared_bytes = ardent::cuda::most_shared_bytes(architecture);
    const ardent::adaln_shape<> shape(16, 32, width, depth, width);
    if (format == "fp32") answer<ardent::format::fp32>(device, shape, regime_of(regime));
    if (format == "bf16") answer<ardent::format::bf16>(device, shape, regime_of(regime));
    if (format == "fp16") answer<ardent::format::fp16>(device, shape, regime_of(regime));
    if (format == "fp8") answer<ardent::format::fp8>(device, shape, regime_of(regime));
  }
}
