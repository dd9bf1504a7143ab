// SPDX-License-Identifier: Apache-2.0
#pragma once

// The kernels around cuda/ordering.hpp's sort, its memory, and the checks of sizes.

#include <ardent/cuda/error.hpp>
#include <ardent/detail/arena.hpp>
#include <ardent/detail/ordering_bodies.hpp>
#include <ardent/detail/quad.hpp>
#include <ardent/token_layout.hpp>

#include <cub/device/device_segmented_radix_sort.cuh>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>

namespace ardent {
inline namespace v0 {
namespace cuda {
namespace detail {

inline constexpr int ordering_threads = 256;

inline unsigned ordering_blocks(int elements) {
  return (static_cast<unsigned>(elements) + ordering_threads - 1) / ordering_threads;
}

/// body(i) for each element, a thread each. (Hidden: the same kernel in two shared objects would otherwise be
/// registered twice under one name.)
template <class Body>
__attribute__((visibility("hidden"))) __global__ void __launch_bounds__(ordering_threads)
    element_kernel(const __grid_constant__ Body body, int elements) {
  const unsigned i = blockIdx.x * ordering_threads + threadIdx.x;
  if (i < static_cast<unsigned>(elements)) body(static_cast<int>(i));
}

/// Enqueues it.
template <class Body>
void enqueue_elements(cudaStream_t stream, int elements, Body const& body, char const* what) {
  element_kernel<<<ordering_blocks(elements), ordering_threads, 0, stream>>>(body, elements);
  check(cudaGetLastError(), what);
}

[[noreturn]] inline void refuse_ordering(char const* name, std::string const& expected, std::string const& found) {
  throw std::invalid_argument("ardent::cuda::" + std::string(name) + ": expected " + expected + ", found " + found);
}

/// Elements of [images][tokens][quads of channels], if a launch can have so many threads.
inline int checked_elements(char const* name, token_layout const& layout, int tokens, bool with_channels) {
  if (layout.images < 1) refuse_ordering(name, "at least 1 image", std::to_string(layout.images));
  if (layout.sequence_length < 1)
    refuse_ordering(name, "a sequence of at least 1 token", std::to_string(layout.sequence_length));
  if (layout.channels < 1) refuse_ordering(name, "at least 1 channel", std::to_string(layout.channels));
  if (tokens < 1 || tokens > layout.sequence_length)
    refuse_ordering(name, "1 to " + std::to_string(layout.sequence_length) + " tokens of an image",
                    std::to_string(tokens));
  constexpr long long most = std::numeric_limits<int>::max() - 1024;
  const long long rows = static_cast<long long>(layout.images) * layout.sequence_length;
  const long long quads = with_channels ? (layout.channels + 3LL) / 4 : 1;
  // the last index of the keys' offsets is an int, too
  if (rows > most || rows > most / quads)
    refuse_ordering(name, "at most " + std::to_string(most / quads) + " tokens in a batch", std::to_string(rows));
  return static_cast<int>(static_cast<long long>(layout.images) * tokens * quads);
}

/// The arrays of a sort.
struct order_memory {
  std::uint64_t* keys = nullptr;
  std::uint64_t* sorted_keys = nullptr;
  int* positions = nullptr;
  int* offsets = nullptr;
  std::byte* scratch = nullptr;
  std::size_t scratch_bytes = 0;
  std::size_t bytes = 0;

  order_memory(token_layout const& layout, std::byte* memory) {
    const auto count = static_cast<std::size_t>(layout.images) * static_cast<std::size_t>(layout.sequence_length);
    ardent::detail::arena a(memory);
    keys = a.take<std::uint64_t>(count);
    sorted_keys = a.take<std::uint64_t>(count);
    positions = a.take<int>(count);
    offsets = a.take<int>(static_cast<std::size_t>(layout.images) + 1);
    sort(layout, nullptr, nullptr, "asking for the memory of a segmented sort");
    scratch = a.take<std::byte>(scratch_bytes);
    bytes = a.used();
  }

  /// Asks for scratch_bytes if there is no scratch. The radix sort and not DeviceSegmentedSort, which waits for the
  /// device where there are many images.
  void sort(token_layout const& layout, int* order, cudaStream_t stream, char const* what) {
    check(cub::DeviceSegmentedRadixSort::SortPairs(scratch, scratch_bytes, keys, sorted_keys, positions, order,
                                                   layout.images * layout.sequence_length, layout.images, offsets,
                                                   offsets + 1, 0, 64, stream),
          what);
  }
};

template <class T>
bool all_wide(token_layout const& layout, T const* a, T const* b) {
  return layout.channels % 4 == 0 && ardent::detail::is_wide(a) && ardent::detail::is_wide(b);
}

}  // namespace detail
}  // namespace cuda
}  // namespace v0
}  // namespace ardent
