// SPDX-License-Identifier: Apache-2.0
//
// Uninitialised memory for arrays that vectors go through.
#pragma once

#include <cstddef>
#include <memory>
#include <new>

namespace examples {

/// @brief Uninitialised memory that begins on a boundary of 64 bytes; large pieces are in large pages where the system
/// has them and leaves the choice to programs.
class aligned_memory {
 public:
  aligned_memory() = default;
  /// @throws std::bad_alloc
  explicit aligned_memory(std::size_t bytes);

  [[nodiscard]] std::byte* data() noexcept { return data_.get(); }              ///< the first byte
  [[nodiscard]] std::byte const* data() const noexcept { return data_.get(); }  ///< the first byte
  [[nodiscard]] std::size_t size() const noexcept { return size_; }             ///< bytes

 private:
  struct release {
    std::align_val_t alignment;
    release() noexcept : alignment(std::align_val_t{64}) {}
    explicit release(std::align_val_t boundary) noexcept : alignment(boundary) {}
    void operator()(std::byte* p) const noexcept { ::operator delete(p, alignment); }
  };
  std::unique_ptr<std::byte, release> data_;
  std::size_t size_ = 0;
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
