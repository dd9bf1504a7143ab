// SPDX-License-Identifier: Apache-2.0
#pragma once

// Pointwise trajectories to enqueue on the fake runtime, which runs none of them.

#include <doctest/doctest.h>
#include <ardent/ardent.hpp>
#include <ardent/cuda/pointwise.hpp>

#include <cstddef>
#include <string>

#include "cuda/fake_runtime.hpp"

namespace scene {

inline constexpr int channels = 4;
using sampler = ardent::sampler<ardent::ordering::raster<64, 4>, ardent::annealing::linear<50, 5>,
                                ardent::solver::ddpm<ardent::variance::fixed_small>>;

/// Enqueues an AR step of that many tokens. The pointers of the tile are null: nothing reads
/// or writes there.
template <class Samples = float*>
void draw(cudaStream_t stream, int ar_step, int tokens, Samples&& samples = reinterpret_cast<float*>(64),
          int first = 0) {
  static const float weights[] = {1}, means[channels] = {}, deviations[] = {1};
  ardent::denoiser::gaussian_mixture<channels> const denoiser(channels, 1, weights, means, deviations);
  ardent::tile t;
  t.tokens = t.total = tokens;
  t.first = first;
  t.ar_step = ar_step;
  ardent::cuda::enqueue_pointwise<channels>(stream, sampler{}, ar_step, t, denoiser, ardent::random::philox{1},
                                            samples);
}

/// A stream of the fake's.
class stream {
 public:
  stream() { cudaStreamCreate(&handle_); }
  ~stream() {
    if (handle_ != nullptr) destroy();
  }
  stream(stream const&) = delete;
  stream& operator=(stream const&) = delete;
  void destroy() {
    cudaStreamDestroy(handle_);
    handle_ = nullptr;
  }
  cudaStream_t get() const { return handle_; }

 private:
  cudaStream_t handle_ = nullptr;
};

/// Device memory of the fake's, which is a range.
class memory {
 public:
  explicit memory(std::size_t bytes) : size_(bytes) { cudaMalloc(&start_, bytes); }
  ~memory() { cudaFree(start_); }
  memory(memory const&) = delete;
  memory& operator=(memory const&) = delete;
  void* get() const { return start_; }
  std::byte* data() const { return static_cast<std::byte*>(start_); }
  std::size_t size() const { return size_; }

 private:
  std::size_t size_;
  void* start_ = nullptr;
};

/// draw(stream) on a stream of another device and on one that was destroyed, of two devices of which the first is
/// current: what is thrown names the call and says what to do, nothing is left behind, and a live stream is drawn on.
template <class F>
void check_bad_streams(std::string const& call, F const& draw) {
  std::string const advice =
      "). The stream does not exist any more or belongs to another device: make its device current and pass a live "
      "stream.";
  auto const refused = [&](cudaStream_t s) {
    std::size_t const live = fake::live();
    std::string what;
    try {
      draw(s);
    } catch (ardent::cuda::error const& e) {
      CHECK(e.code() == cudaErrorInvalidResourceHandle);
      what = e.what();
    }
    INFO(what);
    CHECK(what.starts_with("ardent::cuda: " + call + " failed with cudaErrorInvalidResourceHandle ("));
    CHECK(what.ends_with(advice));
    CHECK(what.find('\n') == std::string::npos);
    CHECK(fake::live() == live);
    CHECK(cudaPeekAtLastError() == cudaSuccess);
  };
  stream here;
  cudaSetDevice(1);
  stream const elsewhere;
  cudaSetDevice(0);
  refused(elsewhere.get());
  CHECK_NOTHROW(draw(here.get()));
  cudaStream_t const dead = here.get();
  here.destroy();
  refused(dead);
}

}  // namespace scene
