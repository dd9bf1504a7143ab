// SPDX-License-Identifier: Apache-2.0
//
// Orders, positions and tokens on the device, with memory in every form that is accepted. Where there is a GPU it draws
// three AR steps' positions and compares all with the host's bodies, and says that they agree; where there is none it
// prints the one line of the exception. The only file with CUB and Thrust, which take long to compile.
#include <ardent/cuda/ordering.hpp>
#include <ardent/random/philox.hpp>

#include <thrust/device_vector.h>

#include <algorithm>
#include <cstdio>
#include <span>
#include <type_traits>
#include <vector>

namespace {

using ardent::cuda::device_pointer;
static_assert(std::is_same_v<decltype(device_pointer(std::declval<thrust::device_vector<int>&>())), int*>);
static_assert(
    std::is_same_v<decltype(device_pointer(std::declval<thrust::device_vector<float> const&>())), float const*>);
static_assert(std::is_same_v<decltype(device_pointer(std::declval<thrust::device_ptr<int>>())), int*>);
static_assert(std::is_same_v<decltype(device_pointer(std::declval<std::span<int const>>())), int const*>);
static_assert(std::is_same_v<decltype(device_pointer(std::declval<float*>())), float*>);
static_assert(std::is_convertible_v<thrust::device_vector<std::byte> const&, ardent::cuda::packed_weights>);
static_assert(std::is_convertible_v<thrust::device_ptr<std::byte const>, ardent::cuda::packed_weights>);

constexpr ardent::token_layout layout{3, 50, 6, 7};
constexpr int total = layout.images * layout.sequence_length;

/// What the host makes of it.
struct expected {
  std::vector<int> order = std::vector<int>(total);
  std::vector<float> tokens = std::vector<float>(total * layout.channels);
  std::vector<std::uint8_t> known = std::vector<std::uint8_t>(total);

  explicit expected(ardent::random::philox const& random) {
    std::vector<std::uint64_t> keys(total);
    std::vector<int> offsets(layout.images + 1);
    for (int i = 0; i < total; ++i)
      ardent::detail::make_order_key(layout, random, i, keys.data(), order.data(), offsets.data());
    for (int b = 0; b < layout.images; ++b) {
      auto const* const of_image = keys.data() + offsets[b];
      std::sort(order.begin() + offsets[b], order.begin() + offsets[b + 1],
                [&](int x, int y) { return of_image[x] < of_image[y]; });
    }
  }
};

int run() {
  const ardent::random::philox random(42);
  const std::size_t bytes = ardent::cuda::order_bytes(layout);
  thrust::device_vector<std::byte> workspace(bytes);
  thrust::device_vector<int> order(total), positions(total), raster(total);
  thrust::device_vector<std::uint32_t> images(total);
  thrust::device_vector<float> tokens(total * layout.channels, 5.0f), samples(total * layout.channels);
  thrust::device_vector<std::uint8_t> known(total, 9);
  cudaStream_t const stream = nullptr;

  expected host(random);
  ardent::cuda::enqueue_clear(stream, layout, tokens, known);
  ardent::cuda::enqueue_orders<true>(stream, layout, random, workspace, order);
  ardent::cuda::enqueue_orders<false>(stream, layout, random, workspace, raster);
  int done = 0, wrong = 0;
  for (int const count : {1, 9, 40}) {
    std::vector<int> host_positions(layout.images * count), found(host_positions.size());
    std::vector<std::uint32_t> host_images(host_positions.size());
    std::vector<float> host_samples(host_positions.size() * layout.channels), gathered(host_samples.size());
    for (std::size_t i = 0; i < host_samples.size(); ++i) host_samples[i] = static_cast<float>(done * 1000 + i);
    const int rows = layout.images * count;
    for (int i = 0; i < rows; ++i)
      ardent::detail::pick_position(layout, host.order.data(), done, count, i, host_positions.data(),
                                    host_images.data());
    for (int i = 0; i < rows * 2; ++i)
      ardent::detail::scatter_quad(layout, host_positions.data(), count, false, i, host_samples.data(),
                                   host.tokens.data(), host.known.data());
    thrust::copy(host_samples.begin(), host_samples.end(), samples.begin());
    ardent::cuda::enqueue_pick(stream, layout, std::as_const(order), done, count, positions, images);
    ardent::cuda::enqueue_scatter(stream, layout, positions.data(), count, samples, tokens, known);
    ardent::cuda::enqueue_gather(stream, layout, device_pointer(positions), count, tokens, samples);
    thrust::copy_n(positions.begin(), found.size(), found.begin());
    thrust::copy_n(samples.begin(), gathered.size(), gathered.begin());
    wrong += found != host_positions || gathered != host_samples;
    done += count;
  }
  wrong += !std::equal(host.order.begin(), host.order.end(), std::vector<int>(order.begin(), order.end()).begin());
  wrong += std::vector<float>(tokens.begin(), tokens.end()) != host.tokens;
  wrong += std::vector<std::uint8_t>(known.begin(), known.end()) != host.known;
  std::vector<int> const rows(raster.begin(), raster.end());
  for (int i = 0; i < total; ++i) wrong += rows[i] != i % layout.sequence_length;
  std::printf(wrong == 0 ? "launched\n" : "%d arrays differ from the host's\n", wrong);
  return wrong == 0 ? 0 : 1;
}

}  // namespace

int main() {
  try {
    return run();
  } catch (ardent::cuda::error const& e) {
    std::printf("%s\n", e.what());
    return 0;
  }
}
