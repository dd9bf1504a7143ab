// SPDX-License-Identifier: Apache-2.0
//
// Weights of a head of any size: small uniform numbers, since only their number matters to a clock.
#pragma once

#include <ardent/denoiser/tiled_adaln_layout.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "bench.hpp"

namespace bench {

/// @brief A head's weights on the host.
class made_head {
 public:
  template <class Shape>
  explicit made_head(Shape const& shape) {
    const int width = shape.width();
    weights_.condition = linear(shape.condition_width(), width);
    weights_.input = linear(shape.channels(), width);
    for (int d = 0; d < shape.depth(); ++d)
      weights_.blocks.push_back(
          {vector(width), vector(width), linear(width, width), linear(width, width), linear(width, 3 * width)});
    weights_.final_modulation = linear(width, 2 * width);
    weights_.output = linear(width, shape.outputs());
  }
  made_head(made_head const&) = delete;
  made_head& operator=(made_head const&) = delete;
  ardent::adaln_weights const& views() const { return weights_; }  ///< without the time embedding's layers

 private:
  float const* vector(std::size_t size) {
    std::vector<float>& v = values_.emplace_back(size);
    for (float& x : v) {
      state_ = state_ * 6364136223846793005u + 1442695040888963407u;
      x = (static_cast<float>(state_ >> 40) * 0x1p-24f - 0.5f) * 0.05f;
    }
    return v.data();
  }
  float const* vector(int size) { return vector(static_cast<std::size_t>(size)); }
  ardent::linear_weights linear(int inputs, int outputs) {
    float const* const weight = vector(static_cast<std::size_t>(inputs) * static_cast<std::size_t>(outputs));
    return {weight, vector(outputs)};
  }

  ardent::adaln_weights weights_;
  std::deque<std::vector<float>> values_;
  std::uint64_t state_ = 1;
};

/// @brief What `pack(memory)` writes to memory that is aligned to 64.
template <class F>
std::vector<std::byte> aligned(std::size_t bytes, F const& pack) {
  std::vector<std::byte> memory(bytes + 64);
  std::byte* const start = memory.data() + (64 - reinterpret_cast<std::uintptr_t>(memory.data()) % 64) % 64;
  pack(start);
  return {start, start + bytes};
}

/// @brief Weights in tiles.
template <class Format, class Shape>
std::vector<std::byte> tiled(Shape const& shape, ardent::adaln_weights const& weights) {
  return aligned(ardent::tiled_bytes<Format>(shape),
                 [&](std::byte* to) { ardent::pack_tiled_adaln<Format>(shape, weights, to); });
}

}  // namespace bench
