// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief Orders, positions and tokens of a generation on the device: what happens between AR steps. Everything is
/// enqueued; nothing waits, allocates or copies to the host.
///
/// It includes CUB, which takes seconds to compile: keep it out of headers.

#include <ardent/cuda/detail/ordering_kernels.hpp>
#include <ardent/cuda/error.hpp>
#include <ardent/cuda/range.hpp>
#include <ardent/detail/arena.hpp>
#include <ardent/random/random.hpp>
#include <ardent/token_layout.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace ardent {
inline namespace v0 {
namespace cuda {

/// @brief Bytes of workspace of enqueue_orders, on the current device.
/// @throws std::invalid_argument if a size is below 1, or the batch has more tokens than an int counts
/// @throws error if there is no device
inline std::size_t order_bytes(token_layout const& layout) {
  detail::checked_elements("order_bytes", layout, layout.sequence_length, false);
  // CUB's own error would not say why there is none
  int device = 0;
  check(cudaGetDevice(&device), "asking for the current device");
  return detail::order_memory(layout, nullptr).bytes;
}

/// @brief Enqueues the order in which each image's positions are drawn: the same as on the host. Not for a
/// placed_ordering: fill `order` with its positions instead.
/// @tparam Permuted  a random order of each image by ascending keys (a sampler's `permuted`), or raster order, which
///                   needs no workspace
/// @param stream     where it runs; of the current device
/// @param layout     images and sequence length; the keys are those of images first_image, ...
/// @param random     a random_source callable on the device
/// @param workspace  order_bytes(layout) bytes of device memory, aligned to 64; a range
/// @param order      [images][sequence_length] int, written
/// @throws std::invalid_argument if sizes do not fit one another
/// @throws error if a launch fails
template <bool Permuted, random_source Random, device_memory Workspace, device_memory Order>
void enqueue_orders(cudaStream_t stream, token_layout const& layout, Random const& random, Workspace&& workspace,
                    Order&& order) {
  const int elements = detail::checked_elements("enqueue_orders", layout, layout.sequence_length, false);
  int* const out = detail::checked_pointer<int>(order, static_cast<std::size_t>(elements), "enqueue_orders");
  if constexpr (!Permuted) {
    detail::enqueue_elements(stream, elements, ardent::detail::raster_order_kernel{layout, out},
                             "launching raster orders");
  } else {
    const std::span<std::byte> bytes = detail::bytes_of(workspace);
    if (reinterpret_cast<std::uintptr_t>(bytes.data()) % ardent::detail::arena_alignment != 0)
      detail::refuse_ordering("enqueue_orders", "a workspace aligned to 64 bytes", "one that is not");
    detail::order_memory memory(layout, bytes.data());
    if (bytes.size() < memory.bytes)
      detail::refuse_ordering("enqueue_orders", "a workspace of " + std::to_string(memory.bytes) + " bytes",
                              std::to_string(bytes.size()));
    const ardent::detail::order_keys_kernel<Random> keys{layout, random, memory.keys, memory.positions, memory.offsets};
    detail::enqueue_elements(stream, elements, keys, "launching order keys");
    memory.sort(layout, out, stream, "launching a segmented sort");
  }
}

/// @brief Enqueues the choice of an AR step's positions: entries [done, done + count) of each image's order, in raster
/// order.
///
/// Each thread compares its position with the image's others, so it takes images * count^2 comparisons.
/// @param stream     where it runs; of the current device
/// @param layout     images and sequence length
/// @param order      [images][sequence_length] int, as enqueue_orders wrote it
/// @param done       tokens of an image drawn before, at least 0
/// @param count      tokens of an image drawn now, at least 1; done + count is at most the sequence length
/// @param positions  [images][count] int, written
/// @param images     [images][count] std::uint32_t, written: the image of each, from first_image on
/// @throws std::invalid_argument if sizes do not fit one another
/// @throws error if the launch fails
template <device_memory Order, device_memory Positions, device_memory Images>
void enqueue_pick(cudaStream_t stream, token_layout const& layout, Order&& order, int done, int count,
                  Positions&& positions, Images&& images) {
  constexpr char const* name = "enqueue_pick";
  const int elements = detail::checked_elements(name, layout, count, false);
  if (done < 0 || done > layout.sequence_length - count)
    detail::refuse_ordering(name, "0 to " + std::to_string(layout.sequence_length - count) + " tokens drawn before",
                            std::to_string(done));
  const auto picked = static_cast<std::size_t>(elements);
  const auto all = static_cast<std::size_t>(layout.images) * static_cast<std::size_t>(layout.sequence_length);
  int const* const from = detail::checked_pointer<int const>(order, all, name);
  int* const to = detail::checked_pointer<int>(positions, picked, name);
  std::uint32_t* const image_of = detail::checked_pointer<std::uint32_t>(images, picked, name);
  detail::enqueue_elements(stream, elements, ardent::detail::pick_kernel{layout, from, done, count, to, image_of},
                           "launching a choice of positions");
}

/// @brief Enqueues a gather: out <- the tokens at these positions.
/// @tparam T         what tokens are stored in: float, or another type of at most 8 bytes
/// @param stream     where it runs; of the current device
/// @param layout     the batch
/// @param positions  [images][count] int
/// @param count      tokens of an image, at least 1
/// @param tokens     [images][sequence_length][channels] T
/// @param out        [images][count][channels] T, written
/// @throws std::invalid_argument if sizes do not fit one another
/// @throws error if the launch fails
template <class T = float, device_memory Positions, device_memory Tokens, device_memory Out>
void enqueue_gather(cudaStream_t stream, token_layout const& layout, Positions&& positions, int count, Tokens&& tokens,
                    Out&& out) {
  constexpr char const* name = "enqueue_gather";
  const int elements = detail::checked_elements(name, layout, count, true);
  const auto rows = static_cast<std::size_t>(layout.images) * static_cast<std::size_t>(count);
  const auto all = static_cast<std::size_t>(layout.images) * static_cast<std::size_t>(layout.sequence_length);
  const auto channels = static_cast<std::size_t>(layout.channels);
  int const* const places = detail::checked_pointer<int const>(positions, rows, name);
  T const* const from = detail::checked_pointer<T const>(tokens, all * channels, name);
  T* const to = detail::checked_pointer<T>(out, rows * channels, name);
  const bool wide = detail::all_wide(layout, from, to);
  detail::enqueue_elements(stream, elements, ardent::detail::gather_kernel<T>{layout, places, count, wide, from, to},
                           "launching a gather of tokens");
}

/// @brief Enqueues a scatter: the tokens at these positions <- samples, and they are known from then on.
/// @tparam T         as in enqueue_gather
/// @param stream     where it runs; of the current device
/// @param layout     the batch
/// @param positions  [images][count] int, different within an image
/// @param count      tokens of an image, at least 1
/// @param samples    [images][count][channels] T
/// @param tokens     [images][sequence_length][channels] T, written at these positions
/// @param known      [images][sequence_length] std::uint8_t, set to 1 at these positions
/// @throws std::invalid_argument if sizes do not fit one another
/// @throws error if the launch fails
template <class T = float, device_memory Positions, device_memory Samples, device_memory Tokens, device_memory Known>
void enqueue_scatter(cudaStream_t stream, token_layout const& layout, Positions&& positions, int count,
                     Samples&& samples, Tokens&& tokens, Known&& known) {
  constexpr char const* name = "enqueue_scatter";
  const int elements = detail::checked_elements(name, layout, count, true);
  const auto rows = static_cast<std::size_t>(layout.images) * static_cast<std::size_t>(count);
  const auto all = static_cast<std::size_t>(layout.images) * static_cast<std::size_t>(layout.sequence_length);
  const auto channels = static_cast<std::size_t>(layout.channels);
  int const* const places = detail::checked_pointer<int const>(positions, rows, name);
  T const* const from = detail::checked_pointer<T const>(samples, rows * channels, name);
  T* const to = detail::checked_pointer<T>(tokens, all * channels, name);
  std::uint8_t* const mask = detail::checked_pointer<std::uint8_t>(known, all, name);
  const bool wide = detail::all_wide(layout, from, to);
  detail::enqueue_elements(stream, elements,
                           ardent::detail::scatter_kernel<T>{layout, places, count, wide, from, to, mask},
                           "launching a scatter of tokens");
}

/// @brief Enqueues the state before the first AR step: all tokens 0, none known.
/// @tparam T      as in enqueue_gather
/// @param stream  where it runs; of the current device
/// @param layout  the batch
/// @param tokens  [images][sequence_length][channels] T, written
/// @param known   [images][sequence_length] std::uint8_t, written
/// @throws std::invalid_argument if sizes do not fit one another
/// @throws error if the launch fails
template <class T = float, device_memory Tokens, device_memory Known>
void enqueue_clear(cudaStream_t stream, token_layout const& layout, Tokens&& tokens, Known&& known) {
  constexpr char const* name = "enqueue_clear";
  const int elements = detail::checked_elements(name, layout, layout.sequence_length, true);
  const auto all = static_cast<std::size_t>(layout.images) * static_cast<std::size_t>(layout.sequence_length);
  T* const to = detail::checked_pointer<T>(tokens, all * static_cast<std::size_t>(layout.channels), name);
  std::uint8_t* const mask = detail::checked_pointer<std::uint8_t>(known, all, name);
  const bool wide = detail::all_wide(layout, to, to);
  detail::enqueue_elements(stream, elements, ardent::detail::clear_kernel<T>{layout, wide, to, mask},
                           "launching the clearing of tokens");
}

}  // namespace cuda
}  // namespace v0
}  // namespace ardent
