// SPDX-License-Identifier: Apache-2.0
//
// Matrix products as they are described to cuBLASLt, on a fake one that computes on the host; and what the head that is
// drawn by them asks of the runtime.
#include <doctest/doctest.h>
#include <ardent/annealing/linear.hpp>
#include <ardent/cuda/any_head.hpp>
#include <ardent/guidance/linear.hpp>
#include <ardent/ordering/masked.hpp>
#include <ardent/sampler.hpp>
#include <ardent/solver/ddim.hpp>

#include <cmath>
#include <cstdint>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "cuda/fake_blaslt.hpp"
#include "scene.hpp"

namespace {

using sampler = ardent::sampler<ardent::ordering::masked<256, 64>, ardent::annealing::linear<50, 5>,
                                ardent::solver::ddim<>, ardent::guidance::linear<3.0>>;
using shape = ardent::adaln_shape<>;
using products = ardent::cuda::head_products<sampler, ardent::bfloat16>;
using any_head = ardent::cuda::any_head<sampler, ardent::format::bf16>;

shape const small(16, 16, 64, 3, 32);
constexpr int depth = 3, images = 32;

/// Weights on the fake device: nothing reads them.
struct head_memory {
  scene::memory weights{ardent::dense_bytes<ardent::bfloat16>(small)};
  std::size_t bytes = products::workspace_bytes(sampler{}, small, images);
  scene::memory workspace{bytes};
};

float memory_of_samples[1 << 14];  // nothing writes them
float* const samples = memory_of_samples;

ardent::tile step_of(int ar_step) {
  static std::uint32_t const numbers[1 << 14] = {};
  static int const positions[1 << 14] = {};
  ardent::tile t;
  t.total = sampler{}.tokens(ar_step) * images;
  t.images = numbers;
  t.positions = positions;
  return t;
}

/// y = x W^T + bias of some layer, against sums in double.
template <class Storage, class Output = float>
void check_product(double bound) {
  constexpr int inputs = 24, outputs = 40, rows = 7;
  scene::memory const memory(1 << 16);
  auto* const weight = static_cast<Storage*>(memory.get());
  auto* const x = weight + inputs * outputs;
  auto* const bias = reinterpret_cast<Output*>(static_cast<std::byte*>(memory.get()) + (1 << 14));
  auto* const y = bias + 64;
  auto const put = []<class T>(float v, T& to) {
    if constexpr (std::is_same_v<T, float>)
      to = v;
    else
      ardent::store_weight(v, to);
  };
  for (int i = 0; i < inputs * outputs; ++i) put(std::sin(0.7f * static_cast<float>(i)), weight[i]);
  for (int i = 0; i < inputs * rows; ++i) put(std::cos(1.3f * static_cast<float>(i)), x[i]);
  for (int i = 0; i < outputs; ++i) put(static_cast<float>(i), bias[i]);
  scene::memory const workspace(1 << 12);
  ardent::cuda::blaslt_products library(workspace.get(), 1 << 12);
  ardent::dense_matrix<Storage, Output> matrix;
  matrix.weight = weight;
  matrix.bias = bias;
  matrix.inputs = inputs;
  matrix.outputs = outputs;
  int const number = library.prepare<Storage, Output>(inputs, outputs, rows);
  library.enqueue(nullptr, number, matrix, static_cast<Storage const*>(x), y);
  double most = 0;
  for (int r = 0; r < rows; ++r)
    for (int n = 0; n < outputs; ++n) {
      double sum = n;
      for (int k = 0; k < inputs; ++k)
        sum +=
            std::sin(0.7f * static_cast<float>(n * inputs + k)) * std::cos(1.3f * static_cast<float>(r * inputs + k));
      most = std::fmax(most, std::fabs(sum - static_cast<double>(ardent::to_float(y[r * outputs + n]))));
    }
  CHECK(most < bound);
  CHECK(library.prepare<Storage, Output>(inputs, outputs, rows) == number);
  CHECK(library.find<Storage, Output>(inputs, outputs, rows) == number);
  CHECK(library.find<Storage, Output>(inputs, outputs, rows + 1) == -1);
  CHECK_THROWS_WITH_AS(library.enqueue(nullptr, -1, matrix, static_cast<Storage const*>(x), y),
                       doctest::Contains("expected a prepared product, found plan -1 of 1"), std::invalid_argument);
  CHECK(library.prepare<Storage, Output>(inputs, outputs, rows + 1) != number);
}

}  // namespace

