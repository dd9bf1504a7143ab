// SPDX-License-Identifier: Apache-2.0
//
// What the orders, positions and tokens of a generation ask of the runtime: CUB's calls and launches, nothing that a
// stream's capture forbids.
#include <doctest/doctest.h>
#include <ardent/cuda/graph.hpp>
#include <ardent/cuda/ordering.hpp>
#include <ardent/random/philox.hpp>

#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>

#include "scene.hpp"

namespace {

constexpr ardent::token_layout layout{3, 50, 6, 7};
constexpr std::size_t total = 150;

/// A batch's memory on the fake device, which runs nothing.
struct batch {
  std::size_t bytes = ardent::cuda::order_bytes(layout);
  scene::memory workspace{bytes + 64}, order{total * 4}, positions{total * 4}, images{total * 4};
  scene::memory tokens{total * 24}, samples{total * 24}, known{total};

  /// The fake's memory is malloc's; a real device's is aligned to 256.
  std::span<std::byte> aligned() const {
    auto const start = (reinterpret_cast<std::uintptr_t>(workspace.get()) + 63) / 64 * 64;
    return {reinterpret_cast<std::byte*>(start), bytes};
  }
  template <class T>
  static T* as(scene::memory const& m) {
    return static_cast<T*>(m.get());
  }
  /// All that happens around a captured AR step.
  void enqueue(cudaStream_t stream) const {
    auto* const mask = as<std::uint8_t>(known);
    ardent::cuda::enqueue_clear(stream, layout, as<float>(tokens), mask);
    ardent::cuda::enqueue_orders<true>(stream, layout, ardent::random::philox(1), aligned(), as<int>(order));
    ardent::cuda::enqueue_pick(stream, layout, as<int>(order), 0, 4, as<int>(positions), as<std::uint32_t>(images));
    ardent::cuda::enqueue_scatter(stream, layout, as<int>(positions), 4, as<float>(samples), as<float>(tokens), mask);
    ardent::cuda::enqueue_gather(stream, layout, as<int>(positions), 4, as<float>(tokens), as<float>(samples));
  }
};

}  // namespace

TEST_CASE("orderings: a graph of launches") {
  fake::reset();
  scene::stream const stream;
  batch const b;
  std::size_t const before = fake::launches().size();
  std::size_t const live = fake::live();
  {
    ardent::cuda::graph const g(stream.get(), [&](cudaStream_t s) { b.enqueue(s); });
    CHECK(fake::violations().empty());
    g.launch(stream.get());
  }
  auto const launches = fake::launches();
  REQUIRE(launches.size() > before + 5);
  bool sorted = false;
  for (std::size_t i = before; i < launches.size(); ++i) {
    INFO(launches[i].kernel);
    CHECK(launches[i].captured);
    CHECK(launches[i].stream == stream.get());
    sorted = sorted || launches[i].kernel.find("SegmentedRadixSort") != std::string::npos;
  }
  CHECK(sorted);
  CHECK(fake::live() == live);
  char const* const names[] = {"clear_kernel", "order_keys_kernel", "pick_kernel", "scatter_kernel", "gather_kernel"};
  std::size_t at = before;
  for (char const* const name : names) {  // in this order, CUB's between the keys and the pick
    while (at < launches.size() && launches[at].kernel.find(name) == std::string::npos) ++at;
    INFO(name);
    CHECK(at < launches.size());
  }
}

TEST_CASE("orderings: any launch fails, also one of CUB's") {
  fake::reset();
  batch const b;
  std::size_t const before = fake::launches().size();
  b.enqueue(nullptr);
  int const launches = static_cast<int>(fake::launches().size() - before);
  std::size_t const live = fake::live();
  for (int number = 1; number <= launches; ++number) {
    CAPTURE(number);
    fake::fail("cudaLaunchKernel", number, cudaErrorLaunchOutOfResources);
    CHECK_THROWS_AS(b.enqueue(nullptr), ardent::cuda::error);
    CHECK(cudaPeekAtLastError() == cudaSuccess);
    CHECK(fake::live() == live);
    CHECK_NOTHROW(b.enqueue(nullptr));
  }
}

TEST_CASE("orderings: a machine without a device, and sizes that do not fit") {
  fake::reset({});
  CHECK_THROWS_WITH_AS(ardent::cuda::order_bytes(layout), doctest::Contains("asking for the current device failed"),
                       ardent::cuda::error);
  fake::reset();
  batch const b;
  std::size_t const before = fake::launches().size();
  CHECK_THROWS_WITH_AS(ardent::cuda::enqueue_orders<true>(nullptr, layout, ardent::random::philox(1),
                                                          b.aligned().first(b.bytes - 1), batch::as<int>(b.order)),
                       doctest::Contains("a workspace of"), std::invalid_argument);
  CHECK_THROWS_WITH_AS(ardent::cuda::enqueue_pick(nullptr, layout, batch::as<int>(b.order), 47, 4,
                                                  batch::as<int>(b.positions), batch::as<std::uint32_t>(b.images)),
                       doctest::Contains("0 to 46 tokens drawn before"), std::invalid_argument);
  CHECK(fake::launches().size() == before);
}
