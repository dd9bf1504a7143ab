// SPDX-License-Identifier: Apache-2.0
//
// Uninitialised memory for arrays that vectors go through.
#pragma once

#include <cstddef>
#include <memory>
#include <new>

namespace examples {

/// @brief Uninitialised memory that begins on a boundary of 64 bytes.
class aligned_memory {
 public:
  aligned_memory() = default;
  /// @throws std::bad_alloc
  explicit aligned_memory(std::size_t bytes) : data_(static_cast<std::byte*>(::operator new(bytes, alignment))) {}

  [[nodiscard]] std::byte* data() noexcept { return data_.get(); }              ///< the first byte
  [[nodiscard]] std::byte const* data() const noexcept { return data_.get(); }  ///< the first byte

 private:
  static constexpr std::align_val_t alignment{64};
  struct release {
    void operator()(std::byte* p) const noexcept { ::operator delete(p, alignment); }
  };
  std::unique_ptr<std::byte, release> data_;
};

/// @brief An uninitialised array of floats in such memory.
class aligned_floats {
 public:
  aligned_floats() = default;
  /// @param count number of floats
  explicit aligned_floats(std::size_t count) : memory_(count * sizeof(float)) {}

  [[nodiscard]] float* data() noexcept { return reinterpret_cast<float*>(memory_.data()); }  ///< the first
  /// @brief The first.
  [[nodiscard]] float const* data() const noexcept { return reinterpret_cast<float const*>(memory_.data()); }

 private:
  aligned_memory memory_;
};

}  // namespace examples
