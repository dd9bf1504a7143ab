// SPDX-License-Identifier: Apache-2.0
//
// MAR's transformer on the fake CUDA runtime and a cuBLASLt that computes plainly: products are described so that they
// are the ones that were meant; conditions are enqueued without a search, an allocation or a wait; and where the
// runtime or the library fails, nothing is left behind.
#include <doctest/doctest.h>

#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "common/error.hpp"
#include "cuda/fake_blaslt.hpp"
#include "cuda/fake_runtime.hpp"
#include "gpu_machine.hpp"
#include "mar/gpu/memory.hpp"
#include "mar/gpu/network.hpp"
#include "mar/gpu/products.hpp"
#include "support/made_numbers.hpp"
#include "tiny_backbone.hpp"

namespace {

namespace mar = examples::mar;
namespace gpu = examples::mar::gpu;

void reset() {
  fake::reset();
  fake::blaslt::reset();
}

template <class Storage>
struct operands {
  gpu_test::device_bytes x, w, y, bias;

  // numbers enough for the product, which may be batched
  explicit operands(std::size_t count)
      : x(count * sizeof(Storage)), w(count * sizeof(Storage)), y(count * sizeof(float)), bias(count * sizeof(float)) {
    test::made_numbers numbers(3);
    for (std::size_t i = 0; i < count; ++i) {
      ardent::store_weight(static_cast<float>(numbers.normal()), reinterpret_cast<Storage*>(x.data())[i]);
      ardent::store_weight(static_cast<float>(numbers.normal()), reinterpret_cast<Storage*>(w.data())[i]);
      reinterpret_cast<float*>(y.data())[i] = static_cast<float>(numbers.normal());
      reinterpret_cast<float*>(bias.data())[i] = static_cast<float>(numbers.normal());
    }
  }
};

// One product, by cuBLASLt's description of it and by its definition.
template <class Storage>
void check_product(bool with_bias, bool add, bool w_by_input, int batch) {
  int const rows = 5, inputs = 7, outputs = 11;
  operands<Storage> by_library(2000), by_definition(2000);
  auto const make = [&](operands<Storage>& o) {
    gpu::matrix_product<Storage> p{reinterpret_cast<Storage*>(o.x.data()),
                                   reinterpret_cast<Storage*>(o.w.data()),
                                   reinterpret_cast<float*>(o.y.data()),
                                   rows,
                                   inputs,
                                   outputs,
                                   inputs + 1,
                                   w_by_input ? outputs + 2 : inputs + 3,
                                   outputs + 4};
    if (with_bias) p.bias = reinterpret_cast<float*>(o.bias.data());
    p.add = add;
    p.w_by_input = w_by_input;
    p.batch = batch;
    p.x_step = rows * p.x_stride + 1;  // odd: less aligned than the first
    p.w_step = (w_by_input ? inputs : outputs) * p.w_stride + 2;
    p.y_step = rows * p.y_stride;
    return p;
  };
  gpu::products by;
  by.enqueue(nullptr, make(by_library));
  gpu_test::host_machine machine{ardent::executor::checked(1, 32)};
  machine.product(make(by_definition));
  auto const *const found = reinterpret_cast<float const*>(by_library.y.data()), *const expected =
                                                                                     reinterpret_cast<float const*>(
                                                                                         by_definition.y.data());
  double worst = 0;
  for (int i = 0; i < 2000; ++i) {
    double const difference = std::fabs(double{found[i]} - double{expected[i]});
    worst = difference <= worst ? worst : difference;  // also of what is between rows: it must not be written
  }
  CHECK(worst < 1e-6);
}

std::vector<int> const tokens{1, 3, 5};  // drawn at each AR step, of 9

// The conditions of all AR steps, on arrays that hold nothing.
void enqueue_all(gpu::device_network& network, cudaStream_t stream, int images, int branches) {
  ardent::ar_step_view view;
  view.images = images;
  view.branches = branches;
  for (int const count : tokens) {
    view.tokens_per_image = count;
    network.condition(stream, view, nullptr, nullptr);
    view.tokens_known += count;
  }
}

}  // namespace

TEST_CASE("mar on a GPU: cuBLASLt is told the products that are meant") {
  reset();
  for (bool const with_bias : {false, true})
    for (bool const add : {false, true})
      for (bool const w_by_input : {false, true})
        for (int const batch : {1, 3}) {
          CAPTURE(with_bias);
          CAPTURE(add);
          CAPTURE(w_by_input);
          CAPTURE(batch);
          check_product<float>(with_bias, add, w_by_input, batch);
          check_product<ardent::bfloat16>(with_bias, add, w_by_input, batch);
        }
  CHECK(fake::live() == 0);
  CHECK(fake::blaslt::live() == 0);
}

