// SPDX-License-Identifier: Apache-2.0
//
// mar --device cuda on the fake CUDA runtime, which runs no kernel: a whole drawing of the shipped model asks for
// memory, events and copies; wherever one of these fails, it is said, and nothing is left behind.
#include <doctest/doctest.h>

#include <cstddef>
#include <string>
#include <vector>

#include "common/error.hpp"
#include "cuda/fake_blaslt.hpp"
#include "cuda/fake_runtime.hpp"
#include "mar/checkpoint.hpp"
#include "mar/gpu/draw.hpp"

namespace {

namespace mar = examples::mar;

void reset() {
  fake::reset();
  fake::blaslt::reset();
  fake::blaslt::compute(false);
}

mar::request request_of(mar::checkpoint const& trained) {
  mar::request what;
  what.how.steps = {3, 2};
  what.how.solver = mar::learned_ddpm();
  what.how.guidance = mar::make_guidance("linear", 2.0);
  what.labels = {0, 1, 2};
  what.batch = 2;  // two batches, of different sizes
  what.watch = [&trained](int ar_step, int tokens, int) {
    CHECK(ar_step < 2);
    CHECK(tokens <= 2 * trained.sizes().seq_len());
  };
  return what;
}

}  // namespace

TEST_CASE("mar on a GPU: a drawing of which any call fails leaves nothing alive") {
  mar::checkpoint const trained(mar::model_files::shipped());
  mar::request const what = request_of(trained);
  auto const draw = [&] { return mar::gpu::draw(trained, what, {}); };
  reset();
  mar::drawing const drawn = draw();
  CHECK(drawn.tokens.size() ==
        3 * static_cast<std::size_t>(trained.sizes().seq_len() * trained.sizes().token_channels()));
  CHECK(drawn.nonfinite == 0);
  CHECK(fake::live() == 0);
  CHECK(fake::blaslt::live() == 0);
  CHECK(fake::violations().empty());

  struct failing {
    char const* name;
    std::size_t calls;  // of a whole drawing
  };
  std::vector<failing> all;
  for (char const* const name :
       {"cudaMalloc", "cudaEventCreate", "cudaMemcpy", "cudaMemcpyAsync", "cudaStreamCreateWithFlags",
        "cudaStreamSynchronize", "cudaDeviceSynchronize", "cudaEventRecord", "cudaEventSynchronize",
        "cudaEventElapsedTime", "cudaFuncSetAttribute", "cudaMemsetAsync"}) {
    all.push_back({name, fake::calls(name).size()});
    CAPTURE(name);
    CHECK(all.back().calls > 0);
  }
  for (auto const& [name, calls] : all)
    for (std::size_t number = 1; number <= calls; ++number) {
      CAPTURE(name);
      CAPTURE(number);
      reset();
      fake::fail(name, static_cast<int>(number), cudaErrorMemoryAllocation);
      std::string said;
      try {
        static_cast<void>(draw());
      } catch (examples::device_error const& e) {
        said = e.what();
      }
      CHECK(said.ends_with("Free device memory, or draw fewer images at once."));
      CHECK(fake::live() == 0);
      CHECK(fake::blaslt::live() == 0);
      CHECK(cudaPeekAtLastError() == cudaSuccess);
    }
}
