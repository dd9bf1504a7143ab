// SPDX-License-Identifier: Apache-2.0
//
// Which heads stay in which GPU's shared memory: the cases of MAR's published sizes, by hand.
#include <doctest/doctest.h>
#include <ardent/cuda/device.hpp>

namespace {

namespace format = ardent::format;
using ardent::cuda::fits;
using ardent::cuda::head_regime;

// MAR-B, 12.6 M weights of its residual blocks, 25.2 MB in bfloat16. On 132 multiprocessors of 227 KiB a block has at
// most 12 of the 1536 panels of 16 KiB, and 35 KiB are left: 2 KiB of scratch and 16 rows of 2 KiB.
static_assert(fits(90, 132, 1024, 6, 2, format::bf16{}));
static_assert(fits(90, 132, 1024, 6, 16, format::bf16{}));
static_assert(!fits(90, 132, 1024, 6, 17, format::bf16{}));
static_assert(!fits(90, 114, 1024, 6, 2, format::bf16{}));  // 14 panels a block
static_assert(!fits(90, 132, 1024, 6, 2, format::fp32{}));
static_assert(fits(90, 132, 1024, 6, 16, format::fp8{}));
// MAR-L: 20 of 2560 panels of 10 KiB, and 10 rows of 2.5 KiB beside 2 KiB of scratch, to the byte.
static_assert(fits(90, 132, 1280, 8, 10, format::fp8{}));
static_assert(!fits(90, 132, 1280, 8, 11, format::fp8{}));
static_assert(!fits(90, 132, 1280, 8, 2, format::bf16{}));
static_assert(fits(100, 148, 1280, 8, 16, format::fp8{}));
// MAR-H: 56.6 M weights. Never.
static_assert(!fits(90, 132, 1536, 12, 2, format::fp8{}));
static_assert(!fits(100, 148, 1536, 12, 2, format::fp8{}));
// An A100 (108 x 163 KiB) and cards of 99 KiB a multiprocessor cannot hold MAR-B in bfloat16.
static_assert(!fits(80, 108, 1024, 6, 2, format::bf16{}));
static_assert(!fits(120, 188, 1024, 6, 2, format::bf16{}));
static_assert(fits(80, 108, 1024, 6, 8, format::fp8{}));

TEST_CASE("the weights that a block of a grid holds are a whole share, and shares differ by one panel at most") {
  ardent::adaln_shape<> const shape(16, 16, 1024, 6, 1024);
  ardent::tiled_plan const plan = plan_of(head_regime::resident);
  ardent::tiled_plan without = plan;
  without.resident = without.hoisted = false;
  ardent::tiled_plan looping = plan;
  looping.hoisted = false;
  for (int const blocks : {1, 7, 108, 132, 1536}) {
    CAPTURE(blocks);
    auto const bytes = [&](ardent::tiled_plan p) {
      return ardent::tiled_block_bytes<format::bf16>(shape, 8, blocks, p, 64);
    };
    CHECK(bytes(looping) - bytes(without) == static_cast<std::size_t>((1536 + blocks - 1) / blocks) * 16384);
    CHECK(bytes(plan) >= bytes(looping));
  }
}

TEST_CASE("default_tuning: a regime for every number of rows and every device") {
  using ardent::cuda::default_tuning;
  ardent::cuda::device_limits device{90, 132, 227 * 1024, true};
  CHECK(default_tuning::choose(device, 8, true) == head_regime::resident);
  CHECK(default_tuning::choose(device, 16, false) == head_regime::streamed);
  CHECK(default_tuning::choose(device, 17, true) == head_regime::wide);
  CHECK(default_tuning::choose(device, 769, true) == head_regime::tiles);
  device.cooperative = false;
  CHECK(default_tuning::choose(device, 2, true) == head_regime::tiles);
}

}  // namespace
