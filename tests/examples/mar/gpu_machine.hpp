// SPDX-License-Identifier: Apache-2.0
//
// The machine that carries out examples/mar/gpu on the host: kernels of rows on the real threads of the host-checked
// model, kernels of elements from the last to the first, matrix products by plain loops. Memory is NaN beforehand.
#pragma once

#include <doctest/doctest.h>

#include <ardent/executor/checked.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "mar/gpu/conditions.hpp"

namespace gpu_test {

namespace gpu = examples::mar::gpu;

/// @brief A checked block that also has the maximum over a warp, as the GPU's has in examples/mar/gpu.
class checked_block : public ardent::checked_block {
 public:
  /// @param shown [2][most_threads], shared by the block: where lanes show one another their numbers, in turns
  checked_block(ardent::checked_block const& base, float* shown) : ardent::checked_block(base), shown_(shown) {}
  static constexpr int most_threads = 128;

  float warp_max(float v) {
    float* const shown = shown_ + turn_ * most_threads + warp() * ardent::warp_size;
    turn_ = 1 - turn_;
    shown[lane()] = v;
    static_cast<void>(warp_sum(0));  // the warp's lanes wait for one another
    for (int i = 0; i < ardent::warp_size; ++i) v = std::fmax(v, shown[i]);
    return v;
  }

 private:
  float* shown_;
  int turn_ = 0;
};

/// @brief Bytes aligned as device memory is; every float of it is NaN.
class device_bytes {
 public:
  explicit device_bytes(std::size_t size) : bytes_(size + gpu::carver::alignment, std::byte{0xff}), size_(size) {}
  std::byte* data() {
    auto const start = reinterpret_cast<std::uintptr_t>(bytes_.data());
    return bytes_.data() + (gpu::carver::alignment - start % gpu::carver::alignment) % gpu::carver::alignment;
  }
  std::size_t size() const { return size_; }

 private:
  std::vector<std::byte> bytes_;
  std::size_t size_;
};

/// @brief Runs a body of rows on every thread of the executor's blocks, which come one after the other.
template <class Body>
void run_rows(ardent::executor::checked const& executor, int count, Body const& body) {
  std::vector<float> shown(2 * checked_block::most_threads, std::nanf(""));
  executor.run_tiles(executor.groups(), [&](auto& block, auto&, int k, int) {
    checked_block b(block, shown.data());
    body(b, ardent::strided_range{k, count, executor.groups()});
  });
}

struct host_machine {
  ardent::executor::checked executor;
  int products = 0;    ///< so far
  int most_batch = 0;  ///< of a product

  template <class Body>
  void each(int count, Body const& body) {
    for (int i = count - 1; i >= 0; --i) body(i);
  }
  template <class Body>
  void rows(int count, Body const& body) {
    run_rows(executor, count, body);
  }
  template <class Storage>
  void product(gpu::matrix_product<Storage> const& p) {
    ++products;
    if (p.batch > most_batch) most_batch = p.batch;
    for (void const* pointer :
         {static_cast<void const*>(p.x), static_cast<void const*>(p.w), static_cast<void const*>(p.y)})
      REQUIRE(reinterpret_cast<std::uintptr_t>(pointer) % gpu::carver::alignment == 0);
    for (std::ptrdiff_t b = 0; b < p.batch; ++b)
      for (std::ptrdiff_t r = 0; r < p.rows; ++r)
        for (std::ptrdiff_t o = 0; o < p.outputs; ++o) {
          float& y = p.y[b * p.y_step + r * p.y_stride + o];
          double sum = p.add ? double{y} : 0.0;
          if (p.bias != nullptr) sum += double{p.bias[o]};
          for (std::ptrdiff_t k = 0; k < p.inputs; ++k)
            sum +=
                double{ardent::to_float(p.x[b * p.x_step + r * p.x_stride + k])} *
                double{ardent::to_float(p.w[b * p.w_step + (p.w_by_input ? k * p.w_stride + o : o * p.w_stride + k)])};
          y = static_cast<float>(sum);
        }
  }
};

}  // namespace gpu_test
