// SPDX-License-Identifier: Apache-2.0
//
// xAR's network against one written down plainly, with cells of an odd shape, and what the model promises of batches.
#include <doctest/doctest.h>

#include <ardent/ardent.hpp>

#include <cmath>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <vector>

#include "../common/bad_input.hpp"
#include "common/files/safetensors.hpp"
#include "naive_network.hpp"
#include "support/environment.hpp"
#include "xar/model.hpp"

namespace {

using examples::xar::config;
using nlohmann::json;

// 6 x 6 tokens of 3 channels in 3 x 2 cells of 2 x 3; widths 24 and 16 with 3 and 2 heads; 7 classes.
json document() {
  json made;
  made["constructor"] = {{"img_size", 48},          {"vae_stride", 8},    {"patch_size", 1},
                         {"encoder_embed_dim", 24}, {"encoder_depth", 2}, {"encoder_num_heads", 3},
                         {"decoder_embed_dim", 16}, {"decoder_depth", 3}, {"decoder_num_heads", 2},
                         {"mlp_ratio", 4.0},        {"vae_embed_dim", 3}, {"clusters", 6}};
  made["derived"] = {{"cell_grid", json::array({3, 2})},
                     {"cell_size", json::array({2, 3})},
                     {"class_embedding_rows", 7},
                     {"uncond_label", 6}};
  return made;
}

struct scene {
  config sizes = config::from_json(document(), "xar.json");
  naive_xar::network reference{sizes, 21, 5};

  examples::xar::network load(std::string const& left_out = "", std::string const& added = "") const {
    test::temporary_folder const folder;
    examples::safetensors_writer writer;
    for (auto const& [name, tensor] : reference.weights) {
      if (name != left_out) writer.add(name, tensor.shape, std::span<float const>(tensor.values));
      if (!added.empty() && name == "pred.bias") writer.add(added, tensor.shape, std::span<float const>(tensor.values));
    }
    writer.write(folder / "xar.safetensors");
    return {sizes, examples::safetensors::read(folder / "xar.safetensors")};
  }
};

auto sampler_of(examples::xar::model const& model) {
  using namespace ardent;
  return make_sampler(model.ordering(), annealing::xar{4, 2}, process::flow_linear{}, grid::xar<>{},
                      solver::flow_euler_maruyama{}, guidance::linear_by_step{2.5}, predicts<prediction::velocity>{},
                      state<double>{});
}

std::vector<float> draw(examples::xar::network const& network, std::vector<int> const& labels, std::uint32_t first,
                        int threads) {
  ardent::executor::host const executor(threads);
  examples::xar::model model(network, labels, executor.threads());
  std::vector<float> tokens(labels.size() * static_cast<std::size_t>(network.sizes().seq_len() * 3));
  ardent::generate_batched(sampler_of(model), model, executor, ardent::random::philox(3),
                           {static_cast<int>(labels.size()), first}, tokens);
  return tokens;
}

void check_refused(char const* pointer, json const& value, std::string const& part) {
  json changed = document();
  changed[json::json_pointer(pointer)] = value;
  std::string const message =
      bad_input::complaint("xar.json", [&] { static_cast<void>(config::from_json(changed, "xar.json")); });
  CHECK(bad_input::has(message, part));
}

}  // namespace

TEST_CASE("xar: each cell's velocity is that of the plain network") {
  scene const made;
  examples::xar::network const network = made.load();
  examples::xar::network::cache kept(network);
  examples::xar::network::scratch work(network);
  test::made_numbers numbers(9);
  int const count = made.sizes.cell_tokens() * 3;
  std::vector<std::vector<float>> cells;
  for (int cell = 0; cell < made.sizes.cells(); ++cell) {
    for (int const timestep : {1000, 904, 40}) {
      INFO("cell " << cell << ", timestep " << timestep);
      std::vector<float> const noisy = numbers.normals(count);
      std::vector<float> found(noisy.size());
      network.velocity(4, timestep, noisy.data(), kept, found.data(), work);
      cells.push_back(noisy);
      std::vector<double> const expected = made.reference.velocity(4, timestep, cells);
      cells.pop_back();
      double largest = 0;
      for (std::size_t i = 0; i < found.size(); ++i)
        largest = std::max(largest, std::fabs(static_cast<double>(found[i]) - expected[i]));
      CHECK(largest < 1e-4);
    }
    cells.push_back(numbers.normals(count));
    if (cell + 1 < made.sizes.cells()) network.enter(4, cells.back().data(), kept, work);
  }
  CHECK_THROWS_AS(network.enter(4, cells.back().data(), kept, work), std::invalid_argument);
}

TEST_CASE("xar: an image does not depend on its batch, nor on the threads") {
  scene const made;
  examples::xar::network const network = made.load();
  std::vector<float> const all = draw(network, {2, 5, 0}, 10, 2);
  CHECK(all == draw(network, {2, 5, 0}, 10, 1));
  std::vector<float> const second = draw(network, {5}, 11, 2);
  auto const size = static_cast<std::ptrdiff_t>(second.size());
  CHECK(second == std::vector<float>(all.begin() + size, all.begin() + 2 * size));
  CHECK(second != draw(network, {4}, 11, 2));
}

