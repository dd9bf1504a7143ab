// SPDX-License-Identifier: Apache-2.0
//
// From the bytes of a tensor to numbers. For safetensors.cpp and float_tensor.cpp.
#pragma once

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <vector>

#include "half.hpp"
#include "safetensors.hpp"

namespace examples {

static_assert(std::numeric_limits<float>::is_iec559, "a double beyond the range of float has to become infinity");
static_assert(std::endian::native == std::endian::little, "safetensors files are little-endian; swap bytes here");

/// @brief value_of(element) of each element; the file promises no alignment.
template <class To, class From, class Convert>
[[nodiscard]] std::vector<To> convert(std::span<std::byte const> bytes, Convert value_of) {
  std::vector<To> values(bytes.size() / sizeof(From));
  for (std::size_t i = 0; i < values.size(); ++i) {
    From element;
    std::memcpy(&element, bytes.data() + i * sizeof(From), sizeof(From));
    values[i] = value_of(element);
  }
  return values;
}

/// @brief Whether a dtype is one of those that real_values() takes.
[[nodiscard]] constexpr bool is_real(dtype type) noexcept {
  return type == dtype::f64 || type == dtype::f32 || type == dtype::f16 || type == dtype::bf16;
}

/// @brief Elements of a real dtype as float or double. Not checked: doubles beyond float become infinite.
template <class T>
[[nodiscard]] std::vector<T> real_values(dtype type, std::span<std::byte const> bytes) {
  switch (type) {
    case dtype::f64:
      return convert<T, double>(bytes, [](double x) { return static_cast<T>(x); });
    case dtype::f32:
      return convert<T, float>(bytes, [](float x) { return T{x}; });
    case dtype::f16:
      return convert<T, std::uint16_t>(bytes, [](auto b) { return T{from_float16(b)}; });
    default:
      return convert<T, std::uint16_t>(bytes, [](auto b) { return T{from_bfloat16(b)}; });
  }
}

/// @brief Whether no element has all bits of its exponent set, as infinity and NaN have.
/// @tparam Bits an unsigned integer as wide as an element
template <class Bits>
[[nodiscard]] bool exponents_below(Bits all_set, std::span<std::byte const> bytes) {
  constexpr std::size_t chunk = 4096;  // elements looked at without a branch, so that the compiler takes vectors
  std::size_t const count = bytes.size() / sizeof(Bits);
  for (std::size_t first = 0; first < count; first += chunk) {
    std::size_t const last = first + chunk < count ? first + chunk : count;
    Bits found = 0;
    for (std::size_t i = first; i < last; ++i) {
      Bits element;
      std::memcpy(&element, bytes.data() + i * sizeof(Bits), sizeof(Bits));
      found |= static_cast<Bits>((element & all_set) == all_set ? 1 : 0);
    }
    if (found != 0) return false;
  }
  return true;
}

/// @brief Whether all elements of a real dtype are finite as float.
[[nodiscard]] inline bool all_finite(dtype type, std::span<std::byte const> bytes) {
  if (type == dtype::f32) return exponents_below<std::uint32_t>(0x7f800000u, bytes);
  if (type == dtype::f16) return exponents_below<std::uint16_t>(0x7c00u, bytes);
  if (type == dtype::bf16) return exponents_below<std::uint16_t>(0x7f80u, bytes);
  for (float const x : real_values<float>(type, bytes)) {
    if (!std::isfinite(x)) return false;
  }
  return true;
}

}  // namespace examples