TEST_CASE("mar on a GPU: conditions are captured in a graph; nothing is searched, allocated or awaited") {
  mar::backbone const host = tiny_mar::network(2).load();
  for (bool const bfloat16 : {false, true})
    for (int const branches : {1, 2}) {
      reset();
      fake::blaslt::compute(false);
      gpu::device_network network(host, bfloat16);
      network.prepare(3, branches, tokens);
      int const searches = fake::blaslt::searches();
      CHECK(searches > 0);
      CHECK(fake::blaslt::products() == 0);
      gpu::stream const stream;
      std::size_t const live = fake::live(), launches = fake::launches().size();
      REQUIRE(cudaStreamBeginCapture(stream.get(), cudaStreamCaptureModeGlobal) == cudaSuccess);
      enqueue_all(network, stream.get(), 3, branches);
      cudaGraph_t graph = nullptr;
      REQUIRE(cudaStreamEndCapture(stream.get(), &graph) == cudaSuccess);
      CHECK(fake::violations().empty());
      CHECK(fake::blaslt::searches() == searches);
      // An AR step: 4 blocks of 6 products and 6 kernels, the embedding of the decoder, 6 kernels around them; and
      // where tokens are known, their gathering and projection.
      CHECK(fake::blaslt::products() == 3 * (4 * 6 + 1) + 2);
      CHECK(fake::launches().size() - launches == 3 * (4 * 6 + 6) + 2);
      CHECK(fake::nodes(graph) == 3 * (4 * 12 + 7) + 4);
      cudaGraphDestroy(graph);
      CHECK(fake::live() == live);
    }
  CHECK(fake::blaslt::live() == 0);
}

TEST_CASE("mar on a GPU: memory grows with the batch and stays for smaller ones") {
  mar::backbone const host = tiny_mar::network(1).load();
  reset();
  gpu::device_network network(host, false);
  network.prepare(2, 2, tokens);
  std::size_t const allocations = fake::calls("cudaMalloc").size();
  network.prepare(1, 2, tokens);
  network.prepare(2, 1, tokens);
  CHECK(fake::calls("cudaMalloc").size() == allocations);
  network.prepare(5, 2, tokens);
  CHECK(fake::calls("cudaMalloc").size() == allocations + 1);
  CHECK_THROWS_WITH_AS(network.prepare(1 << 24, 2, tokens), doctest::Contains("--batch: expected at most"),
                       examples::input_error);
}

TEST_CASE("mar on a GPU: what fails is thrown and leaves nothing alive") {
  mar::backbone const host = tiny_mar::network(1).load();
  auto const all = [&] {
    gpu::device_network network(host, false);
    network.prepare(2, 2, tokens);
    gpu::stream const stream;
    enqueue_all(network, stream.get(), 2, 2);
  };
  reset();
  fake::blaslt::compute(false);
  CHECK_NOTHROW(all());
  auto const check = [&](char const* name, int count, auto const& plan, auto const& expect) {
    for (int number = 1; number <= count; ++number) {
      CAPTURE(name);
      CAPTURE(number);
      reset();
      fake::blaslt::compute(false);
      plan(name, number);
      expect();
      CHECK(fake::live() == 0);
      CHECK(fake::blaslt::live() == 0);
      CHECK(cudaPeekAtLastError() == cudaSuccess);
    }
  };
  auto const runtime = [](char const* name, int number) { fake::fail(name, number, cudaErrorMemoryAllocation); };
  auto const throws_runtime = [&] { CHECK_THROWS_AS(all(), ardent::cuda::error); };
  for (auto const& [name, count] : {std::pair{"cudaMalloc", 3},
                                    {"cudaMemcpy", 1},
                                    {"cudaDeviceSynchronize", 1},
                                    {"cudaStreamCreateWithFlags", 1},
                                    {"cudaLaunchKernel", 5}})
    check(name, count, runtime, throws_runtime);
  auto const library = [](char const* name, int number) {
    fake::blaslt::fail(name, number, CUBLAS_STATUS_NOT_SUPPORTED);
  };
  auto const throws_device = [&] { CHECK_THROWS_AS(all(), examples::device_error); };
  for (auto const& [name, count] : {std::pair{"cublasLtCreate", 1},
                                    {"cublasLtMatmulDescCreate", 3},
                                    {"cublasLtMatrixLayoutCreate", 7},
                                    {"cublasLtMatmulPreferenceCreate", 2},
                                    {"cublasLtMatmulAlgoGetHeuristic", 3},
                                    {"cublasLtMatmul", 4}})
    check(name, count, library, throws_device);
  reset();
  library("cublasLtMatmulAlgoGetHeuristic", 1);
  CHECK_THROWS_WITH(all(), doctest::Contains("cuBLASLt: choosing an algorithm for"));
}
