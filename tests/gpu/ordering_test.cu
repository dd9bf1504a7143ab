// SPDX-License-Identifier: Apache-2.0
//
// Orders, positions, tokens and masks on a GPU: exactly the host's, also from a CUDA graph.
#include <doctest/doctest.h>
#include <ardent/cuda/graph.hpp>
#include <ardent/cuda/ordering.hpp>
#include <ardent/random/philox.hpp>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "gpu/device_array.hpp"
#include "support/made_numbers.hpp"

namespace {

using test::device_array;

/// A batch as the host has it, by the same bodies, an element a call.
struct host_batch {
  ardent::token_layout layout;
  std::vector<int> order, offsets;
  std::vector<float> tokens;
  std::vector<std::uint8_t> known;

  host_batch(ardent::token_layout const& l, ardent::random::philox const& random)
      : layout(l),
        order(total()),
        offsets(static_cast<std::size_t>(l.images) + 1),
        tokens(total() * static_cast<std::size_t>(l.channels)),
        known(total()) {
    std::vector<std::uint64_t> keys(total());
    for (int i = 0; i < static_cast<int>(total()); ++i)
      ardent::detail::make_order_key(layout, random, i, keys.data(), order.data(), offsets.data());
    for (std::size_t b = 0; b + 1 < offsets.size(); ++b) {
      std::uint64_t const* const of_image = keys.data() + offsets[b];
      std::sort(order.begin() + offsets[b], order.begin() + offsets[b + 1],
                [&](int x, int y) { return of_image[x] < of_image[y]; });
    }
  }
  std::size_t total() const { return static_cast<std::size_t>(layout.images * layout.sequence_length); }
  int quads() const { return (layout.channels + 3) / 4; }
};

/// AR steps that draw that many tokens of each image.
void check(ardent::token_layout const& layout, std::vector<int> const& counts) {
  CAPTURE(layout.images);
  CAPTURE(layout.sequence_length);
  CAPTURE(layout.channels);
  ardent::random::philox const random(42);
  host_batch host(layout, random);
  device_array<std::byte> const workspace(ardent::cuda::order_bytes(layout));
  device_array<int> const order(host.total()), raster(host.total()), positions(host.total());
  device_array<std::uint32_t> const images(host.total());
  device_array<float> const tokens(host.tokens.size()), samples(host.tokens.size()), gathered(host.tokens.size());
  device_array<std::uint8_t> const known(host.total());
  test::device_stream const stream;
  auto const prepare = [&](cudaStream_t s) {
    ardent::cuda::enqueue_clear(s, layout, tokens.span(), known.span());
    ardent::cuda::enqueue_orders<true>(s, layout, random, workspace.span(), order.span());
    ardent::cuda::enqueue_orders<false>(s, layout, random, workspace.span(), raster.span());
  };
  prepare(stream.get());
  CHECK(order.read() == host.order);
  std::vector<int> const rows = raster.read();
  int wrong = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) wrong += rows[i] != static_cast<int>(i) % layout.sequence_length;
  CHECK(wrong == 0);

  int done = 0;
  for (int const count : counts) {
    CAPTURE(done);
    int const picked = layout.images * count;
    auto const size = static_cast<std::size_t>(picked);
    std::vector<int> host_positions(size);
    std::vector<std::uint32_t> host_images(size);
    std::vector<float> const drawn =
        test::made_numbers(static_cast<std::uint64_t>(done)).normals(picked * layout.channels);
    for (int i = 0; i < picked; ++i)
      ardent::detail::pick_position(layout, host.order.data(), done, count, i, host_positions.data(),
                                    host_images.data());
    for (int i = 0; i < picked * host.quads(); ++i)
      ardent::detail::scatter_quad(layout, host_positions.data(), count, false, i, drawn.data(), host.tokens.data(),
                                   host.known.data());
    cudaMemcpy(samples.data(), drawn.data(), drawn.size() * sizeof(float), cudaMemcpyHostToDevice);
    ardent::cuda::graph const graph(stream.get(), [&](cudaStream_t s) {
      ardent::cuda::enqueue_pick(s, layout, order.span(), done, count, positions.span(), images.span());
      ardent::cuda::enqueue_scatter(s, layout, positions.span(), count, samples.span(), tokens.span(), known.span());
      ardent::cuda::enqueue_gather(s, layout, positions.span(), count, tokens.span(), gathered.span());
    });
    graph.launch(stream.get());
    auto const first = [size](auto all, std::size_t each) {
      all.resize(size * each);
      return all;
    };
    CHECK(first(positions.read(), 1) == host_positions);
    CHECK(first(images.read(), 1) == host_images);
    CHECK(first(gathered.read(), static_cast<std::size_t>(layout.channels)) == drawn);
    done += count;
  }
  CHECK(tokens.read() == host.tokens);
  CHECK(known.read() == host.known);
  // a generation's start in a graph gives the same again
  ardent::cuda::graph const start(stream.get(), prepare);
  start.launch(stream.get());
  CHECK(order.read() == host.order);
  CHECK(known.read() == std::vector<std::uint8_t>(host.total(), 0));
  CHECK(tokens.read() == std::vector<float>(host.tokens.size(), 0.0f));
}

}  // namespace

TEST_CASE("orderings: exactly the host's") {
  check({1, 1, 1, 0}, {1});
  check({3, 50, 6, 7}, {1, 9, 40});
  check({2, 64, 16, 0xfffffff0u}, {10, 30});
  check({70, 256, 4, 5}, {4, 1, 120});
}

TEST_CASE("orderings: sequences longer than a block sorts at once" * doctest::test_suite("large")) {
  check({5, 5000, 3, 1}, {1, 700});
  check({4000, 16, 8, 9}, {3, 13});
}
