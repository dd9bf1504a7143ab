// SPDX-License-Identifier: Apache-2.0
//
// What a generation asks of the runtime: its tables are copied when it is made, and from then on it only launches.
#include <doctest/doctest.h>

#include <cstring>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "cuda/fake_blaslt.hpp"
#include "generate_scene.hpp"

__global__ void scene::conditions_kernel(float*) {}

namespace {

constexpr int images = 3;
constexpr int elements = images * 16 * 6;
const scene::mar_sampler sampler;
const ardent::random::philox philox(1);

std::size_t bytes_for(scene::model& m) { return ardent::cuda::workspace_bytes(sampler, m, images); }

/// Everything that a run needs, on a fake device.
struct prepared {
  scene::stream stream;
  scene::model model;
  scene::bytes workspace{bytes_for(model)};
  scene::bytes tokens{elements * sizeof(float)};
  scene::generation generation{stream.get(), sampler, model, images, workspace};

  void run() { generation.run(stream.get(), philox, 5, reinterpret_cast<float*>(tokens.data())); }
};

bool is(fake::call const& c, char const* kernel) { return c.kernel.find(kernel) != std::string::npos; }

template <class F>
std::string refusal(F const& f) {
  std::size_t const before = fake::live(), launches = fake::launches().size();
  std::string what;
  try {
    f();
  } catch (std::invalid_argument const& e) {
    what = e.what();
  }
  CHECK(fake::live() == before);
  CHECK(fake::launches().size() == launches);
  CHECK(what.find('\n') == std::string::npos);
  return what;
}

}  // namespace

TEST_CASE("cuda::generation: an AR step is three launches and the model's") {
  fake::reset();
  prepared p;
  std::size_t const before = fake::calls().size();
  p.run();
  std::vector<fake::call> const launches = fake::launches();
  int const ar_steps = sampler.ar_steps();
  REQUIRE(launches.size() > static_cast<std::size_t>(4 * ar_steps));
  std::size_t const first = launches.size() - static_cast<std::size_t>(4 * ar_steps);
  CHECK(is(launches[0], "clear_kernel"));
  CHECK(is(launches[1], "order_keys_kernel"));
  for (std::size_t i = first; i < launches.size(); i += 4) {
    CHECK(is(launches[i], "pick_kernel"));
    CHECK(is(launches[i + 1], "conditions_kernel"));
    CHECK(is(launches[i + 2], "head_kernel"));
    CHECK(is(launches[i + 3], "scatter_kernel"));
  }
  for (fake::call const& c : launches) CHECK(c.stream == p.stream.get());
  // the sort asks the device for facts; after it there are only launches and fills
  std::vector<fake::call> const calls = fake::calls();
  std::size_t steps = 0;
  for (std::size_t i = before; i < calls.size(); ++i) {
    for (char const* const forbidden : {"Malloc", "Free", "Memcpy", "Synchronize", "Query", "EventRecord"})
      CHECK(calls[i].name.find(forbidden) == std::string::npos);
    if (is(calls[i], "pick_kernel")) ++steps;
    if (steps > 0) CHECK_MESSAGE((calls[i].function != nullptr || calls[i].name == "cudaMemsetAsync"), calls[i].name);
  }
  CHECK(steps == static_cast<std::size_t>(ar_steps));
}

TEST_CASE("cuda::generation: a whole batch is captured in a graph") {
  fake::reset();
  prepared p;
  REQUIRE(cudaStreamBeginCapture(p.stream.get(), cudaStreamCaptureModeGlobal) == cudaSuccess);
  p.run();
  std::size_t const nodes = fake::launches().size() + fake::calls("cudaMemsetAsync").size();
  cudaGraph_t graph = nullptr;
  CHECK(cudaStreamEndCapture(p.stream.get(), &graph) == cudaSuccess);
  CHECK(fake::violations().empty());
  REQUIRE(graph != nullptr);
  CHECK(fake::nodes(graph) == static_cast<int>(nodes));
  cudaGraphDestroy(graph);
}