TEST_CASE("blaslt_products: y = x W^T + bias in each type; equal products are searched for once") {
  fake::reset();
  fake::blaslt::reset();
  check_product<float>(1e-4);
  CHECK(fake::blaslt::searches() == 2);
  check_product<ardent::bfloat16>(24 * 0x1p-7);
  check_product<ardent::float16>(24 * 0x1p-10);
  // outputs below 64 are rounded too
  check_product<ardent::bfloat16, ardent::bfloat16>(24 * 0x1p-7 + 64 * 0x1p-9);
  check_product<ardent::float16, ardent::float16>(24 * 0x1p-10 + 64 * 0x1p-12);
  CHECK(fake::blaslt::live() == 0);
  CHECK(fake::live() == 0);
}

TEST_CASE("blaslt_products: a library that cannot") {
  fake::reset();
  fake::blaslt::reset();
  fake::blaslt::fail("cublasLtCreate", 1, CUBLAS_STATUS_NOT_INITIALIZED);
  CHECK_THROWS_WITH_AS(ardent::cuda::blaslt_products(nullptr, 0), doctest::Contains("starting cuBLASLt failed"),
                       ardent::cuda::blaslt_error);
  ardent::cuda::blaslt_products library(nullptr, 0);
  for (auto const status : {CUBLAS_STATUS_NOT_SUPPORTED, CUBLAS_STATUS_INTERNAL_ERROR}) {
    fake::blaslt::fail("cublasLtMatmulAlgoGetHeuristic", 1, status);
    CHECK_THROWS_WITH_AS(library.prepare<float>(8, 16, 3), doctest::Contains("3 rows of 8 to 16 numbers"),
                         ardent::cuda::blaslt_error);
  }
  for (char const* name :
       {"cublasLtMatmulDescCreate", "cublasLtMatrixLayoutCreate", "cublasLtMatmulPreferenceCreate"}) {
    fake::blaslt::fail(name, 1, CUBLAS_STATUS_ALLOC_FAILED);
    CHECK_THROWS_WITH_AS(library.prepare<float>(8, 16, 3), doctest::Contains("Free device memory"),
                         ardent::cuda::blaslt_error);
  }
  CHECK(fake::blaslt::live() == 1);
  CHECK(library.prepare<float>(8, 16, 3) == 0);
  // each status that a user can do something about has words of its own
  std::set<std::string> said;
  for (auto const status : {CUBLAS_STATUS_NOT_INITIALIZED, CUBLAS_STATUS_ALLOC_FAILED, CUBLAS_STATUS_INVALID_VALUE,
                            CUBLAS_STATUS_ARCH_MISMATCH, CUBLAS_STATUS_NOT_SUPPORTED, CUBLAS_STATUS_EXECUTION_FAILED,
                            CUBLAS_STATUS_INTERNAL_ERROR, CUBLAS_STATUS_LICENSE_ERROR}) {
    fake::blaslt::fail("cublasLtMatmul", 1, status);
    std::string what;
    try {
      library.enqueue<float, float>(nullptr, 0, {}, nullptr, nullptr);
    } catch (ardent::cuda::blaslt_error const& e) {
      CHECK(e.code() == status);
      what = e.what();
    }
    CHECK(what.starts_with("ardent::cuda: enqueueing a product failed with CUBLAS_STATUS_"));
    CHECK(what.ends_with(ardent::cuda::advice(status)));
    CHECK((what.find("See cuBLAS's description") != std::string::npos) == (status == CUBLAS_STATUS_LICENSE_ERROR));
    CHECK(what.find('\n') == std::string::npos);
    said.insert(ardent::cuda::advice(status));
  }
  CHECK(said.size() == 8);
}

