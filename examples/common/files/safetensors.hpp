// SPDX-License-Identifier: Apache-2.0
//
// Reading and writing safetensors files (https://huggingface.co/docs/safetensors): 8 bytes with the header's length, a
// JSON header with each tensor's dtype, shape and place, then the tensors' bytes, little-endian and row-major.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "float_tensor.hpp"

namespace examples {

/// @brief The element types of the format that take whole bytes.
enum class dtype { boolean, u8, i8, f8_e4m3, f8_e5m2, u16, i16, f16, bf16, u32, i32, f32, u64, i64, f64 };

/// @brief The name of a dtype as the format spells it, e.g. "BF16".
[[nodiscard]] std::string_view name_of(dtype type) noexcept;

/// @brief The bytes of one element: 1, 2, 4 or 8.
[[nodiscard]] std::size_t size_of(dtype type) noexcept;

/// @brief One tensor as it lies in the file. Valid as long as the safetensors object it came from, or a copy of it.
struct tensor_view {
  std::string_view name;             ///< its name in the file
  dtype type;                        ///< its element type
  std::vector<std::int64_t> shape;   ///< its extents, outermost first; empty for a scalar
  std::span<std::byte const> bytes;  ///< its elements, row-major, in no particular alignment
};

/// @brief A tensor's entry in the header.
struct tensor_entry {
  dtype type;                       ///< its element type
  std::vector<std::int64_t> shape;  ///< its extents, none negative
  std::uint64_t begin;              ///< its first byte, counted from the start of the data
  std::uint64_t end;                ///< one past its last byte; end - begin is the product of the extents times size_of
};

/// @brief What a header says: its tensors by name.
using tensor_entries = std::map<std::string, tensor_entry, std::less<>>;

/// @brief A safetensors file in memory, wholly validated when it is read. Copies share the bytes.
class safetensors {
 public:
  /// @brief Longest header accepted, in bytes (the limit of the official reader).
  static constexpr std::uint64_t max_header = 100'000'000;

  /// @brief Reads a file and checks all of it but the values.
  /// @throws input_error if it is no regular file or not exactly what the format says: the header's length, JSON,
  ///         dtypes and shapes, and places that cover the data without gap, overlap or rest
  [[nodiscard]] static safetensors read(std::filesystem::path const& path);

  /// @brief The same without reading the data: the file is mapped where the system maps files. For large files that
  ///        nobody cuts short meanwhile; see mapped_file.
  [[nodiscard]] static safetensors map(std::filesystem::path const& path);

  /// @brief The file it was read from.
  [[nodiscard]] std::filesystem::path const& path() const noexcept { return path_; }

  /// @brief Whether there is a tensor of that name.
  [[nodiscard]] bool contains(std::string_view name) const { return entries_.contains(name); }

  /// @brief The names of all tensors, sorted.
  [[nodiscard]] std::vector<std::string> names() const;

  /// @brief The names, sorted, of tensors whose values nobody has asked for through this object or a copy of it: what
  /// is left when a network has taken what it needs.
  [[nodiscard]] std::vector<std::string> untouched() const;

  /// @brief One tensor as it lies in the file.
  /// @throws input_error if it is missing
  [[nodiscard]] tensor_view view(std::string_view name) const;

  /// @brief The extents of a tensor, outermost first.
  /// @throws input_error if it is missing
  [[nodiscard]] std::vector<std::int64_t> shape(std::string_view name) const;

  /// @brief A tensor's values as float.
  /// @throws input_error if it is missing, is not F64, F32, F16 or BF16, or holds a value that is NaN, infinite or
  ///         beyond float, naming the first
  [[nodiscard]] std::vector<float> floats(std::string_view name) const;

  /// @brief The same for a tensor that must have this shape.
  /// @throws input_error as above, and if the shape differs
  [[nodiscard]] std::vector<float> floats(std::string_view name, std::vector<std::int64_t> const& shape) const;

  /// @brief A tensor that stays in the file; shape, dtype and values are checked as by floats().
  /// @throws input_error as floats()
  [[nodiscard]] float_tensor tensor(std::string_view name, std::vector<std::int64_t> const& shape) const;

  /// @brief A tensor's values as double; dtypes and checks as floats().
  [[nodiscard]] std::vector<double> doubles(std::string_view name) const;

  /// @brief The same for a tensor that must have this shape.
  [[nodiscard]] std::vector<double> doubles(std::string_view name, std::vector<std::int64_t> const& shape) const;

  /// @brief A tensor's values as integers.
  /// @throws input_error if it is missing or is not I64 or I32
  [[nodiscard]] std::vector<std::int64_t> integers(std::string_view name) const;

  /// @brief The same for a tensor that must have this shape.
  /// @throws input_error as above, and if the shape differs
  [[nodiscard]] std::vector<std::int64_t> integers(std::string_view name, std::vector<std::int64_t> const& shape) const;

 private:
  friend class safetensors_writer;
  safetensors();
  [[nodiscard]] tensor_entry const& at(std::string_view name) const;
  void check_shape(std::string_view name, std::vector<std::int64_t> const& shape) const;
  template <class T>
  [[nodiscard]] std::vector<T> checked_values(std::string_view name) const;

  std::filesystem::path path_;
  tensor_entries entries_;
  std::shared_ptr<std::byte const[]> data_;  // behind the header
  std::shared_ptr<mapped_file const> file_;  // null if it was read
  class touched_names;
  std::shared_ptr<touched_names> touched_;
};

/// @brief Collects tensors and writes them as one safetensors file.
///
/// Every add throws std::invalid_argument for a name that is taken, reserved ("__metadata__") or not UTF-8, and for a
/// shape that has a negative extent or does not hold exactly the values given. Values may be anything, NaN included.
class safetensors_writer {
 public:
  /// @brief Adds an F32 tensor.
  void add(std::string name, std::vector<std::int64_t> shape, std::span<float const> values);
  /// @brief Adds an F64 tensor.
  void add(std::string name, std::vector<std::int64_t> shape, std::span<double const> values);
  /// @brief Adds an I64 tensor.
  void add(std::string name, std::vector<std::int64_t> shape, std::span<std::int64_t const> values);
  /// @brief Adds a U8 tensor.
  void add(std::string name, std::vector<std::int64_t> shape, std::span<std::uint8_t const> values);
  /// @brief Adds an F16 tensor, rounding to nearest, ties to even.
  void add_f16(std::string name, std::vector<std::int64_t> shape, std::span<float const> values);
  /// @brief Adds a BF16 tensor, rounding to nearest, ties to even.
  void add_bf16(std::string name, std::vector<std::int64_t> shape, std::span<float const> values);

  /// @brief Writes the file atomically: the tensors with the widest elements first, each kind sorted by name, so that
  ///        equal contents give equal files and every tensor is aligned to its element.
  /// @throws input_error if it cannot be written
  void write(std::filesystem::path const& path) const;

  /// @brief What safetensors::read would give of the file that write() writes, without a file.
  /// @param name what messages call it
  [[nodiscard]] safetensors in_memory(std::filesystem::path const& name) const;

 private:
  struct entry {
    dtype type;
    std::vector<std::int64_t> shape;
    std::vector<std::byte> bytes;
  };

  void insert(std::string name, dtype type, std::vector<std::int64_t> shape, std::span<std::byte const> bytes);

  std::map<std::string, entry, std::less<>> entries_;
};

}  // namespace examples