TEST_CASE("cuda::generation: what the model and the observer see") {
  fake::reset();
  prepared p;
  std::vector<ardent::ar_step_report> reports;
  auto* const tokens = reinterpret_cast<float*>(p.tokens.data());
  p.generation.run(p.stream.get(), philox, 5, std::span(tokens, elements),
                   [&](ardent::ar_step_report const& r) { reports.push_back(r); });
  REQUIRE(p.model.views.size() == 4);
  REQUIRE(reports.size() == 4);
  int known = 0;
  auto const inside = [&](void const* pointer) {
    auto const* const place = static_cast<std::byte const*>(pointer);
    return place >= p.workspace.data() && place < p.workspace.data() + p.workspace.size();
  };
  for (int i = 0; i < 4; ++i) {
    ardent::ar_step_view const& v = p.model.views[static_cast<std::size_t>(i)];
    ardent::ar_step_report const& r = reports[static_cast<std::size_t>(i)];
    CHECK(v.ar_step == i);
    CHECK(v.images == images);
    CHECK(v.branches == 2);
    CHECK(v.tokens_per_image == sampler.tokens(i));
    CHECK(v.sequence_length == 16);
    CHECK(v.channels == 6);
    CHECK(v.first_image == 5);
    CHECK(v.tokens == tokens);
    CHECK(v.tokens_known == known);
    CHECK(inside(v.known));
    CHECK(inside(v.positions));
    CHECK(inside(p.model.outputs[static_cast<std::size_t>(i)]));
    known += sampler.tokens(i);
    CHECK(r.tokens_known == known);
    CHECK(r.rows == images * sampler.tokens(i));
    CHECK(r.effective_steps == sampler.effective_steps(i));
    CHECK(r.conditions.data() == p.model.outputs[static_cast<std::size_t>(i)]);
    CHECK(r.conditions.size() == static_cast<std::size_t>(2 * r.rows * 8));
    CHECK(r.samples.size() == static_cast<std::size_t>(r.rows * 6));
    CHECK(inside(r.samples.data()));
  }
  CHECK(known == 16);
}

TEST_CASE("cuda::generation: the tables are on the device when it is made") {
  fake::reset();
  prepared p;
  using namespace ardent::cuda::detail;
  time_table const table(sampler);
  auto const trajectory =
      p.model.head().trajectory<ardent::random::philox, ardent::cuda::default_tuning>(sampler, images);
  generation_arrays const arrays(sampler, p.model.made.shape, trajectory, {images, 16, 6, 0}, table,
                                 p.workspace.data());
  CHECK(arrays.bytes == p.workspace.size());
  std::vector<float> const expected =
      embedded_times(table.distinct, p.model.made.time_in.view(), p.model.made.time_out.view(), 32);
  CHECK(std::memcmp(arrays.times, expected.data(), expected.size() * sizeof(float)) == 0);
  CHECK(std::memcmp(arrays.time_index, table.index.data(), table.index.size() * sizeof(int)) == 0);
  CHECK(fake::calls().back().name != "cudaMemcpyAsync");  // it has waited: the copies' source is gone
}

