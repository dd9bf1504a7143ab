// SPDX-License-Identifier: Apache-2.0
//
// What the GPU's head of ardent_torch asks of the CUDA runtime, on one that runs nothing (tests/cuda/fake_runtime.hpp):
// one launch a call, on the stream that it is given, and no memory but the caller's. Without PyTorch, of which neither
// this nor native/device_head.cu needs a header.
#include <doctest/doctest.h>
#include <ardent/cuda/error.hpp>
#include <ardent/denoiser/tiled_adaln_layout.hpp>
#include <ardent/tile/format.hpp>

#include <cstddef>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "cuda/fake_runtime.hpp"
#include "support/made_head.hpp"
#include "torch/native/device_head.hpp"

namespace {

ardent::adaln_shape<> const shape(6, 12, 48, 2, 20);

/// A stream of the fake's.
class stream {
 public:
  stream() { cudaStreamCreate(&handle_); }
  ~stream() { cudaStreamDestroy(handle_); }
  stream(stream const&) = delete;
  stream& operator=(stream const&) = delete;
  [[nodiscard]] cudaStream_t get() const { return handle_; }

 private:
  cudaStream_t handle_ = nullptr;
};

/// A call, and memory for it; what the kernels would read need not be there.
class drawing {
 public:
  drawing(std::string const& storage, int tokens, bool guided, float const* noise = nullptr)
      : head_(ardent_torch::make_device_head(storage, shape)), packed_(head_->packed_bytes()) {
    what_.tokens = tokens;
    what_.guided = guided;
    what_.steps = 20;
    what_.guidance_scale = 3;
    what_.start = what_.draws = noise;
    head_->pack(test::made_head(shape).views(), packed_.data());
    bytes_ = head_->workspace_bytes(what_, packed_.data());
    cudaMalloc(&workspace_, bytes_);
  }
  ~drawing() { cudaFree(workspace_); }
  drawing(drawing const&) = delete;
  drawing& operator=(drawing const&) = delete;

  void enqueue(cudaStream_t on) const { enqueue(on, bytes_); }
  void enqueue(cudaStream_t on, std::size_t bytes) const {
    head_->enqueue(on, what_, packed_.data(), nullptr, nullptr, workspace_, bytes);
  }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  std::unique_ptr<ardent_torch::device_head> head_;
  test::aligned_bytes packed_;
  ardent_torch::call what_;
  std::size_t bytes_ = 0;
  void* workspace_ = nullptr;
};

}  // namespace

TEST_CASE("device_head: one launch a call, on its stream, and no memory but the caller's") {
  float const noise = 0;
  for (char const* storage : {"float32", "bfloat16"})
    for (bool const guided : {false, true})
      for (float const* const given : {static_cast<float const*>(nullptr), &noise})
        for (int const tokens : {1, 9, 200, 2000}) {
          CAPTURE(storage);
          CAPTURE(guided);
          CAPTURE(tokens);
          fake::reset();
          stream const on;
          drawing const d(storage, tokens, guided, given);
          std::size_t const before = fake::calls().size(), live = fake::live();
          d.enqueue(on.get());
          REQUIRE(fake::launches().size() == 1);
          CHECK(fake::launches()[0].stream == on.get());
          CHECK(fake::launches()[0].result == cudaSuccess);
          CHECK(fake::live() == live);
          std::vector<fake::call> const calls = fake::calls();
          for (std::size_t i = before; i < calls.size(); ++i) {
            CAPTURE(calls[i].name);
            CHECK(calls[i].result == cudaSuccess);
            CHECK(calls[i].name.find("Malloc") == std::string::npos);
            CHECK(calls[i].name.find("Synchronize") == std::string::npos);
            CHECK(calls[i].name.find("Memcpy") == std::string::npos);
            if (calls[i].name == "cudaMemsetAsync") CHECK(calls[i].stream == on.get());
          }
        }
}

TEST_CASE("device_head: a call can be captured") {
  fake::reset();
  stream const on;
  drawing const d("bfloat16", 7, true);
  REQUIRE(cudaStreamBeginCapture(on.get(), cudaStreamCaptureModeGlobal) == cudaSuccess);
  d.enqueue(on.get());
  cudaGraph_t graph = nullptr;
  REQUIRE(cudaStreamEndCapture(on.get(), &graph) == cudaSuccess);
  CHECK(fake::violations().empty());
  CHECK(fake::launches().back().captured);
  cudaGraphDestroy(graph);
}

TEST_CASE("device_head: packed weights are those of the format") {
  fake::reset();
  CHECK(ardent_torch::make_device_head("float32", shape)->packed_bytes() ==
        ardent::tiled_bytes<ardent::format::fp32>(shape));
  CHECK(ardent_torch::make_device_head("bfloat16", shape)->packed_bytes() ==
        ardent::tiled_bytes<ardent::format::bf16>(shape));
}

TEST_CASE("device_head: what does not fit is refused") {
  fake::reset();
  CHECK_THROWS_WITH_AS(ardent_torch::make_device_head("int8", shape),
                       "expected storage float32 or bfloat16, found int8", std::invalid_argument);
  CHECK_THROWS_WITH_AS(ardent_torch::make_device_head("float32", {6, 12, 46, 2, 20}),
                       doctest::Contains("multiple of 4"), std::invalid_argument);
  drawing const d("float32", 4, false);
  CHECK_THROWS_WITH_AS(d.enqueue(nullptr, d.bytes() - 1), doctest::Contains("expected a workspace of"),
                       std::invalid_argument);
  CHECK(fake::launches().empty());
  fake::fail("cudaGetDevice", 1, cudaErrorNoDevice);
  CHECK_THROWS_AS(d.enqueue(nullptr), ardent::cuda::error);
}
