// SPDX-License-Identifier: Apache-2.0
#pragma once

// Where a tiled head's activations are, and the steps between its products.

#include <ardent/tile/product.hpp>

#include <cstddef>

namespace ardent {
inline namespace v0 {
namespace detail {

struct alignas(16) four_floats {
  float value[4];
};

ARDENT_INLINE four_floats load_floats(float const* from) {
#if defined(__CUDA_ARCH__)
  const float4 v = *reinterpret_cast<float4 const*>(from);
  return {{v.x, v.y, v.z, v.w}};
#else
  four_floats v;
  __builtin_memcpy(&v, from, sizeof v);
  return v;
#endif
}

ARDENT_INLINE void store_activation(float v, float& to) { to = v; }
ARDENT_INLINE void store_activation(float v, bfloat16& to) {
  to.bits = static_cast<std::uint16_t>(bfloat16_pair(v, 0.0f));
}

ARDENT_INLINE void store_activation(float v, float16& to) { store_weight(v, to); }

/// Four neighbours of a row; `to` is aligned to four of them.
ARDENT_INLINE void store_activations(float const (&v)[4], float* to) {
#if defined(__CUDA_ARCH__)
  *reinterpret_cast<float4*>(to) = make_float4(v[0], v[1], v[2], v[3]);
#else
  for (int i = 0; i < 4; ++i) to[i] = v[i];
#endif
}
/// Two pairs of 16-bit elements.
template <class Element>
ARDENT_INLINE void store_pairs(std::uint32_t low, std::uint32_t high, Element* to) {
#if defined(__CUDA_ARCH__)
  *reinterpret_cast<uint2*>(to) = make_uint2(low, high);
#else
  to[0].bits = static_cast<std::uint16_t>(low);
  to[1].bits = static_cast<std::uint16_t>(low >> 16);
  to[2].bits = static_cast<std::uint16_t>(high);
  to[3].bits = static_cast<std::uint16_t>(high >> 16);
#endif
}
ARDENT_INLINE void store_activations(float const (&v)[4], bfloat16* to) {
  store_pairs(bfloat16_pair(v[0], v[1]), bfloat16_pair(v[2], v[3]), to);
}
ARDENT_INLINE void store_activations(float const (&v)[4], float16* to) {
  store_pairs(float16_pair(v[0], v[1]), float16_pair(v[2], v[3]), to);
}

/// Counts what is infinite or not a number, if there is a counter.
ARDENT_INLINE void count_nonfinite(float v, unsigned long long* counter) {
  if (counter == nullptr || (float_to_bits(v) & 0x7f800000u) != 0x7f800000u) return;
#if defined(__CUDA_ARCH__)
  atomicAdd(counter, 1ull);
#else
  __atomic_fetch_add(counter, 1ull, __ATOMIC_RELAXED);
#endif
}

/// to(r, k) = f(r, k) for k below `inputs`, and zeros up to a whole chunk. No synchronisation.
ARDENT_ANY_GROUP
template <class Format, class Block, class F>
ARDENT_INLINE void to_activations(Block& block, typename Format::activation* to, int rows, int inputs, F const& f) {
  block.elements({0, rows, 1}, {0, padded_inputs<Format>(inputs), 1}, [&](int r, int k) ARDENT_INLINE_LAMBDA {
    const float v = k < inputs ? f(r, k) : 0.0f;
    store_activation(v, to[activation_index<Format>(r, k, rows)]);
  });
}

/// The same for four neighbours at a time: to(r, k ... k + 3) = f(r, k), `inputs` a multiple of 4.
ARDENT_ANY_GROUP
template <class Format, class Block, class F>
ARDENT_INLINE void to_activation_quads(Block& block, typename Format::activation* to, int rows, int inputs,
                                       F const& f) {
  block.elements({0, rows, 1}, {0, padded_inputs<Format>(inputs) / 4, 1}, [&](int r, int q) ARDENT_INLINE_LAMBDA {
    const four_floats v = 4 * q < inputs ? f(r, 4 * q) : four_floats{};
    store_activations(v.value, to + activation_index<Format>(r, 4 * q, rows));
  });
}

/// to = LN(h) (1 + scale) + shift with the modulations of block d, for rows first, first + step ..., by one warp; the
/// last layer (no weight) has no affine part. No synchronisation.
/// @param h           [rows][width]
/// @param modulation  [rows][stride]
/// @param weight      norm weight [width], then bias [width]; or null
ARDENT_ANY_GROUP
template <class Format, class Block>
ARDENT_INLINE void normalise(Block& block, int first, int step, int rows, int width, float const* h,
                             float const* modulation, int stride, int d, float const* weight,
                             typename Format::activation* to) {
  const float inverse = quotient(1.0f, static_cast<float>(width));
  for (int r = first; r < rows; r += step) {
    float const* const row = h + static_cast<std::ptrdiff_t>(r) * width;
    float const* const shift = modulation + static_cast<std::ptrdiff_t>(r) * stride + 3 * d * width;
    float const* const scale = shift + width;
    float sum = 0;
    for (int c = 4 * block.lane(); c < width; c += 4 * warp_size) {
      const four_floats v = load_floats(row + c);
      sum += (v.value[0] + v.value[1]) + (v.value[2] + v.value[3]);
    }
    const float mean = block.warp_sum(sum) * inverse;
    float squares = 0;
    for (int c = 4 * block.lane(); c < width; c += 4 * warp_size) {
      const four_floats v = load_floats(row + c);
      for (int i = 0; i < 4; ++i) squares += (v.value[i] - mean) * (v.value[i] - mean);
    }
    const float factor = reciprocal_sqrt(block.warp_sum(squares) * inverse + 1e-6f);
    for (int c = 4 * block.lane(); c < padded_inputs<Format>(width); c += 4 * warp_size) {
      float out[4] = {};
      if (c < width) {
        const four_floats v = load_floats(row + c), up = load_floats(scale + c), by = load_floats(shift + c);
        for (int i = 0; i < 4; ++i) out[i] = (v.value[i] - mean) * factor;
        if (weight != nullptr) {
          const four_floats w = load_floats(weight + c), b = load_floats(weight + width + c);
          for (int i = 0; i < 4; ++i) out[i] = out[i] * w.value[i] + b.value[i];
        }
        for (int i = 0; i < 4; ++i) out[i] = out[i] * (1.0f + up.value[i]) + by.value[i];
      }
      store_activations(out, to + activation_index<Format>(r, c, rows));
    }
  }
}

/// A tiled head's memory for a tile of some rows.
template <class Format>
struct tiled_activations {
  using activation = typename Format::activation;

  // of the grid
  float* condition;    // [rows][W]
  float* h;            // [2][rows][W]: of even and of odd steps
  float* modulation;   // [1, 2 or all steps][rows][(3 D + 2) W]
  activation* hidden;  // [chunks of W][rows][chunk]
  activation* normal;  // the same: normalised rows, where blocks share that work
  // of the block
  float* scratch;        // of products
  activation* x;         // [chunks][rows][chunk]: what a product reads
  lane_words* resident;  // weights

  /// @param own     of the block, aligned to 16
  /// @param shared  of the grid, aligned to 16
  /// @param groups  rows of the block's products divided by 8
  template <class Shape>
  ARDENT_INLINE tiled_activations(Shape const& shape, int rows, int groups, float* shared, float* own) {
    const std::ptrdiff_t size = static_cast<std::ptrdiff_t>(rows) * shape.width();
    hidden = reinterpret_cast<activation*>(shared);
    normal = reinterpret_cast<activation*>(shared + hidden_floats(shape, rows));
    condition = shared + 2 * hidden_floats(shape, rows);
    h = condition + size;
    modulation = h + 2 * size;
    scratch = own;
    x = reinterpret_cast<activation*>(own + product_scratch(groups));
    resident = reinterpret_cast<lane_words*>(x + static_cast<std::ptrdiff_t>(rows) * most_inputs(shape));
  }

  template <class Shape>
  static std::size_t shared_floats(Shape const& shape, int rows, int steps) {
    return 2 * static_cast<std::size_t>(hidden_floats(shape, rows)) +
           static_cast<std::size_t>(rows) * static_cast<std::size_t>(3 * shape.width()) +
           static_cast<std::size_t>(steps) * static_cast<std::size_t>(rows) *
               static_cast<std::size_t>(shape.modulations());
  }
  /// Bytes of a block's activations and scratch.
  template <class Shape>
  static constexpr std::size_t block_bytes(Shape const& shape, int rows, int groups) {
    return product_scratch(groups) * sizeof(float) +
           static_cast<std::size_t>(rows) * static_cast<std::size_t>(most_inputs(shape)) * sizeof(activation);
  }

 private:
  template <class Shape>
  ARDENT_HD static constexpr int most_inputs(Shape const& shape) {
    int most = shape.width() < shape.condition_width() ? shape.condition_width() : shape.width();
    most = most < shape.channels() ? shape.channels() : most;
    return padded_inputs<Format>(most);
  }
  template <class Shape>
  ARDENT_HD static constexpr std::ptrdiff_t hidden_floats(Shape const& shape, int rows) {
    return static_cast<std::ptrdiff_t>(rows) * padded_inputs<Format>(shape.width()) *
           static_cast<std::ptrdiff_t>(sizeof(activation)) / static_cast<std::ptrdiff_t>(sizeof(float));
  }
};

}  // namespace detail
}  // namespace v0
}  // namespace ardent