TEST_CASE("xar: Euler's method on equal steps is a plain loop over the plain network, cell after cell") {
  scene const made;
  examples::xar::network const network = made.load();
  constexpr int label = 3, upper = 5, lower = 3;
  constexpr double scale = 2.5;
  ardent::executor::host const executor(2);
  examples::xar::model model(network, {label}, executor.threads());
  auto const cells = model.ordering();
  auto const sampler = ardent::make_sampler(cells, ardent::annealing::xar{upper, lower}, ardent::process::flow_linear{},
                                            ardent::grid::time_uniform{}, ardent::solver::flow_euler{},
                                            ardent::guidance::linear_by_step{scale},
                                            ardent::predicts<ardent::prediction::velocity>{}, ardent::state<double>{});
  ardent::random::philox const random(11);
  std::vector<float> tokens(static_cast<std::size_t>(made.sizes.seq_len() * 3));
  ardent::generate_batched(sampler, model, executor, random, {1, 4}, tokens);

  std::vector<std::vector<float>> drawn;
  int const count = made.sizes.cell_tokens(), all = made.sizes.cells();
  double largest = 0;
  for (int cell = 0; cell < all; ++cell) {
    std::vector<double> x;
    for (int j = 0; j < count; ++j) {
      ardent::noise_key key;
      key.domain = ardent::noise_domain::start;
      key.image = 4;
      key.position = static_cast<std::uint32_t>(cells.position(cell * count + j));
      for (int c = 0; c < 3; ++c) x.push_back(static_cast<double>(random.normal(key, 0).value[c]));
    }
    // as published: from the upper to the lower number over all cells but the last, in whole numbers
    int const steps = static_cast<int>(static_cast<double>(all - 1 - cell) / (all - 1) * (upper - lower) + lower);
    for (int k = 0; k < steps; ++k) {
      double const time = 1 - static_cast<double>(k) / steps;
      int const told = static_cast<int>(static_cast<float>(time) * 1000.0F);
      drawn.emplace_back(x.begin(), x.end());
      std::vector<double> const with = made.reference.velocity(label, told, drawn);
      std::vector<double> const without = made.reference.velocity(made.sizes.uncond_label, told, drawn);
      drawn.pop_back();
      double const mix = 1 + (scale - 1) * cell / (all - 1);
      for (std::size_t i = 0; i < x.size(); ++i) x[i] -= (without[i] + mix * (with[i] - without[i])) / steps;
    }
    drawn.emplace_back(x.begin(), x.end());
    for (int j = 0; j < count; ++j)
      for (int c = 0; c < 3; ++c) {
        auto const place = static_cast<std::size_t>(cells.position(cell * count + j) * 3 + c);
        largest =
            std::max(largest, std::fabs(static_cast<double>(tokens[place]) - x[static_cast<std::size_t>(j * 3 + c)]));
      }
  }
  CHECK(largest < 1e-4);
  CHECK(largest > 0);
}

TEST_CASE("xar: the model refuses another ordering, another batch and labels that are not there") {
  scene const made;
  examples::xar::network const network = made.load();
  ardent::executor::host const executor(1);
  examples::xar::model model(network, {1}, 1);
  std::vector<float> tokens(2 * 36 * 3);
  auto const run = [&](auto const& ordering, int images) {
    auto const sampler = ardent::make_sampler(ordering, ardent::annealing::constant{2}, ardent::process::flow_linear{},
                                              ardent::grid::xar<>{}, ardent::solver::flow_euler{},
                                              ardent::predicts<ardent::prediction::velocity>{});
    ardent::generate_batched(sampler, model, executor, ardent::random::philox(3), {images},
                             std::span(tokens).first(static_cast<std::size_t>(images * 36 * 3)));
  };
  run(model.ordering(), 1);
  CHECK_THROWS_AS(run(model.ordering(), 2), std::invalid_argument);
  CHECK_THROWS_AS(run(ardent::ordering::raster(36, 6), 1), std::invalid_argument);
  CHECK_THROWS_AS(run(ardent::ordering::next_cell(6, 6, 3, 2), 1), std::invalid_argument);
  CHECK_THROWS_AS(examples::xar::model(network, {7}, 1), examples::input_error);
}

TEST_CASE("xar: weights that are missing or left over") {
  scene const made;
  auto const says = [&](std::string const& left_out, std::string const& added, std::string const& part) {
    std::string const message = bad_input::message_of([&] { made.load(left_out, added); });
    INFO(message);
    CHECK(bad_input::has(message, part));
  };
  for (char const* name : {"z_proj_ln.weight", "encoder_blocks.0.mlp.fc1_g.weight", "decoder_blocks.2.attn.proj.bias",
                           "class_emb.weight", "time_embed.mlp.2.weight"})
    says(name, "", name);
  says("", "decoder_blocks.3.attn.qkv.weight", "decoder_blocks.3");
}

TEST_CASE("xar: a config with a wrong value") {
  check_refused("/constructor/encoder_num_heads", 4, "encoder_num_heads");
  check_refused("/constructor/vae_stride", 0, "vae_stride");
  check_refused("/constructor/clusters", 4, "clusters");
  check_refused("/derived/cell_grid", json::array({2, 2}), "cell_grid");
  check_refused("/derived/cell_size", json::array({2, 0}), "cell_size");
  check_refused("/derived/cell_size", 6, "cell_size");
  check_refused("/derived/uncond_label", 7, "uncond_label");
  check_refused("/derived/rms_eps", 1e-5, "rms_eps");
  json published = document();
  published.erase("derived");
  published["constructor"]["clusters"] = 4;
  config const c = config::from_json(published, "xar.json");
  CHECK(c.cells() == 4);
  CHECK(c.cell_height == 3);
  CHECK(c.cell_width == 3);
  CHECK(c.class_embedding_rows == 1001);
  CHECK(c.uncond_label == 1000);
}
