// SPDX-License-Identifier: Apache-2.0
//
// mar --device cuda on the fake CUDA runtime: which AR steps its head draws by matrix products, and that weights for
// them are on the device only if some are.
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

mar::request request_of(int images, int batch) {
  mar::request what;
  what.how.steps = {3, 2};  // 15 tokens, then 34
  what.how.solver = mar::learned_ddpm();
  what.how.guidance = mar::make_guidance("linear", 2.0);
  what.labels.assign(static_cast<std::size_t>(images), 1);
  what.batch = batch;
  return what;
}

/// What a drawing asked the runtime for.
struct asked {
  int single = 0;            ///< trajectories of AR steps in one launch
  int between_products = 0;  ///< launches of what a head does between products
  std::size_t copies = 0;    ///< of weights and counters
};

asked draw(mar::checkpoint const& trained, mar::request const& what, bool bfloat16) {
  fake::reset();
  fake::blaslt::reset();
  fake::blaslt::compute(false);
  CHECK_NOTHROW(static_cast<void>(mar::gpu::draw(trained, what, {.head = bfloat16})));
  CHECK(fake::live() == 0);
  CHECK(fake::blaslt::live() == 0);
  CHECK(fake::violations().empty());
  asked found;
  for (fake::call const& c : fake::launches()) {
    found.single += c.kernel.find("11head_kernel") != std::string::npos ? 1 : 0;
    found.between_products += c.kernel.find("12dense_kernel") != std::string::npos ? 1 : 0;
  }
  found.copies = fake::calls("cudaMemcpy").size();
  return found;
}

}  // namespace

TEST_CASE("mar on a GPU: AR steps of 128 rows and more are drawn by products, in batches that have such") {
  mar::checkpoint const trained(mar::model_files::shipped());
  int const depth = trained.head_tensors().shape().depth();
  for (bool const bfloat16 : {false, true}) {
    CAPTURE(bfloat16);
    // 30 and 68 rows with guidance
    asked const one = draw(trained, request_of(1, 1), bfloat16);
    CHECK(one.single == 2);
    CHECK(one.between_products == 0);
    // 90 and 204: the second by products, of which each evaluation has an embedding, a norm a block and one at the end,
    // and an activation a block between them, after a copy of the conditions
    asked const three = draw(trained, request_of(3, 3), bfloat16);
    CHECK(three.single == 1);
    CHECK(three.between_products == 1 + 2 * (2 * depth + 2));
    CHECK(three.copies == one.copies + 1);
    // 300 and 680; then a batch of one image
    asked const eleven = draw(trained, request_of(11, 10), bfloat16);
    CHECK(eleven.single == 2);
    CHECK(eleven.between_products == 1 + 3 * (2 * depth + 2) + three.between_products);
    CHECK(eleven.copies == three.copies);
  }
}

TEST_CASE("mar on a GPU: products that the library does not have are a device's error") {
  mar::checkpoint const trained(mar::model_files::shipped());
  fake::reset();
  fake::blaslt::reset();
  fake::blaslt::compute(false);
  fake::blaslt::fail("cublasLtCreate", 2, CUBLAS_STATUS_NOT_INITIALIZED);  // the first is the transformer's
  CHECK_THROWS_WITH_AS(static_cast<void>(mar::gpu::draw(trained, request_of(3, 3), {})),
                       doctest::Contains("starting cuBLASLt failed"), examples::device_error);
  CHECK(fake::live() == 0);
  CHECK(fake::blaslt::live() == 0);
}
