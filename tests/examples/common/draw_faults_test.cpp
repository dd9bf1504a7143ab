// SPDX-License-Identifier: Apache-2.0
//
// Memory that runs out while MAR, FlowAR, xAR and Harmon draw: each allocation of a batch fails in turn, alone or with
// all that follow. The networks were read beforehand (load_faults_test.cpp); the batch's own memory, threads, tables
// and workspace are all made anew.
#include <doctest/doctest.h>

#include <ardent/ardent.hpp>

#include <cstddef>
#include <string>
#include <vector>

#include "common/files/json.hpp"
#include "common/files/safetensors.hpp"
#include "common/network/adaln_head.hpp"
#include "flowar/model.hpp"
#include "generate/every_allocation.hpp"
#include "harmon/model.hpp"
#include "mar/model.hpp"
#include "support/environment.hpp"
#include "xar/model.hpp"

namespace {

using namespace examples;
using floats = std::vector<float>;

/// The two files of a recorded system.
struct files {
  explicit files(std::string const& name)
      : json(name + ".json"),
        document(read_json(test::data(json))),
        tensors(safetensors::read(test::data(name + ".safetensors"))) {}
  std::string json;
  nlohmann::json document;
  safetensors tensors;
};

constexpr int threads = 2, images = 2;
ardent::random::philox const random_numbers(3);

}  // namespace

TEST_CASE("mar: every allocation of a drawing fails in turn") {
  files const from("mar_tiny");
  mar::backbone const network(mar::config::from_json(from.document, from.json), from.tensors);
  adaln_head<float> const head(adaln_tensors(from.tensors, "diffloss.net."));
  mar::config const& sizes = network.sizes();
  test::check_every_allocation(
      static_cast<std::size_t>(images * sizes.seq_len() * sizes.token_channels()),
      [&](floats& tokens) {
        auto const sampler =
            ardent::make_sampler(ardent::ordering::masked{sizes.seq_len(), 2}, ardent::annealing::linear{2, 2},
                                 ardent::solver::ddpm<>{}, ardent::guidance::linear{3.0});
        ardent::executor::host const executor(threads);
        mar::model<float> model(network, head, {7, mar::no_label}, threads);
        ardent::generate(sampler, model, executor, random_numbers, {images}, tokens);
      },
      false);
}

TEST_CASE("flowar: every allocation of a drawing fails in turn") {
  files const from("flowar_tiny");
  flowar::network const network(flowar::config::from_json(from.document, from.json), from.tensors);
  test::check_every_allocation(
      images * 21 * 16,
      [&](floats& tokens) {
        auto const sampler = ardent::make_sampler(
            ardent::ordering::next_scale(std::vector<int>{1, 2, 4}), ardent::annealing::flowar(2, 2),
            ardent::process::flow_linear{}, ardent::grid::flowar{}, ardent::solver::flow_euler{},
            ardent::guidance::linear_by_step{2.5}, ardent::predicts<ardent::prediction::velocity>{},
            ardent::state<double>{});
        ardent::executor::host const executor(threads);
        flowar::model model(network, {17, 5}, 2, threads, executor.level());
        ardent::generate_batched(sampler, model, executor, random_numbers, {images}, tokens);
      },
      false);
}

TEST_CASE("xar: every allocation of a drawing fails in turn") {
  files const from("xar_tiny");
  xar::network const network(xar::config::from_json(from.document, from.json), from.tensors);
  test::check_every_allocation(
      images * 256 * 16,
      [&](floats& tokens) {
        ardent::executor::host const executor(threads);
        xar::model model(network, {17, 5}, threads);
        auto const sampler = ardent::make_sampler(
            model.ordering(), ardent::annealing::xar{2, 1}, ardent::process::flow_linear{}, ardent::grid::xar<>{},
            ardent::solver::flow_euler_maruyama{}, ardent::guidance::linear_by_step{2.5},
            ardent::predicts<ardent::prediction::velocity>{}, ardent::state<double>{});
        ardent::generate_batched(sampler, model, executor, random_numbers, {images}, tokens);
      },
      false);
}

TEST_CASE("harmon: every allocation of a drawing fails in turn") {
  files const from("harmon_small");
  harmon::config const sizes = harmon::config::from_json(from.document, from.json);
  harmon::weights const weights = harmon::weights::load(sizes, from.tensors, std::vector<std::string>{"case_"});
  harmon::backbone<float> const network(sizes, weights);
  adaln_head<float> const head(harmon::head_tensors(sizes, from.tensors));
  test::check_every_allocation(
      static_cast<std::size_t>(images * 15 * sizes.mar.token_channels()),
      [&](floats& tokens) {
        auto const sampler = ardent::make_sampler(ardent::ordering::masked{15, 2}, ardent::annealing::linear{3, 2},
                                                  ardent::solver::ddpm<>{}, ardent::guidance::constant{3.0});
        harmon::positions const places(sizes, weights, {3, 5});
        ardent::executor::host const executor(threads);
        harmon::model<float, float> model(network, places, head, {{1, 2, 3}, {4}}, {{9, 9}, {9, 9}}, executor);
        ardent::generate(sampler, model, executor, random_numbers, {images}, tokens);
      },
      false);
}
