// SPDX-License-Identifier: Apache-2.0
//
// own_network_on_gpu: the same network as a kernel on a stream. The callback only enqueues: here one launch, in its
// place TensorRT's enqueueV3 or a captured graph would do. An AR step's tokens are drawn and compared with the host's.
#include <ardent/ardent.hpp>
#include <ardent/cuda/batched.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <numeric>
#include <span>
#include <vector>

#include "network.hpp"

namespace {

constexpr int tokens = 1024;

using sampler = ardent::sampler<ardent::ordering::raster<16>, ardent::annealing::linear<24, 8>,
                                ardent::process::cosine_continuous, ardent::grid::logsnr_uniform,
                                ardent::solver::dpm_solver_pp<2>, ardent::predicts<ardent::prediction::x0>>;

__global__ void network_kernel(own::weights const w, ardent::time_point time, float const* input, float* output) {
  int const row = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (row < tokens)
    own::evaluate_row(w, time, input + row * own::channels, w.log_next[own::codes], output + row * own::channels);
}

// What ardent calls for each row: it enqueues an evaluation and returns.
struct network {
  static constexpr ardent::prediction predicted = ardent::prediction::x0;
  own::weights weights;

  void operator()(cudaStream_t stream, ardent::time_point const& time, float const* input, float* output) const {
    network_kernel<<<(tokens + 127) / 128, 128, 0, stream>>>(weights, time, input, output);
    ardent::cuda::check(cudaGetLastError(), "launching the network");
  }
};

// Device memory, given back in the end.
template <class T>
class device_array {
 public:
  explicit device_array(std::size_t size) : size_(size) {
    void* start = nullptr;
    ardent::cuda::check(cudaMalloc(&start, size * sizeof(T)), "cudaMalloc");
    start_ = static_cast<T*>(start);
  }
  explicit device_array(std::vector<T> const& from) : device_array(from.size()) {
    ardent::cuda::check(cudaMemcpy(start_, from.data(), size_ * sizeof(T), cudaMemcpyHostToDevice), "cudaMemcpy");
  }
  ~device_array() { cudaFree(start_); }
  device_array(device_array const&) = delete;
  device_array& operator=(device_array const&) = delete;
  std::span<T> span() const { return {start_, size_}; }

 private:
  std::size_t size_;
  T* start_ = nullptr;
};

std::vector<float> draw_on_gpu(sampler const& draw, ardent::network_shape<> const& shape) {
  std::vector<std::uint32_t> images(tokens);
  std::iota(images.begin(), images.end(), 0u);
  device_array<std::uint32_t> const device_images(images);
  device_array<int> const positions(std::vector<int>(tokens, 0));
  device_array<std::byte> const workspace(ardent::batched_bytes(draw, tokens, shape));
  device_array<float> const samples(std::size_t{tokens} * own::channels);

  ardent::tile t;
  t.tokens = t.total = tokens;
  t.images = device_images.span().data();
  t.positions = positions.span().data();
  cudaStream_t const stream = nullptr;
  ardent::cuda::enqueue_batched(stream, draw, 0, t, shape, network{}, ardent::random::philox{1}, workspace.span(),
                                samples.span());
  ardent::cuda::check(cudaStreamSynchronize(stream), "drawing an AR step");
  std::vector<float> out(samples.span().size());
  ardent::cuda::check(cudaMemcpy(out.data(), samples.span().data(), out.size() * sizeof(float), cudaMemcpyDeviceToHost),
                      "cudaMemcpy");
  return out;
}

std::vector<float> draw_on_host(sampler const& draw, ardent::network_shape<> const& shape) {
  std::vector<std::uint32_t> images(tokens);
  std::iota(images.begin(), images.end(), 0u);
  std::vector<int> const positions(tokens, 0);
  std::size_t const bytes = ardent::batched_bytes(draw, tokens, shape);
  std::vector<std::byte> memory(bytes + 64);
  std::span<std::byte> const workspace(memory.data() + (64 - reinterpret_cast<std::uintptr_t>(memory.data()) % 64),
                                       bytes);
  std::vector<float> samples(std::size_t{tokens} * own::channels);

  ardent::tile t;
  t.tokens = t.total = tokens;
  t.images = images.data();
  t.positions = positions.data();
  own::weights const weights;
  auto const network = [&](ardent::time_point const& time, float const* input, float* output) {
    for (int row = 0; row < tokens; ++row)
      own::evaluate_row(weights, time, input + row * own::channels, weights.log_next[own::codes],
                        output + row * own::channels);
  };
  ardent::draw_batched(ardent::executor::host{}, draw, 0, t, shape, network, ardent::random::philox{1}, workspace,
                       samples.data());
  return samples;
}

}  // namespace

int main() {
  sampler const draw;
  ardent::network_shape<> const shape{own::channels, own::channels};
  try {
    std::vector<float> const device = draw_on_gpu(draw, shape), host = draw_on_host(draw, shape);
    float farthest = 0;
    for (std::size_t i = 0; i < host.size(); ++i) farthest = std::max(farthest, std::abs(device[i] - host[i]));
    std::printf("%d tokens, farthest from the host's: %.2g\n", tokens, static_cast<double>(farthest));
    return farthest < 1e-3f ? 0 : 1;
  } catch (ardent::cuda::error const& e) {
    std::fprintf(stderr, "error: %s\n", e.what());
    return 1;
  }
}