TEST_CASE("head_products: an AR step is 5 D + 5 launches an evaluation, a start and steps, and can be captured") {
  fake::reset();
  fake::blaslt::reset();
  fake::blaslt::compute(false);
  head_memory const memory;
  scene::stream const stream;
  products head(sampler{}, small, memory.weights.get(), images, memory.workspace.get(), memory.bytes);
  int const searches = fake::blaslt::searches();
  REQUIRE(cudaStreamBeginCapture(stream.get(), cudaStreamCaptureModeGlobal) == cudaSuccess);
  std::size_t const before = fake::calls().size();
  for (int const ar_step : {0, 63}) {
    std::size_t const launches = fake::launches().size();
    int const matmuls = fake::blaslt::products();
    head.enqueue(stream.get(), ar_step, step_of(ar_step), ardent::random::philox(1), samples);
    auto const evaluations = static_cast<std::size_t>(sampler{}.rows(ar_step).size());
    std::size_t const products_of_step = static_cast<std::size_t>(fake::blaslt::products() - matmuls);
    CHECK(products_of_step == evaluations * (3 * depth + 3) + 1);  // and the conditions' once
    // rounding the conditions, before them; the start; the steps
    CHECK(fake::launches().size() - launches + products_of_step ==
          1 + evaluations * (5 * depth + 5) + 1 + 1 + evaluations);
  }
  std::vector<fake::call> const calls = fake::calls();
  for (std::size_t i = before; i < calls.size(); ++i) CHECK(calls[i].captured);
  CHECK(fake::violations().empty());
  CHECK(fake::blaslt::searches() == searches);
  cudaGraph_t graph = nullptr;
  REQUIRE(cudaStreamEndCapture(stream.get(), &graph) == cudaSuccess);
  cudaGraphDestroy(graph);
}

TEST_CASE("head_products: a stream that was destroyed, and one of another device") {
  fake::reset({fake::device{}, fake::device{}});
  fake::blaslt::reset();
  fake::blaslt::compute(false);
  head_memory const memory;
  products head(sampler{}, small, memory.weights.get(), images, memory.workspace.get(), memory.bytes);
  scene::check_bad_streams("launching what a head does between products",
                           [&](cudaStream_t s) { head.enqueue(s, 3, step_of(3), ardent::random::philox(1), samples); });
}