TEST_CASE("cuda::generation: sizes that do not fit are refused before anything is launched") {
  fake::reset();
  prepared p;
  auto const make = [&](int count, std::span<std::byte> workspace) {
    return refusal([&] { scene::generation const g(p.stream.get(), sampler, p.model, count, workspace); });
  };
  std::span<std::byte> const all(p.workspace.data(), p.workspace.size());
  CHECK(make(0, all) == "ardent::cuda::generation: expected at least 1 image, found 0");
  CHECK(make(images, all.first(all.size() - 1)).find("expected a workspace of") != std::string::npos);
  CHECK(make(images, all.subspan(64)).find("aligned to 256") != std::string::npos);
  CHECK(make(images, {}).find("null") != std::string::npos);
  CHECK(make(std::numeric_limits<int>::max() / 16, all).find("expected at most") != std::string::npos);
  p.model.length = 17;
  CHECK(make(images, all).find("expected a model of 16 tokens as the ordering has, found one of 17") !=
        std::string::npos);
  p.model.length = 16;
  float& number = p.model.made.time_out.weight[3];
  float const kept = number;
  number = std::numeric_limits<float>::infinity();
  CHECK(make(images, all) ==
        "ardent::cuda::generation: expected finite weights that the type can hold, found inf in time_out.weight, "
        "element 3");
  number = kept;

  auto* const tokens = reinterpret_cast<float*>(p.tokens.data());
  auto const run = [&](std::uint32_t first, std::span<float> out) {
    return refusal([&] { p.generation.run(p.stream.get(), philox, first, out); });
  };
  CHECK(run(0, std::span(tokens, elements - 1)).find("expected 288 elements, found 287") != std::string::npos);
  CHECK(run(0xfffffffe, std::span(tokens, elements)) ==
        "ardent::cuda::generation: expected image indices below 2^32, found 3 images from 4294967294 on");
  CHECK_NOTHROW(p.generation.run(p.stream.get(), philox, 0xfffffffd, std::span(tokens, elements)));
}

TEST_CASE("cuda::generation: a stream that was destroyed, and one of another device") {
  fake::reset({fake::device{}, fake::device{}});
  scene::model model;
  scene::bytes const workspace(bytes_for(model)), tokens(elements * sizeof(float));
  scene::check_bad_streams("copying a table to the device",
                           [&](cudaStream_t s) { scene::generation const g(s, sampler, model, images, workspace); });
  scene::stream const stream;
  scene::generation g(stream.get(), sampler, model, images, workspace);
  scene::check_bad_streams("launching the clearing of tokens",
                           [&](cudaStream_t s) { g.run(s, philox, 5, reinterpret_cast<float*>(tokens.data())); });
}

TEST_CASE("cuda::generation: whatever fails is thrown, and leaves nothing behind") {
  fake::reset();
  std::size_t launches = 0;
  {
    prepared p;
    p.run();
    launches = fake::launches().size();
    std::size_t const before = fake::live();
    for (std::size_t n = 1; n <= launches; ++n) {
      // which of the two ways a kernel is launched in does not matter: the n-th launch fails
      std::size_t const done = fake::launches().size();
      fake::call const which = fake::launches()[n - 1];
      int number = 0;
      for (std::size_t i = 0; i < n; ++i) number += fake::launches()[i].name == which.name ? 1 : 0;
      fake::fail(which.name, number, cudaErrorLaunchOutOfResources);
      try {
        p.run();
        FAIL("expected an error");
      } catch (ardent::cuda::error const& e) {
        CHECK(e.code() == cudaErrorLaunchOutOfResources);
      }
      CHECK(fake::launches().size() == done + n);
      CHECK(fake::live() == before);
      CHECK(cudaPeekAtLastError() == cudaSuccess);
    }
    CHECK_NOTHROW(p.run());
  }
  CHECK(fake::live() == 0);
  for (auto const& [name, number] : {std::pair{"cudaMemcpyAsync", 1},
                                     {"cudaMemcpyAsync", 2},
                                     {"cudaStreamSynchronize", 1},
                                     {"cudaFuncSetAttribute", 1}}) {
    fake::reset();
    scene::stream const stream;
    scene::model model;
    scene::bytes const workspace(bytes_for(model));
    std::size_t const before = fake::live();
    fake::fail(name, number, cudaErrorUnknown);
    CHECK_THROWS_AS(scene::generation(stream.get(), sampler, model, images, workspace), ardent::cuda::error);
    CHECK(fake::live() == before);
    CHECK(cudaPeekAtLastError() == cudaSuccess);
  }
}

