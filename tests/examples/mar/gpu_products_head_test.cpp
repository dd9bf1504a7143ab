// SPDX-License-Identifier: Apache-2.0
//
// The shipped model's head as a GPU computes it by matrix products, with products in plain loops in the place of a
// library's, against the host's: the tokens of an AR step from the same conditions and noise.
#include <doctest/doctest.h>
#include <ardent/annealing/constant.hpp>
#include <ardent/denoiser/dense_adaln_mlp.hpp>
#include <ardent/executor/checked.hpp>
#include <ardent/generate.hpp>
#include <ardent/generate_batched.hpp>
#include <ardent/guidance/linear.hpp>
#include <ardent/ordering/raster.hpp>
#include <ardent/random/philox.hpp>
#include <ardent/sampler.hpp>
#include <ardent/solver/ddpm.hpp>

#include <cmath>
#include <cstddef>
#include <type_traits>
#include <vector>

#include "common/network/host_executor.hpp"
#include "mar/checkpoint.hpp"
#include "mar/model.hpp"
#include "support/made_head.hpp"
#include "support/one_level.hpp"

namespace {

namespace mar = examples::mar;

constexpr int images = 1, steps = 8;

/// Bodies on the checked machine, products in plain loops.
struct plain_backend {
  template <class Storage, class Output>
  void product(ardent::dense_matrix<Storage, Output> const& m, Storage const* x, int rows, Output* y) const {
    auto const inputs = static_cast<std::size_t>(m.inputs), outputs = static_cast<std::size_t>(m.outputs);
    std::vector<double> weight(inputs * outputs);
    for (std::size_t o = 0; o < outputs; ++o)
      for (std::size_t k = 0; k < inputs; ++k)
        weight[k * outputs + o] = double{ardent::to_float(m.weight[o * inputs + k])};
    std::vector<double> sums(outputs);
    for (int r = 0; r < rows; ++r, x += inputs, y += outputs) {
      for (std::size_t o = 0; o < outputs; ++o) sums[o] = double{ardent::to_float(m.bias[o])};
      for (std::size_t k = 0; k < inputs; ++k) {
        double const factor = double{ardent::to_float(x[k])};
        for (std::size_t o = 0; o < outputs; ++o) sums[o] += factor * weight[k * outputs + o];
      }
      for (std::size_t o = 0; o < outputs; ++o) {
        if constexpr (std::is_same_v<Output, float>)
          y[o] = static_cast<float>(sums[o]);
        else
          ardent::store_weight(static_cast<float>(sums[o]), y[o]);
      }
    }
  }
  template <class Body>
  void run(Body const& body, int rows) const {
    ardent::executor::checked(1, 32).run_tiles(
        1, [&](auto& block, auto&, int, int) { body(block, ardent::share_of(rows, 0, 1)); });
  }
};

/// The time embeddings of a trajectory's evaluations.
test::aligned_bytes embedded(ardent::adaln_shape<> const& shape, ardent::adaln_weights const& weights,
                             std::vector<float> const& times) {
  auto const packed = test::made_head(shape, weights).packed<float>(shape);
  ardent::denoiser::adaln_mlp<float> const head(shape, packed.data());
  int const count = static_cast<int>(times.size());
  test::aligned_bytes table(times.size() * static_cast<std::size_t>(shape.width()) * sizeof(float));
  test::aligned_bytes scratch(head.time_scratch(count) * sizeof(float));
  test::one_level<ardent::simd_level::baseline>{}.run_tiles(1, [&](auto& block, auto&, int, int) {
    head.prepare_times(block, times.data(), count, table.floats(), scratch.floats());
  });
  return table;
}

/// The shipped model with its head by products. Models ardent::batched_ar_model.
template <class Storage, class Between>
class products_model {
 public:
  products_model(mar::model<Storage>& inner, ardent::adaln_shape<> const& shape, ardent::adaln_weights const& weights,
                 std::vector<float> const& times)
      : inner_(inner),
        shape_(shape),
        weights_(ardent::dense_bytes<Storage, Between>(shape)),
        head_(shape, weights_.data(), 2 * images * inner.sequence_length()),
        times_(embedded(shape, weights, times)),
        workspace_(head_.workspace_bytes()),
        z_(static_cast<std::size_t>(2 * images * inner.sequence_length() * shape.condition_width())) {
    ardent::pack_dense_adaln<Storage, Between>(shape, weights, weights_.data());
  }
  int sequence_length() const { return inner_.sequence_length(); }
  ardent::network_shape<float, float> network() const { return {shape_.channels(), shape_.outputs(), 1}; }
  template <class Executor>
  void condition(Executor const& executor, ardent::ar_step_view const& view) {
    inner_.condition(executor, view, z_.data());
    head_.begin(backend_, z_.data(), view.branches * view.images * view.tokens_per_image, workspace_.data());
  }
  template <class Executor>
  void evaluate(Executor const&, ardent::ar_step_view const& view, ardent::time_point const& time, float const* x,
                float* output) {
    head_.evaluate(backend_, times_.floats(), &time.step, x, view.images * view.tokens_per_image, view.branches, output,
                   workspace_.data());
  }

 private:
  mar::model<Storage>& inner_;
  ardent::adaln_shape<> shape_;
  test::aligned_bytes weights_;
  ardent::dense_adaln_mlp<Storage, ardent::adaln_shape<>, Between> head_;
  test::aligned_bytes times_, workspace_;
  std::vector<float> z_;
  plain_backend backend_;
};

template <class Storage, class Between = float>
double largest_difference() {
  mar::checkpoint const trained(mar::model_files::shipped());
  auto const head = trained.head<Storage>();
  auto const tensors = trained.head_tensors();
  mar::model<Storage> model(trained.network(), head, {3}, 1);
  examples::host_executor const executor(1);
  auto const sampler =
      ardent::make_sampler(ardent::ordering::raster{model.sequence_length(), 1}, ardent::annealing::constant{steps},
                           ardent::guidance::linear{2.0}, ardent::solver::ddpm<>{});
  std::vector<float> times;
  for (auto const& row : sampler.rows(0)) times.push_back(static_cast<float>(row.timestep));
  products_model<Storage, Between> by_products(model, tensors.shape(), tensors.weights(), times);

  std::vector<float> expected(static_cast<std::size_t>(images * model.sequence_length() * tensors.shape().channels()));
  std::vector<float> found(expected.size());
  ardent::random::philox const random(4);
  ardent::generate(sampler, model, executor, random, {images, 0}, expected);
  ardent::generate_batched(sampler, by_products, executor, random, {images, 0}, found);
  double largest = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    double const difference = std::fabs(double{found[i]} - double{expected[i]});
    largest = difference <= largest ? largest : difference;  // a NaN stays
  }
  return largest;
}

}  // namespace

TEST_CASE("the shipped head by products: tokens are the host's within 1e-4 in float32 and 2e-2 in bfloat16") {
  CHECK(largest_difference<float>() < 1e-4);
  CHECK(largest_difference<ardent::bfloat16>() < 2e-2);
  // what products give is rounded too
  double const rounded = largest_difference<ardent::bfloat16, ardent::bfloat16>();
  CHECK(rounded < 0.1);
  CHECK(rounded > 1e-3);
}
