// SPDX-License-Identifier: Apache-2.0
#pragma once

// Carves a piece of memory into aligned arrays; with no memory it only counts, so that the size asked for and the size
// used cannot differ.

#include <ardent/config.hpp>

#include <cstddef>
#include <memory_resource>

namespace ardent {
inline namespace v0 {
namespace detail {

inline constexpr std::size_t arena_alignment = 64;

/// Bytes of a memory resource, given back in the end.
class owned_bytes {
 public:
  owned_bytes(std::pmr::memory_resource& from, std::size_t bytes)
      : data(static_cast<std::byte*>(from.allocate(bytes, arena_alignment))), from_(from), bytes_(bytes) {}
  ~owned_bytes() { from_.deallocate(data, bytes_, arena_alignment); }
  owned_bytes(owned_bytes const&) = delete;
  owned_bytes& operator=(owned_bytes const&) = delete;

  std::byte* const data;

 private:
  std::pmr::memory_resource& from_;
  std::size_t bytes_;
};

class arena {
 public:
  explicit arena(std::byte* memory) : memory_(memory) {}

  template <class T>
  T* take(std::size_t count) {
    std::byte* const place = memory_ == nullptr ? nullptr : memory_ + used_;
    used_ += (count * sizeof(T) + arena_alignment - 1) / arena_alignment * arena_alignment;
    return reinterpret_cast<T*>(place);
  }
  std::size_t used() const { return used_; }

 private:
  std::byte* memory_;
  std::size_t used_ = 0;
};

}  // namespace detail
}  // namespace v0
}  // namespace ardent
