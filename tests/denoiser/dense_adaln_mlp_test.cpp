// SPDX-License-Identifier: Apache-2.0
//
// The head for large batches: what it does between matrix products, on warps of real threads, with products in double
// in the place of a library's, against the scalar reference.
#include <doctest/doctest.h>
#include <ardent/denoiser/dense_adaln_mlp.hpp>
#include <ardent/executor/checked.hpp>

#include <cmath>
#include <string>
#include <type_traits>
#include <vector>

#include "denoiser/evaluate_head.hpp"

namespace {

using ardent::bfloat16;
using ardent::checked_order;
using ardent::float16;
using ardent::executor::checked;

/// Bodies on the checked machine; products in plain loops.
struct checked_backend {
  checked const& executor;
  int blocks;
  int products = 0;

  template <class Storage, class Output>
  void product(ardent::dense_matrix<Storage, Output> const& m, Storage const* x, int rows, Output* y) {
    ++products;
    for (int r = 0; r < rows; ++r)
      for (int o = 0; o < m.outputs; ++o) {
        double sum = static_cast<double>(ardent::to_float(m.bias[o]));
        for (int k = 0; k < m.inputs; ++k)
          sum += static_cast<double>(ardent::to_float(m.weight[o * m.inputs + k])) *
                 static_cast<double>(ardent::to_float(x[r * m.inputs + k]));
        if constexpr (std::is_same_v<Output, float>)
          y[r * m.outputs + o] = static_cast<float>(sum);
        else
          ardent::store_weight(static_cast<float>(sum), y[r * m.outputs + o]);
      }
  }
  template <class Body>
  void run(Body const& body, int rows) const {
    executor.run_tiles(blocks, [&](auto& block, auto&, int k, int) { body(block, ardent::share_of(rows, k, blocks)); });
  }
};

/// [branches * tokens][outputs] by the library.
template <class Storage, class Between>
std::vector<float> evaluate(test::made_head const& weights, test::head_input const& in, checked_backend backend) {
  auto const& shape = weights.shape;
  int const rows = in.branches * in.tokens;
  test::aligned_bytes memory(ardent::dense_bytes<Storage, Between>(shape));
  ardent::pack_dense_adaln<Storage, Between>(shape, weights.views(), memory.data());
  ardent::dense_adaln_mlp<Storage, ardent::adaln_shape<>, Between> const head(shape, memory.data(), rows + 3);
  auto const packed = weights.packed<float>(shape);
  ardent::denoiser::adaln_mlp<float> const host(shape, packed.data());
  float const times[] = {3.0f, in.timestep};
  test::aligned_bytes table(2 * static_cast<std::size_t>(shape.width()) * 4), scratch(host.time_scratch(2) * 4);
  test::one_level<ardent::simd_level::baseline>{}.run_tiles(
      1, [&](auto& block, auto&, int, int) { host.prepare_times(block, times, 2, table.floats(), scratch.floats()); });

  std::vector<float> z;  // the tile's rows of each branch
  int const z_width = shape.condition_width();
  for (int b = 0; b < in.branches; ++b) {
    float const* const from = in.z.data() + (b * in.total + 1) * z_width;
    z.insert(z.end(), from, from + in.tokens * z_width);
  }
  test::aligned_bytes workspace(head.workspace_bytes());
  std::vector<float> output(static_cast<std::size_t>(rows * shape.outputs()), std::nanf(""));
  int const index = 1;
  head.begin(backend, z.data(), rows, workspace.data());
  head.evaluate(backend, table.floats(), &index, in.x.data(), in.tokens, in.branches, output.data(), workspace.data());
  CHECK(backend.products == 3 * shape.depth() + 4);
  return output;
}

template <class Storage, class Between = float>
double difference(test::made_head const& weights, test::head_input const& in, checked const& executor, int blocks) {
  test::reference_head const reference(weights);
  return test::largest_difference(evaluate<Storage, Between>(weights, in, {executor, blocks}),
                                  test::expected_output(reference, weights.shape.condition_width(), in));
}

TEST_CASE("the dense head equals the reference") {
  for (int const width : {24, 136})
    for (int const depth : {1, 3}) {
      test::made_head const weights({3, 6, width, depth, 7});
      for (int const tokens : {1, 5}) {
        CAPTURE(width);
        CAPTURE(depth);
        CAPTURE(tokens);
        test::head_input const in(weights.shape, tokens, 2, 321);
        CHECK(difference<float>(weights, in, checked(1, 64), 3) < 1e-5);
        CHECK(difference<float>(weights, in, checked(1, 32, checked_order::descending), 1) < 1e-5);
        CHECK(difference<float16>(weights, in, checked(1, 32), 2) < 5e-3);
        CHECK(difference<bfloat16>(weights, in, checked(1, 96), 2) < 4e-2);
        CHECK(difference<float16, float16>(weights, in, checked(1, 32), 2) < 1e-2);
        CHECK(difference<bfloat16, bfloat16>(weights, in, checked(1, 96), 2) < 8e-2);
      }
    }
}

TEST_CASE("the dense head: a row does not depend on the rows beside it, nor on who computes it") {
  test::made_head const weights({3, 3, 40, 2, 5});
  test::head_input const in(weights.shape, 6, 1, 500);
  auto const all = evaluate<bfloat16, float>(weights, in, {checked(1, 32), 1});
  CHECK(evaluate<bfloat16, float>(weights, in, {checked(1, 96), 4}) == all);
  test::head_input one(weights.shape, 1, 1, 500);
  one.x.assign(in.x.begin() + 9, in.x.begin() + 12);
  one.z.assign(in.z.begin() + 15, in.z.begin() + 30);
  CHECK(evaluate<bfloat16, float>(weights, one, {checked(1, 32), 1}) ==
        std::vector<float>(all.begin() + 9, all.begin() + 12));
}

TEST_CASE("the dense head refuses what it cannot pack") {
  CHECK_THROWS_WITH_AS(ardent::dense_bytes<float>(ardent::adaln_shape<>(3, 3, 20, 1, 5)),
                       "ardent::dense_adaln_layout: expected a width that is a multiple of 8, found 20",
                       std::invalid_argument);
  test::made_head weights({3, 3, 24, 1, 5});
  test::aligned_bytes memory(ardent::dense_bytes<float16>(weights.shape));
  weights.final_modulation.weight[3] = 1e6f;
  CHECK_THROWS_WITH_AS(ardent::pack_dense_adaln<float16>(weights.shape, weights.views(), memory.data()),
                       doctest::Contains("finite weights that the type can hold, found 1000000"),
                       std::invalid_argument);
  weights.final_modulation.weight[3] = 0;
  weights.output.weight[3] = 1e6f;  // is kept in float
  CHECK_NOTHROW(ardent::pack_dense_adaln<float16>(weights.shape, weights.views(), memory.data()));
  weights.output.weight[3] = std::nanf("");
  CHECK_THROWS_AS(ardent::pack_dense_adaln<float16>(weights.shape, weights.views(), memory.data()),
                  std::invalid_argument);
}

}  // namespace
