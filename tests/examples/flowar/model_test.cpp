// SPDX-License-Identifier: Apache-2.0
//
// A batch of FlowAR's images: each is what it is alone, on any number of threads and at every level of instructions;
// nothing is allocated on the way, and what does not fit is refused.
#include "flowar/model.hpp"

#include <ardent/ardent.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "common/error.hpp"
#include "common/files/json.hpp"
#include "generate/counted_new.hpp"
#include "support/environment.hpp"
#include "support/made_numbers.hpp"

namespace {

using namespace examples;

flowar::network load(char const* name) {
  std::string const stem(name);
  return {flowar::config::from_json(read_json(test::data(stem + ".json")), stem),
          safetensors::map(test::data(stem + ".safetensors"))};
}

using scales = ardent::ordering::next_scale<1, 2, 4>;
template <class Guidance>
using sampler_of = ardent::sampler<scales, ardent::annealing::flowar<4, 2>, ardent::process::flow_linear,
                                   ardent::grid::flowar, ardent::solver::flow_euler, Guidance,
                                   ardent::predicts<ardent::prediction::velocity>, ardent::state<double>>;
constexpr sampler_of<ardent::guidance::linear_by_step<2.5>> guided;
constexpr sampler_of<ardent::guidance::none> unguided;

template <class Sampler>
std::vector<float> draw(Sampler const& sampler, flowar::network const& network, std::vector<int> const& labels,
                        ardent::executor::host const& executor, std::uint32_t first = 0) {
  flowar::model model(network, labels, Sampler::branches, executor.threads(), executor.level());
  std::vector<float> tokens(labels.size() * 21 * 16);
  ardent::generate_batched(sampler, model, executor, ardent::random::philox(3),
                           {static_cast<int>(labels.size()), first}, tokens);
  return tokens;
}

std::vector<float> image(std::vector<float> const& tokens, int i) {
  return {tokens.begin() + i * 21 * 16, tokens.begin() + (i + 1) * 21 * 16};
}

}  // namespace

TEST_CASE("flowar: an image does not depend on its batch, nor on threads") {
  for (char const* name : {"flowar_tiny", "flowar_tiny_cross"}) {
    INFO(name);
    flowar::network const network = load(name);
    std::vector<int> const labels{17, 933, 5};
    for (auto const level : {ardent::simd_level::baseline, ardent::host_level()}) {
      ardent::executor::host const one(1, level), several(3, level);
      std::vector<float> const batch = draw(guided, network, labels, several);
      CHECK(draw(guided, network, labels, one) == batch);
      CHECK(draw(guided, network, {933}, one, 1) == image(batch, 1));
      std::vector<float> const plain = draw(unguided, network, labels, several);
      CHECK(draw(unguided, network, {5}, one, 2) == image(plain, 2));
      CHECK(plain != batch);
    }
  }
}

TEST_CASE("flowar: a model draws batch after batch, and allocates nothing") {
  flowar::network const network = load("flowar_tiny_cross");
  ardent::executor::host const executor(2);
  flowar::model model(network, {1, 2}, 2, executor.threads());
  test::aligned_bytes workspace(ardent::batched_workspace_bytes(guided, model, executor, 2));
  ardent::batched_generation generation(guided, model, executor, 2, {workspace.data(), workspace.size()});
  std::vector<float> first(2 * 21 * 16), again(first.size());
  long const before = test::allocations();
  generation.run(ardent::random::philox(1), 0, first);
  CHECK(test::allocations() == before);
  generation.run(ardent::random::philox(1), 0, again);
  CHECK(first == again);
}

TEST_CASE("flowar: what does not fit is refused") {
  flowar::network const network = load("flowar_tiny");
  ardent::executor::host const executor(1);
  CHECK_THROWS_AS(flowar::model(network, {1001}, 1, 1), std::invalid_argument);
  CHECK_THROWS_AS(flowar::model(network, {-1}, 1, 1), std::invalid_argument);
  CHECK_THROWS_AS(flowar::model(network, {0}, 3, 1), std::invalid_argument);
  std::vector<float> tokens(2 * 21 * 16);
  flowar::model single(network, {1, 2}, 1, 1);
  // made for one branch
  CHECK_THROWS_AS(ardent::generate_batched(guided, single, executor, ardent::random::philox(1), {2}, tokens),
                  std::invalid_argument);
  // another batch
  CHECK_THROWS_AS(ardent::generate_batched(unguided, single, executor, ardent::random::philox(1), {1},
                                           std::span(tokens).first(21 * 16)),
                  std::invalid_argument);
  // another ordering of as many tokens
  auto const raster =
      ardent::make_sampler(ardent::ordering::raster(21, 3), ardent::process::flow_linear{}, ardent::grid::flowar{},
                           ardent::solver::flow_euler{}, ardent::predicts<ardent::prediction::velocity>{});
  CHECK_THROWS_AS(ardent::generate_batched(raster, single, executor, ardent::random::philox(1), {2}, tokens),
                  std::invalid_argument);
}

TEST_CASE("flowar: the class table has as many rows as the document says, 1001 if nothing") {
  nlohmann::json document = read_json(test::data("flowar_tiny.json"));
  document.erase("derived");
  flowar::config sizes = flowar::config::from_json(document, "m.json");
  CHECK(sizes.class_embedding_rows == 1001);
  CHECK(sizes.uncond_label == 1000);
  document["derived"] = {{"class_embedding_rows", 11}};
  sizes = flowar::config::from_json(document, "m.json");
  CHECK(sizes.class_embedding_rows == 11);
  CHECK(sizes.uncond_label == 10);
  // the weights have 1001
  CHECK_THROWS_WITH_AS(flowar::network(sizes, safetensors::map(test::data("flowar_tiny.safetensors"))),
                       doctest::Contains("class_emb.weight"), input_error);
  document["derived"]["uncond_label"] = 3;
  CHECK(flowar::config::from_json(document, "m.json").uncond_label == 3);
  document["derived"]["uncond_label"] = 11;
  CHECK_THROWS_WITH_AS(static_cast<void>(flowar::config::from_json(document, "m.json")),
                       doctest::Contains("uncond_label"), input_error);
  document["derived"] = {{"class_embedding_rows", 0}};
  CHECK_THROWS_WITH_AS(static_cast<void>(flowar::config::from_json(document, "m.json")),
                       doctest::Contains("class_embedding_rows"), input_error);
}
