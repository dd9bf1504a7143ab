// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// @brief Device memory in whatever a user has it: a raw pointer, a thrust::device_vector, any contiguous range.

#include <ardent/config.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <stdexcept>
#include <string>
#include <type_traits>

namespace ardent {
inline namespace v0 {
namespace cuda {

namespace detail {

template <class P>
inline constexpr bool is_raw_pointer = std::is_pointer_v<std::remove_cvref_t<P>>;

/// A pointer that is not raw but has one inside, as thrust::device_ptr; no header of Thrust is needed to ask for it.
template <class P>
concept wrapped_pointer = requires(P const& p) {
  p.get();
  requires is_raw_pointer<decltype(p.get())>;
};

template <class R>
concept contiguous_memory = requires(R& r) {
  { r.size() } -> std::convertible_to<std::size_t>;
  r.data();
  requires is_raw_pointer<decltype(r.data())> || wrapped_pointer<decltype(r.data())>;
};

}  // namespace detail

/// @brief Memory that the functions of ardent::cuda take: a raw pointer, a thrust::device_ptr, or a range whose
/// elements lie together (thrust::device_vector, std::span, cuda::std::span).
template <class R>
concept device_memory = detail::is_raw_pointer<R> || detail::wrapped_pointer<std::remove_reference_t<R>> ||
                        detail::contiguous_memory<std::remove_reference_t<R>>;

/// @brief The raw pointer to the first element.
/// @param memory  a device_memory; it is not looked at, so nothing says whether a GPU can reach it
template <device_memory R>
constexpr auto device_pointer(R&& memory) {
  if constexpr (detail::is_raw_pointer<R>)
    return memory;
  else if constexpr (detail::contiguous_memory<std::remove_reference_t<R>>)
    return device_pointer(memory.data());
  else
    return memory.get();
}

namespace detail {

/// The elements as T, which may add const only.
/// @param name    of the function and the argument, for the exception
/// @param needed  elements; a pointer does not say how many it has
template <class T, device_memory R>
T* checked_pointer(R&& memory, std::size_t needed, char const* name) {
  static_assert(std::is_convertible_v<decltype(device_pointer(memory)), T*>,
                "ardent::cuda: the memory holds elements of another type, or is const although it is written. Pass "
                "memory of the type that the function's documentation names.");
  if constexpr (contiguous_memory<std::remove_reference_t<R>>)
    if (memory.size() < needed)
      throw std::invalid_argument("ardent::cuda::" + std::string(name) + ": expected " + std::to_string(needed) +
                                  " elements, found " + std::to_string(memory.size()));
  T* const pointer = device_pointer(memory);
  if (pointer == nullptr && needed > 0)
    throw std::invalid_argument("ardent::cuda::" + std::string(name) + ": expected " + std::to_string(needed) +
                                " elements, found a null pointer");
  return pointer;
}

/// The bytes of a range of small numbers.
template <device_memory R>
std::span<std::byte> bytes_of(R&& memory) {
  static_assert(contiguous_memory<std::remove_reference_t<R>>,
                "ardent::cuda: a workspace is given by a pointer, which does not say how large it is. Pass a "
                "std::span<std::byte> or another contiguous range.");
  auto* const pointer = device_pointer(memory);
  static_assert(!std::is_const_v<std::remove_pointer_t<decltype(pointer)>>,
                "ardent::cuda: the workspace is const. Pass memory that can be written.");
  return {reinterpret_cast<std::byte*>(pointer), memory.size() * sizeof(*pointer)};
}

}  // namespace detail

/// @brief A head's packed weights in device memory: a raw pointer, a thrust::device_ptr, or a contiguous range, whose
/// size is then checked. A view, made of these without being named.
class packed_weights {
 public:
  /// @param start  the first byte
  packed_weights(void const* start) : start_(start) {}
  /// @param memory  a wrapped pointer, or a range of small numbers
  template <class R>
    requires(detail::wrapped_pointer<R const> || detail::contiguous_memory<R const>)
  packed_weights(R const& memory) : start_(device_pointer(memory)) {
    if constexpr (detail::contiguous_memory<R const>) bytes_ = memory.size() * sizeof(*device_pointer(memory));
  }

  /// @brief The first byte.
  /// @param needed  bytes that there must be, as far as this knows
  /// @param name    of who asks, for the exception
  /// @throws std::invalid_argument if there are fewer, or they are not aligned to 64 bytes
  void const* checked(std::size_t needed, char const* name) const {
    const auto refuse = [name](std::string const& expected, std::string const& found) {
      throw std::invalid_argument("ardent::cuda::" + std::string(name) + ": expected " + expected + ", found " + found);
    };
    if (bytes_ < needed) refuse("weights of " + std::to_string(needed) + " bytes", std::to_string(bytes_));
    if (reinterpret_cast<std::uintptr_t>(start_) % 64 != 0) refuse("weights aligned to 64 bytes", "others");
    return start_;
  }

 private:
  void const* start_;
  std::size_t bytes_ = std::numeric_limits<std::size_t>::max();  // a pointer does not say
};

}  // namespace cuda
}  // namespace v0
}  // namespace ardent
