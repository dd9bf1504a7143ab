// SPDX-License-Identifier: Apache-2.0
//
// Made-up numbers for tests: the same on every compiler and standard library.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace test {

/// @brief A stream of made-up numbers (SplitMix64 with Box-Muller in double).
class made_numbers {
 public:
  /// @param seed streams of other seeds differ
  explicit made_numbers(std::uint64_t seed) : state_(seed * 0x9E3779B97F4A7C15u + 1) {}

  /// @brief Uniform in (0, 1).
  double uniform() {
    std::uint64_t z = state_ += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return (static_cast<double>((z ^ z >> 31) >> 11) + 0.5) * 0x1p-53;
  }
  /// @brief Standard normal.
  double normal() {
    double const radius = std::sqrt(-2 * std::log(uniform()));
    return radius * std::cos(6.283185307179586 * uniform());
  }
  /// @brief Normal numbers as floats.
  std::vector<float> normals(int count, double scale = 1, double centre = 0) {
    std::vector<float> out(static_cast<std::size_t>(count));
    for (float& x : out) x = static_cast<float>(centre + scale * normal());
    return out;
  }

 private:
  std::uint64_t state_;
};

/// @brief Bytes aligned to 64.
class aligned_bytes {
 public:
  /// @param size  bytes
  /// @param fill  what every byte is set to; 0xff makes floats and doubles NaN
  explicit aligned_bytes(std::size_t size, int fill = 0xff) : size_(size), lines_((size + 63) / 64) {
    for (line& l : lines_)
      for (std::byte& b : l.bytes) b = static_cast<std::byte>(fill);
  }
  std::byte* data() { return reinterpret_cast<std::byte*>(lines_.data()); }                    ///< the first byte
  std::byte const* data() const { return reinterpret_cast<std::byte const*>(lines_.data()); }  ///< the first byte
  float* floats() { return reinterpret_cast<float*>(lines_.data()); }                          ///< as floats
  std::size_t size() const { return size_; }                                                   ///< bytes

 private:
  struct alignas(64) line {
    std::byte bytes[64];
  };
  std::size_t size_;
  std::vector<line> lines_;
};

}  // namespace test
