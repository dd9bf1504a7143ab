// SPDX-License-Identifier: Apache-2.0
//
// A tensor of a weight file that stays in the file until somebody needs its values, and need not be copied for it.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

namespace examples {

enum class dtype;
class mapped_file;
class safetensors;

/// @brief Floats that lie in a file's memory or in memory of their own. Copies share them.
class float_values {
 public:
  float_values() = default;
  /// @param owner keeps the values alive
  float_values(std::shared_ptr<void const> owner, std::span<float const> values)
      : owner_(std::move(owner)), values_(values) {}

  [[nodiscard]] float const* data() const noexcept { return values_.data(); }  ///< the first
  [[nodiscard]] std::size_t size() const noexcept { return values_.size(); }   ///< how many

 private:
  std::shared_ptr<void const> owner_;
  std::span<float const> values_;
};

/// @brief A tensor of finite numbers, checked but not read into memory of its own. Copies are cheap and keep the file
/// alive; see safetensors::tensor().
class float_tensor {
 public:
  float_tensor() = default;

  /// @brief How many numbers.
  [[nodiscard]] std::size_t size() const noexcept;
  /// @brief The numbers: where they lie in the file if they are floats there, else converted into memory of their own.
  [[nodiscard]] float_values values() const;
  /// @brief Some of them, [first, first + count), which must be there: for a row of a table too large to convert.
  [[nodiscard]] std::vector<float> values(std::size_t first, std::size_t count) const;
  /// @brief Gives back what memory the tensor takes as part of a mapped file, until it is read again.
  void release() const noexcept;

 private:
  friend class safetensors;
  float_tensor(std::shared_ptr<std::byte const[]> data, std::shared_ptr<mapped_file const> file, dtype type,
               std::span<std::byte const> bytes);

  std::shared_ptr<std::byte const[]> data_;
  std::shared_ptr<mapped_file const> file_;  // null if it was read
  dtype type_{};
  std::span<std::byte const> bytes_;
};

}  // namespace examples
