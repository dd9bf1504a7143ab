// SPDX-License-Identifier: Apache-2.0
//
// Values of a tensor in place, or converted.
#include "float_tensor.hpp"

#include <cstdint>
#include <utility>
#include <vector>

#include "mapped_file.hpp"
#include "tensor_values.hpp"

namespace examples {

float_tensor::float_tensor(std::shared_ptr<std::byte const[]> data, std::shared_ptr<mapped_file const> file, dtype type,
                           std::span<std::byte const> bytes)
    : data_(std::move(data)), file_(std::move(file)), type_(type), bytes_(bytes) {}

std::size_t float_tensor::size() const noexcept { return bytes_.empty() ? 0 : bytes_.size() / size_of(type_); }

float_values float_tensor::values() const {
  // The format promises no alignment, though files of its own writers have it.
  bool const aligned = reinterpret_cast<std::uintptr_t>(bytes_.data()) % alignof(float) == 0;
  if (type_ == dtype::f32 && aligned) return {data_, {reinterpret_cast<float const*>(bytes_.data()), size()}};
  auto const copy = std::make_shared<std::vector<float> const>(real_values<float>(type_, bytes_));
  return {copy, *copy};
}

std::vector<float> float_tensor::values(std::size_t first, std::size_t count) const {
  std::size_t const bytes = bytes_.empty() ? 0 : size_of(type_);
  return real_values<float>(type_, bytes_.subspan(first * bytes, count * bytes));
}

void float_tensor::release() const noexcept {
  if (file_ != nullptr) file_->release(bytes_);
}

}  // namespace examples