TEST_CASE("head_products: bad arguments") {
  fake::reset();
  fake::blaslt::reset();
  head_memory const memory;
  void* const weights = memory.weights.get();
  void* const workspace = memory.workspace.get();
  auto const make = [&](void const* w, int n, void* at, std::size_t bytes) {
    products(sampler{}, small, w, n, at, bytes);
  };
  CHECK_THROWS_WITH_AS(make(static_cast<char*>(weights) + 32, images, workspace, memory.bytes),
                       doctest::Contains("weights aligned to 64"), std::invalid_argument);
  CHECK_THROWS_WITH_AS(make(weights, images, static_cast<char*>(workspace) + 64, memory.bytes),
                       doctest::Contains("workspace aligned to 256"), std::invalid_argument);
  CHECK_THROWS_WITH_AS(make(weights, images, workspace, memory.bytes - 1), doctest::Contains("expected a workspace of"),
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(make(weights, 0, workspace, memory.bytes), doctest::Contains("at least 1 image"),
                       std::invalid_argument);
  std::span<std::byte> const all(static_cast<std::byte*>(workspace), memory.bytes);
  CHECK_THROWS_WITH_AS(products(sampler{}, small, weights, images, all.first(all.size() - 1)),
                       doctest::Contains("expected a workspace of"), std::invalid_argument);
  std::span<float const> const few(static_cast<float const*>(weights), 1000);
  CHECK_THROWS_WITH_AS(products(sampler{}, small, few, images, all), doctest::Contains("bytes, found 4000"),
                       std::invalid_argument);
  products head(sampler{}, small, weights, images, all);
  CHECK_THROWS_WITH_AS(head.enqueue(nullptr, 3, step_of(3), ardent::random::philox(1), std::span(samples, 3)),
                       doctest::Contains("elements, found 3"), std::invalid_argument);
  ardent::tile t = step_of(3);
  ++t.total;
  std::string const found = "found " + std::to_string(t.total) + " tokens for AR step 3";
  CHECK_THROWS_WITH_AS(head.enqueue(nullptr, 3, t, ardent::random::philox(1), samples),
                       doctest::Contains(found.c_str()), std::invalid_argument);
  for (int const ar_step : {-1, sampler{}.ar_steps()})
    CHECK_THROWS_WITH_AS(head.enqueue(nullptr, ar_step, step_of(3), ardent::random::philox(1), samples),
                         doctest::Contains("head_products: expected an AR step below"), std::invalid_argument);
  CHECK(fake::launches().empty());
}

TEST_CASE("any_head: one launch where rows are few, products where they are many") {
  fake::reset();
  fake::blaslt::reset();
  fake::blaslt::compute(false);
  head_memory const memory;
  unsigned long long counter = 0;
  CHECK(ardent::cuda::takes_products(sampler{}, images));
  CHECK_FALSE(ardent::cuda::takes_products(sampler{}, 1));
  any_head head(sampler{}, small, nullptr, memory.weights.get(), images, &counter);
  scene::memory const workspace(head.workspace_bytes());
  head.prepare(workspace);
  int const searches = fake::blaslt::searches();
  bool was[2] = {};
  for (int i = 0; i < sampler{}.ar_steps(); ++i) {
    bool const expected = sampler{}.tokens(i) * images * 2 >= 128;
    CHECK(ardent::cuda::takes_products(sampler{}, i, images) == expected);
    CHECK(head.by_products(i) == expected);
    was[expected] = true;
    int const before = fake::blaslt::products();
    head.enqueue(nullptr, i, step_of(i), ardent::random::philox(1), samples);
    CHECK((fake::blaslt::products() > before) == expected);
  }
  CHECK(was[0]);
  CHECK(was[1]);
  CHECK(fake::blaslt::searches() == searches);

  any_head alone(sampler{}, small, nullptr, nullptr, images);
  CHECK(alone.workspace_bytes() + products::library_bytes < head.workspace_bytes());
  scene::memory const all(alone.workspace_bytes());
  alone.prepare(all);
  int const before = fake::blaslt::products();
  for (int i = 0; i < sampler{}.ar_steps(); ++i)
    alone.enqueue(nullptr, i, step_of(i), ardent::random::philox(1), std::span(memory_of_samples));
  CHECK(fake::blaslt::products() == before);
}

TEST_CASE("any_head: bad arguments") {
  fake::reset();
  fake::blaslt::reset();
  head_memory const memory;
  auto const refuses = [](char const* expected, auto const& f) {
    CHECK_THROWS_WITH_AS(f(), doctest::Contains(expected), std::invalid_argument);
  };
  std::size_t const dense = ardent::dense_bytes<ardent::bfloat16>(small);
  auto* const weights = static_cast<std::byte*>(memory.weights.get());
  refuses("at least 1 image", [&] { any_head(sampler{}, small, nullptr, nullptr, 0); });
  refuses("any_head: expected weights of",
          [&] { any_head(sampler{}, small, nullptr, std::span(weights, dense - 1), images); });
  refuses("any_head: expected weights aligned", [&] { any_head(sampler{}, small, nullptr, weights + 32, images); });
  any_head head(sampler{}, small, nullptr, std::span(weights, dense), images);
  scene::memory const workspace(head.workspace_bytes());
  std::span<std::byte> const all(workspace.data(), workspace.size());
  refuses("any_head: expected a workspace of", [&] { head.prepare(all.first(all.size() - 1)); });
  scene::memory const more(head.workspace_bytes() + 64);
  refuses("aligned to 256", [&] { head.prepare(std::span(more.data() + 64, head.workspace_bytes())); });
  head.prepare(all);
  for (int const ar_step : {0, 63})  // in one launch; by products
    refuses("elements, found 3", [&] {
      head.enqueue(nullptr, ar_step, step_of(ar_step), ardent::random::philox(1), std::span(samples, 3));
    });
  for (int const ar_step : {-1, sampler{}.ar_steps()})
    refuses("any_head: expected an AR step below",
            [&] { head.enqueue(nullptr, ar_step, step_of(0), ardent::random::philox(1), samples); });
  CHECK(fake::launches().empty());
  CHECK(fake::blaslt::products() == 0);
}