TEST_CASE("cuda::generation: with dense weights, AR steps of many rows are drawn by products, also in a graph") {
  constexpr int many = 16;
  for (bool const has_dense : {true, false}) {
    CAPTURE(has_dense);
    fake::reset();
    fake::blaslt::reset();
    fake::blaslt::compute(false);
    scene::stream const stream;
    scene::model_with_products model;
    model.has_dense = has_dense;
    scene::bytes const workspace(ardent::cuda::workspace_bytes(sampler, model, many));
    scene::bytes const tokens(many * 16 * 6 * sizeof(float));
    ardent::cuda::generation generation(stream.get(), sampler, model, many, workspace);
    int const searches = fake::blaslt::searches();
    CHECK((searches > 0) == has_dense);
    std::size_t const before = fake::calls().size();
    REQUIRE(cudaStreamBeginCapture(stream.get(), cudaStreamCaptureModeGlobal) == cudaSuccess);
    generation.run(stream.get(), philox, 5, reinterpret_cast<float*>(tokens.data()));
    cudaGraph_t graph = nullptr;
    CHECK(cudaStreamEndCapture(stream.get(), &graph) == cudaSuccess);
    CHECK(fake::violations().empty());
    cudaGraphDestroy(graph);
    CHECK(fake::blaslt::searches() == searches);
    std::vector<bool> products, launched;  // for each AR step
    std::vector<fake::call> const calls = fake::calls();
    for (std::size_t i = before; i < calls.size(); ++i) {
      if (is(calls[i], "pick_kernel")) {
        products.push_back(false);
        launched.push_back(false);
      }
      if (calls[i].name == "cublasLtMatmul") products.back() = true;
      if (is(calls[i], "head_kernel")) launched.back() = true;
    }
    REQUIRE(products.size() == 4);
    for (int i = 0; i < 4; ++i) {
      bool const expected = has_dense && sampler.tokens(i) * many * 2 >= 128;
      CHECK(products[static_cast<std::size_t>(i)] == expected);
      CHECK(launched[static_cast<std::size_t>(i)] == !expected);
    }
    CHECK(products[0] == false);
    CHECK(products[3] == has_dense);
  }
  CHECK(fake::live() == 0);
  CHECK(fake::blaslt::live() == 0);
}

TEST_CASE("cuda::generation: products that fail are thrown, and leave nothing behind") {
  constexpr int many = 16;
  fake::reset();
  fake::blaslt::reset();
  fake::blaslt::compute(false);
  scene::stream const stream;
  scene::model_with_products model;
  scene::bytes const workspace(ardent::cuda::workspace_bytes(sampler, model, many));
  scene::bytes const tokens(many * 16 * 6 * sizeof(float));
  std::size_t const before = fake::live();
  using generation = ardent::cuda::generation<scene::mar_sampler, scene::model_with_products>;
  for (char const* name : {"cublasLtCreate", "cublasLtMatmulDescCreate", "cublasLtMatmulAlgoGetHeuristic"}) {
    fake::blaslt::fail(name, 1, CUBLAS_STATUS_NOT_SUPPORTED);
    CHECK_THROWS_AS(generation(stream.get(), sampler, model, many, workspace), ardent::cuda::blaslt_error);
    CHECK(fake::live() == before);
    CHECK(fake::blaslt::live() == 0);
  }
  generation g(stream.get(), sampler, model, many, workspace);
  int const alive = fake::blaslt::live();
  auto const run = [&] { g.run(stream.get(), philox, 5, reinterpret_cast<float*>(tokens.data())); };
  for (int const number : {1, 2, 9}) {
    fake::blaslt::fail("cublasLtMatmul", number, CUBLAS_STATUS_EXECUTION_FAILED);
    CHECK_THROWS_AS(run(), ardent::cuda::blaslt_error);
    CHECK(fake::live() == before);
    CHECK(fake::blaslt::live() == alive);
  }
  CHECK_NOTHROW(run());
}
