// SPDX-License-Identifier: Apache-2.0
//
// The AR loop on a GPU, a launch an AR step. All of it is inline, so every translation unit and shared object that
// includes this instantiates the same kernel.
#pragma once

#include <ardent/cuda/pointwise.hpp>

#include <cstddef>

#include "draws.hpp"

namespace stranger {

/// @brief An array in device memory with the values of one on the host.
template <class T>
class device_array {
 public:
  explicit device_array(std::vector<T> const& values) : bytes_(values.size() * sizeof(T)) {
    void* memory = nullptr;
    ardent::cuda::check(cudaMalloc(&memory, bytes_), "allocating an array");
    data_ = static_cast<T*>(memory);
    ardent::cuda::check(cudaMemcpy(data_, values.data(), bytes_, cudaMemcpyHostToDevice), "filling an array");
  }
  ~device_array() { cudaFree(data_); }
  device_array(device_array const&) = delete;
  device_array& operator=(device_array const&) = delete;

  T* data() const { return data_; }
  std::vector<T> read() const {
    std::vector<T> values(bytes_ / sizeof(T));
    ardent::cuda::check(cudaMemcpy(values.data(), data_, bytes_, cudaMemcpyDeviceToHost), "reading an array");
    return values;
  }

 private:
  std::size_t bytes_;
  T* data_ = nullptr;
};

/// @brief Tokens drawn on the current GPU, [images][sequence_length].
inline std::vector<float> device_tokens(std::uint64_t seed) {
  std::vector<float> tokens(images * sequence_length);
  device_array<float> const w({weights, weights + 2}), m({means, means + 2}), d({deviations, deviations + 2});
  for (int ar_step = 0; ar_step < ar_steps; ++ar_step) {
    std::vector<std::uint32_t> image;
    std::vector<int> position;
    for (int i = 0; i < images * tokens_per_step; ++i) {
      image.push_back(static_cast<std::uint32_t>(i / tokens_per_step));
      position.push_back(ar_step * tokens_per_step + i % tokens_per_step);
    }
    device_array<std::uint32_t> const image_there(image);
    device_array<int> const position_there(position);
    device_array<float> const samples(std::vector<float>(image.size()));
    ardent::tile t;
    t.tokens = t.total = images * tokens_per_step;
    t.ar_step = ar_step;
    t.images = image_there.data();
    t.positions = position_there.data();
    ardent::cuda::enqueue_pointwise<1>(nullptr, plan{}, ar_step, t, mixture(1, 2, w.data(), m.data(), d.data()),
                                       ardent::random::philox(seed), samples.data());
    std::vector<float> const drawn = samples.read();
    for (std::size_t i = 0; i < drawn.size(); ++i)
      tokens[image[i] * sequence_length + static_cast<std::size_t>(position[i])] = drawn[i];
  }
  return tokens;
}

}  // namespace stranger
