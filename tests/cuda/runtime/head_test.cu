// SPDX-License-Identifier: Apache-2.0
//
// What a head's AR step asks of the runtime: which regime on which device, one launch, nothing that a capture forbids;
// and what it says of devices and arguments that do not fit.
#include <doctest/doctest.h>
#include <ardent/annealing/linear.hpp>
#include <ardent/cuda/head.hpp>
#include <ardent/guidance/linear.hpp>
#include <ardent/ordering/masked.hpp>
#include <ardent/sampler.hpp>
#include <ardent/solver/ddim.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "scene.hpp"

namespace {

using ardent::cuda::head_regime;
using sampler = ardent::sampler<ardent::ordering::masked<256, 64>, ardent::annealing::linear<50, 5>,
                                ardent::solver::ddim<>, ardent::guidance::linear<3.0>>;
using shape = ardent::adaln_shape<>;
using head = ardent::cuda::head_trajectory<sampler, ardent::format::bf16>;

shape const mar_b(16, 16, 1024, 6, 1024);
constexpr fake::device h100{};
constexpr fake::device a100{8, 0, 108, 48 << 10, 163 << 10, 164 << 10};
constexpr fake::device small{12, 0, 84, 48 << 10, 99 << 10, 100 << 10, 1536};

/// One AR step on the fake device.
void draw(head const& h, cudaStream_t stream, int tokens) {
  ardent::tile t;
  t.total = tokens;
  std::size_t const bytes = h.workspace_bytes(tokens);
  scene::memory const workspace(bytes);
  h.enqueue(stream, 3, t, ardent::random::philox(1), workspace.get(), bytes, nullptr);
}

/// Each block has its state to itself, and its arrays where the workspace has room for them.
template <head_regime Regime>
void check_blocks() {
  using denoiser = ardent::denoiser::tiled_adaln_mlp<ardent::format::bf16, shape, plan_of(Regime)>;
  constexpr int tokens = 4, branches = 2, steps = 50;
  constexpr std::size_t blocks = 3;
  denoiser const of_regime(mar_b, nullptr);
  auto const layout = ardent::cuda::detail::lay_out_head<sampler::row_type>(of_regime, tokens, branches, steps,
                                                                            static_cast<int>(blocks));
  std::vector<std::byte> memory(layout.bytes + 256);
  std::byte* base = memory.data();
  while (reinterpret_cast<std::uintptr_t>(base) % 256 != 0) ++base;
  std::size_t const outputs = tokens * branches * 16 * sizeof(float);
  std::size_t const activations = of_regime.shared_floats(tokens * branches, steps) * sizeof(float);
  struct part {
    std::size_t first, last;
  };
  std::vector<part> parts{{0, sizeof(unsigned)}};  // the blocks' arrivals
  float scratch = 0;
  for (std::size_t b = 0; b < blocks; ++b) {
    ardent::trajectory_memory const m = layout.of_block(base, b, &scratch);
    CHECK(m.scratch == &scratch);
    auto const add = [&](void const* from, std::size_t bytes, bool shared) {
      auto const first = static_cast<std::size_t>(static_cast<std::byte const*>(from) - base);
      CHECK(first % 256 == 0);
      CHECK(first + bytes <= layout.bytes);
      if (!shared || b == 0) parts.push_back({first, first + bytes});
    };
    bool const shared = denoiser::plan.shared;
    add(m.own, ardent::trajectory_state_bytes<sampler::row_type>(16, tokens), false);
    add(m.output, outputs, shared);
    add(m.shared, activations, shared);
    if (shared) CHECK(m.shared == layout.of_block(base, 0, &scratch).shared);
  }
  for (std::size_t i = 0; i < parts.size(); ++i)
    for (std::size_t j = 0; j < i; ++j) CHECK((parts[i].last <= parts[j].first || parts[j].last <= parts[i].first));
}

}  // namespace

TEST_CASE("head_trajectory: the regime of each device and number of tokens") {
  struct expectation {
    fake::device device;
    head_regime few, some, more, many;
  };
  fake::device alone = h100;
  alone.cooperative = false;
  fake::device crowded = h100;
  crowded.blocks_per_sm = 0;  // for kernels of all blocks, as if other work held the multiprocessors
  for (expectation const& e :
       {expectation{h100, head_regime::resident, head_regime::resident, head_regime::wide, head_regime::tiles},
        {a100, head_regime::streamed, head_regime::streamed, head_regime::wide, head_regime::tiles},
        {small, head_regime::streamed, head_regime::streamed, head_regime::wide, head_regime::tiles},
        {alone, head_regime::tiles, head_regime::tiles, head_regime::tiles, head_regime::tiles}}) {
    fake::reset({e.device});
    head const h(sampler{}, mar_b, nullptr);
    CHECK(h.regime(1) == e.few);
    CHECK(h.regime(8) == e.some);
    CHECK(h.regime(9) == e.more);
    CHECK(h.regime(1000) == e.many);
  }
  fake::reset({crowded});
  CHECK_THROWS_AS(head(sampler{}, mar_b, nullptr), ardent::cuda::error);
}

TEST_CASE("head_trajectory: one launch an AR step, of all multiprocessors or of as many blocks as tiles") {
  fake::reset({h100});
  scene::stream const stream;
  head const h(sampler{}, mar_b, nullptr);
  for (int const tokens : {1, 4, 8, 9, 200, 1000, 100000}) {
    CAPTURE(tokens);
    std::size_t const before = fake::launches().size();
    draw(h, stream.get(), tokens);
    std::vector<fake::call> const launches = fake::launches();
    REQUIRE(launches.size() == before + 1);
    fake::call const& launch = launches.back();
    bool const shared = h.regime(tokens) != head_regime::tiles;
    CHECK(launch.name == (shared ? "cudaLaunchCooperativeKernel" : "cudaLaunchKernel"));
    CHECK(launch.grid.x == (shared ? 128u : tokens == 1000 ? 63u : 132u));  // 128 panels; tiles of 16 tokens
    CHECK(launch.block.x == 256);
    CHECK(launch.shared <= std::size_t{227} << 10);
    CHECK(launch.stream == stream.get());
  }
}

TEST_CASE("head_trajectory: an AR step can be captured, and asks for nothing else") {
  fake::reset({h100});
  scene::stream const stream;
  head const h(sampler{}, mar_b, nullptr);
  std::size_t const bytes = h.workspace_bytes(64);
  scene::memory const workspace(bytes);
  REQUIRE(cudaStreamBeginCapture(stream.get(), cudaStreamCaptureModeGlobal) == cudaSuccess);
  std::size_t const before = fake::calls().size();
  ardent::tile t;
  for (int const tokens : {1, 8, 64}) {
    t.total = tokens;
    h.enqueue(stream.get(), 0, t, ardent::random::philox(1), workspace.get(), bytes, nullptr);
  }
  std::vector<fake::call> const calls = fake::calls();
  CHECK(calls.size() == before + 6);
  for (std::size_t i = before; i < calls.size(); ++i) {
    CHECK(calls[i].captured);
    CHECK(calls[i].name == ((i - before) % 2 == 0 ? "cudaMemsetAsync" : "cudaLaunchCooperativeKernel"));
  }
  cudaGraph_t graph = nullptr;
  REQUIRE(cudaStreamEndCapture(stream.get(), &graph) == cudaSuccess);
  CHECK(fake::violations().empty());
  CHECK(fake::nodes(graph) == 6);
  cudaGraphDestroy(graph);
}

TEST_CASE("head_trajectory: a workspace is large enough for every smaller step") {
  for (fake::device const& device : {h100, a100, small}) {
    fake::reset({device});
    head const h(sampler{}, mar_b, nullptr);
    for (int const tokens : {1, 8, 9, 25, 100, 385, 1000}) {
      std::size_t const bytes = h.workspace_bytes(tokens);
      scene::memory const workspace(bytes);
      ardent::tile t;
      for (t.total = 1; t.total <= tokens; ++t.total)
        h.enqueue(nullptr, 0, t, ardent::random::philox(1), workspace.get(), bytes, nullptr);
    }
  }
}

TEST_CASE("head_trajectory: a head of another size does not take the kernels' shared memory away") {
  fake::reset({h100});
  head const large(sampler{}, mar_b, nullptr);
  head const small_head(sampler{}, shape(16, 16, 64, 1, 64), nullptr);
  for (int const tokens : {1, 20, 1000}) {
    draw(large, nullptr, tokens);
    draw(small_head, nullptr, tokens);
  }
}

TEST_CASE("head_trajectory: bad arguments") {
  fake::reset({h100});
  head const h(sampler{}, mar_b, nullptr);
  ardent::tile t;
  t.total = 4;
  std::size_t const bytes = h.workspace_bytes(4);
  scene::memory const workspace(bytes);
  std::size_t const before = fake::launches().size();
  CHECK_THROWS_WITH_AS(h.enqueue(nullptr, 0, t, ardent::random::philox(1), workspace.get(), 100, nullptr),
                       doctest::Contains("expected a workspace of"), std::invalid_argument);
  CHECK_THROWS_WITH_AS(h.enqueue(nullptr, 0, t, ardent::random::philox(1),
                                 static_cast<std::byte*>(workspace.get()) + 64, bytes, nullptr),
                       doctest::Contains("aligned to 256"), std::invalid_argument);
  t.times = reinterpret_cast<float const*>(0x1008);
  CHECK_THROWS_WITH_AS(h.enqueue(nullptr, 0, t, ardent::random::philox(1), workspace.get(), bytes, nullptr),
                       doctest::Contains("times aligned to 16"), std::invalid_argument);
  t.times = nullptr;
  std::span<std::byte> const all(static_cast<std::byte*>(workspace.get()), bytes);
  float samples[4 * 16];  // nothing writes them
  auto const enqueue = [&](std::span<std::byte> memory, std::span<float> out) {
    h.enqueue(nullptr, 0, t, ardent::random::philox(1), memory, out);
  };
  CHECK_THROWS_WITH_AS(enqueue(all.first(100), samples), doctest::Contains("bytes, found 100"), std::invalid_argument);
  CHECK_THROWS_WITH_AS(enqueue(all, std::span(samples).first(63)),
                       "ardent::cuda::head_trajectory: expected 64 elements, found 63", std::invalid_argument);
  CHECK_THROWS_WITH_AS(head(sampler{}, mar_b, all.first(100)), doctest::Contains("weights of"), std::invalid_argument);
  CHECK(fake::launches().size() == before);
  enqueue(all, samples);
  CHECK(fake::launches().size() == before + 1);
  for (int const none : {0, -1}) {
    t.total = none;
    CHECK(h.workspace_bytes(none) == 0);
    h.enqueue(nullptr, 0, t, ardent::random::philox(1), nullptr, h.workspace_bytes(none), nullptr);
  }
  int const ar_steps = sampler{}.ar_steps();
  for (int const ar_step : {-1, ar_steps})
    for (int const tokens : {0, 4}) {
      t.total = tokens;
      CHECK_THROWS_WITH_AS(
          h.enqueue(nullptr, ar_step, t, ardent::random::philox(1), workspace.get(), bytes, nullptr),
          ("ardent::cuda::head_trajectory: expected an AR step below 64, found " + std::to_string(ar_step)).c_str(),
          std::invalid_argument);
    }
  CHECK(fake::launches().size() == before + 1);
  CHECK_THROWS_WITH_AS(head(sampler{}, shape(16, 16, 1022, 6, 1024), nullptr), doctest::Contains("multiple of 4"),
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(head(sampler{}, mar_b, reinterpret_cast<void const*>(0x1008)),
                       doctest::Contains("aligned to 64"), std::invalid_argument);
}

TEST_CASE("head_trajectory: a stream that was destroyed, and one of another device") {
  fake::reset({h100, h100});
  head const h(sampler{}, mar_b, nullptr);
  scene::check_bad_streams("clearing the workspace of a head's trajectories", [&](cudaStream_t s) { draw(h, s, 4); });
  // tiles have nothing to clear
  scene::check_bad_streams("launching a head's trajectories", [&](cudaStream_t s) { draw(h, s, 1000); });
}

TEST_CASE("head_trajectory: a device without room, and calls that fail") {
  fake::device tiny = h100;
  tiny.shared_per_block_optin = 4 << 10;
  fake::reset({tiny});
  CHECK_THROWS_WITH_AS(head(sampler{}, mar_b, nullptr), doctest::Contains("this device's shared memory"),
                       ardent::cuda::error);
  CHECK_THROWS_WITH_AS(head(sampler{}, mar_b, nullptr), doctest::Contains("use another format of the weights, or draw"),
                       ardent::cuda::error);
  for (char const* name : {"cudaGetDevice", "cudaDeviceGetAttribute", "cudaFuncSetAttribute",
                           "cudaOccupancyMaxActiveBlocksPerMultiprocessor"}) {
    fake::reset({h100});
    fake::fail(name, 1, cudaErrorUnknown);
    CAPTURE(name);
    CHECK_THROWS_AS(head(sampler{}, mar_b, nullptr), ardent::cuda::error);
    head const again(sampler{}, mar_b, nullptr);
    CHECK(again.regime(1) == head_regime::resident);
  }
  fake::reset({h100});
  head const h(sampler{}, mar_b, nullptr);
  for (char const* name : {"cudaMemsetAsync", "cudaLaunchCooperativeKernel"}) {
    fake::fail(name, 1, cudaErrorCooperativeLaunchTooLarge);
    CHECK_THROWS_AS(draw(h, nullptr, 1), ardent::cuda::error);
    draw(h, nullptr, 1);
  }
  CHECK(fake::live() == 0);
}

TEST_CASE("head_kernel: each block has its state to itself, and its arrays where the workspace has room for them") {
  check_blocks<head_regime::streamed>();
  check_blocks<head_regime::tiles>();
}
