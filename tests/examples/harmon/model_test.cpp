// SPDX-License-Identifier: Apache-2.0
//
// Harmon's configuration, weights and position tables, and what its model promises of batches and threads. That its
// numbers are right is for the recordings (examples/replay/harmon_test.cpp).
#include "harmon/model.hpp"

#include <doctest/doctest.h>

#include <ardent/ardent.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <limits>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "../common/bad_input.hpp"
#include "harmon/latents.hpp"
#include "harmon/untrained.hpp"
#include "support/made_numbers.hpp"

namespace {

namespace harmon = examples::harmon;
using examples::safetensors;
using examples::safetensors_writer;
using harmon::prompt;
using nlohmann::json;

json document() {
  return {{"llm",
           {{"vocab_size", 256},
            {"hidden_size", 64},
            {"num_hidden_layers", 2},
            {"num_attention_heads", 4},
            {"num_key_value_heads", 2},
            {"intermediate_size", 128},
            {"rope_theta", 1e6},
            {"rms_norm_eps", 1e-6},
            {"max_position_embeddings", 1 << 15}}},
          {"mar",
           {{"img_size", 128},
            {"vae_stride", 16},
            {"patch_size", 1},
            {"encoder_embed_dim", 64},
            {"encoder_depth", 2},
            {"encoder_num_heads", 4},
            {"decoder_embed_dim", 64},
            {"decoder_depth", 2},
            {"decoder_num_heads", 4},
            {"mlp_ratio", 4},
            {"vae_embed_dim", 16},
            {"class_num", 1},
            {"buffer_size", 8},
            {"diffloss_d", 2},
            {"diffloss_w", 64}}}};
}

void check_refused(char const* pointer, json const& value, std::string const& part) {
  json changed = document();
  changed[json::json_pointer(pointer)] = value;
  std::string const message = bad_input::complaint(
      "harmon.json", [&] { static_cast<void>(harmon::config::from_json(changed, "harmon.json")); });
  CHECK(bad_input::has(message, part));
}

// The untrained network's tensors with a change.
safetensors changed_tensors(
    std::function<bool(std::string const&, std::vector<std::int64_t>&, std::vector<float>&)> keep,
    std::string const& added = "") {
  static safetensors const all = harmon::untrained_weights(harmon::untrained_config(), 1);
  safetensors_writer writer;
  for (std::string const& name : all.names()) {
    std::vector<std::int64_t> shape = all.shape(name);
    std::vector<float> values = all.floats(name);
    if (keep(name, shape, values)) writer.add(name, shape, std::span<float const>(values));
  }
  if (!added.empty()) writer.add(added, {1}, std::vector<float>{1});
  return writer.in_memory("changed.safetensors");
}

std::string loading(safetensors const& tensors) {
  return bad_input::message_of([&] {
    static_cast<void>(harmon::weights::load(harmon::untrained_config(), tensors));
    static_cast<void>(harmon::head_tensors(harmon::untrained_config(), tensors));
  });
}

struct scene {
  harmon::config sizes = harmon::untrained_config();
  safetensors tensors = harmon::untrained_weights(sizes, 3);
  harmon::weights weights = harmon::weights::load(sizes, tensors);
  harmon::backbone<float> network{sizes, weights};
  examples::adaln_head<float> head{harmon::head_tensors(sizes, tensors)};
  harmon::positions places{sizes, weights, {3, 5}};
  prompt unconditional{9, 9};

  std::vector<float> draw(std::vector<prompt> const& prompts, std::uint32_t first, int threads) const {
    ardent::executor::host const executor(threads);
    harmon::model<float, float> model(network, places, head, prompts,
                                      std::vector<prompt>(prompts.size(), unconditional), executor);
    auto const sampler = ardent::make_sampler(ardent::ordering::masked{15, 4}, ardent::annealing::linear{6, 3},
                                              ardent::solver::ddpm<>{}, ardent::guidance::constant{3.0});
    std::vector<float> tokens(prompts.size() * 15 * 16);
    ardent::generate(sampler, model, executor, ardent::random::philox(7), {static_cast<int>(prompts.size()), first},
                     tokens);
    return tokens;
  }
};

}  // namespace

TEST_CASE("harmon: a config, and one with a wrong value") {
  harmon::config const c = harmon::config::from_json(document(), "harmon.json");
  CHECK(c == harmon::untrained_config());
  CHECK(c.vae_scale == 0.2325);
  CHECK(c.max_timestep == 950);
  check_refused("/llm", 3, "vocab_size");
  check_refused("/mar", json::array(), "img_size");
  check_refused("/mar/encoder_num_heads", 5, "encoder_num_heads");
  check_refused("/mar/vae_embed_dim", 0, "vae_embed_dim");
  check_refused("/mar/layer_norm_eps", 1e-5, "layer_norm_eps");
  check_refused("/llm/num_key_value_heads", 3, "num_key_value_heads");
  check_refused("/derived", 1, "derived");
  check_refused("/derived/vae_scale", 0, "vae_scale");
  check_refused("/derived/max_timestep", 1000, "max_timestep");
  check_refused("/derived/freq_dim", 128, "freq_dim");
  for (char const* key : {"llm", "mar"}) {
    json changed = document();
    changed.erase(key);
    std::string const message = bad_input::complaint(
        "harmon.json", [&] { static_cast<void>(harmon::config::from_json(changed, "harmon.json")); });
    CHECK(bad_input::has(message, key));
  }
}

TEST_CASE("harmon: tensors that are missing, left over, misshapen or not finite are named") {
  CHECK(loading(changed_tensors([](auto&&...) { return true; })).empty());
  safetensors const all = harmon::untrained_weights(harmon::untrained_config(), 1);
  for (std::string const& name : all.names()) {
    if (name.find("blocks.1.") != std::string::npos || name.find("layers.1.") != std::string::npos) continue;
    INFO(name);
    auto const is_it = [&](std::string const& other) { return other == name; };
    CHECK(bad_input::has(loading(changed_tensors([&](auto const& n, auto&, auto&) { return !is_it(n); })), name));
    CHECK(bad_input::has(loading(changed_tensors([&](auto const& n, auto& shape, auto&) {
                           if (is_it(n)) shape.push_back(1);
                           return true;
                         })),
                         name));
    CHECK(bad_input::has(loading(changed_tensors([&](auto const& n, auto&, auto& values) {
                           if (is_it(n)) values.back() = std::numeric_limits<float>::quiet_NaN();
                           return true;
                         })),
                         name));
  }
  auto const everything = [](auto&&...) { return true; };
  for (char const* extra : {"mar.encoder_blocks.2.norm1.weight", "mar.diffloss.net.res_blocks.2.in_ln.bias",
                            "llm.model.layers.2.mlp.up_proj.weight", "proj_in.4.weight", "step", "mar.class_emb.bias"})
    CHECK(bad_input::has(loading(changed_tensors(everything, extra)), extra));
  for (char const* unused :
       {"mar.class_emb.weight", "llm.lm_head.weight", "vae.decoder.conv_in.weight", "llm.model.rotary_emb.inv_freq"})
    CHECK(loading(changed_tensors(everything, unused)).empty());
}

TEST_CASE("harmon: position tables are resized bilinearly") {
  // a plane stays a plane inside, and is flat where the edge is repeated
  std::vector<float> plane;
  for (int y = 0; y < 4; ++y)
    for (int x = 0; x < 3; ++x) {
      plane.push_back(static_cast<float>(2 * y + 5 * x));
      plane.push_back(static_cast<float>(7 - x));
    }
  for (harmon::grid const to : {harmon::grid{8, 3}, harmon::grid{2, 5}, harmon::grid{4, 3}, harmon::grid{1, 1}}) {
    std::vector<float> const found = harmon::resize_bilinear(plane.data(), {4, 3}, to, 2);
    REQUIRE(found.size() == static_cast<std::size_t>(2 * to.tokens()));
    for (int y = 0; y < to.height; ++y)
      for (int x = 0; x < to.width; ++x) {
        double const v = std::clamp((y + 0.5) * 4 / to.height - 0.5, 0.0, 3.0);
        double const u = std::clamp((x + 0.5) * 3 / to.width - 0.5, 0.0, 2.0);
        auto const at = static_cast<std::size_t>(2 * (y * to.width + x));
        CHECK(found[at] == doctest::Approx(2 * v + 5 * u).epsilon(1e-6));
        CHECK(found[at + 1] == doctest::Approx(7 - u).epsilon(1e-6));
      }
  }
  scene const s;
  harmon::positions const native(s.sizes, s.weights, {8, 8});
  CHECK(native.encoder == s.tensors.floats("mar.encoder_pos_embed_learned"));
  CHECK(native.diffusion == s.tensors.floats("mar.diffusion_pos_embed_learned"));
  CHECK(std::equal(native.decoder.begin(), native.decoder.begin() + 8 * 64, s.places.decoder.begin()));  // the buffer's
  CHECK(s.places.decoder.size() == (8 + 15) * 64);
  CHECK(bad_input::has(bad_input::message_of([&] { harmon::positions(s.sizes, s.weights, {8, 129}); }), "129"));
}

TEST_CASE("harmon: latents are tokens in their places, over the VAE's scale") {
  harmon::config sizes = harmon::untrained_config();
  sizes.mar.patch_size = 2;
  sizes.mar.vae_embed_dim = 3;
  sizes.vae_scale = 0.5;
  std::vector<float> tokens(2 * 6 * 12);
  for (std::size_t i = 0; i < tokens.size(); ++i) tokens[i] = static_cast<float>(i);
  std::vector<float> const found = harmon::latents(sizes, {2, 3}, tokens);
  for (int image = 0; image < 2; ++image)
    for (int c = 0; c < 3; ++c)
      for (int y = 0; y < 4; ++y)
        for (int x = 0; x < 6; ++x) {
          int const token = image * 6 + y / 2 * 3 + x / 2, inside = c * 4 + y % 2 * 2 + x % 2;
          CHECK(found[static_cast<std::size_t>(((image * 3 + c) * 4 + y) * 6 + x)] ==
                static_cast<float>(2 * (token * 12 + inside)));
        }
  CHECK_THROWS_AS(static_cast<void>(harmon::latents(sizes, {2, 3}, std::span(tokens).first(71))),
                  std::invalid_argument);
}

TEST_CASE("harmon: an image does not depend on its batch, on longer prompts in it, nor on the threads") {
  scene const s;
  std::vector<prompt> const prompts{{1, 2, 3}, prompt(40, 5), {200}, {1, 2, 3}};
  std::vector<float> const all = s.draw(prompts, 20, 3);
  for (float const v : all) REQUIRE(std::isfinite(v));
  CHECK(all == s.draw(prompts, 20, 1));
  std::size_t const size = all.size() / 4;
  for (std::size_t i = 0; i < 4; ++i) {
    std::vector<float> const alone = s.draw({prompts[i]}, static_cast<std::uint32_t>(20 + i), 2);
    CHECK(std::equal(alone.begin(), alone.end(), all.begin() + static_cast<std::ptrdiff_t>(i * size)));
  }
  std::vector<float> const other = s.draw({{1, 2, 4}}, 20, 1);  // each token of a prompt matters
  CHECK(!std::equal(other.begin(), other.end(), all.begin()));
  scene changed;
  changed.unconditional = {9, 8};
  CHECK(changed.draw(prompts, 20, 1) != all);
}

TEST_CASE("harmon: what the model refuses") {
  scene const s;
  ardent::executor::host const executor(1);
  auto const made = [&](std::vector<prompt> const& prompts, std::vector<prompt> const& unconditional) {
    return harmon::model<float, float>(s.network, s.places, s.head, prompts, unconditional, executor);
  };
  CHECK_THROWS_AS(made({{1}, {2}}, {{3}}), std::invalid_argument);
  CHECK(bad_input::has(bad_input::message_of([&] { made({{1, 256}}, {}); }), "256"));
  CHECK(bad_input::has(bad_input::message_of([&] { made({{}}, {}); }), "at least one token id"));
  CHECK(bad_input::has(bad_input::message_of([&] { made({prompt(1 << 15, 1)}, {}); }), "max_position_embeddings"));

  auto const run = [&](harmon::model<float, float>& model, auto const& sampler, int images) {
    std::vector<float> tokens(static_cast<std::size_t>(images) * 15 * 16);
    ardent::generate(sampler, model, executor, ardent::random::philox(7), {images}, tokens);
  };
  auto const guided = ardent::make_sampler(ardent::ordering::masked{15, 2}, ardent::annealing::constant{2},
                                           ardent::solver::ddpm<>{}, ardent::guidance::constant{2.0});
  auto const plain =
      ardent::make_sampler(ardent::ordering::masked{15, 2}, ardent::annealing::constant{2}, ardent::solver::ddpm<>{});
  auto unguided = made({{1}}, {});
  run(unguided, plain, 1);
  CHECK_THROWS_AS(run(unguided, plain, 2), std::invalid_argument);
  CHECK_THROWS_AS(run(unguided, guided, 1), std::invalid_argument);
  auto const native =
      ardent::make_sampler(ardent::ordering::masked{64, 2}, ardent::annealing::constant{2}, ardent::solver::ddpm<>{});
  CHECK_THROWS_AS(run(unguided, native, 1), std::invalid_argument);

  harmon::backbone<float>::scratch work(s.network, {3, 5}, 4);
  auto const kept = s.network.language_model().read(prompt{1}, 1, nullptr, work.language());
  std::vector<float> tokens(15 * 16), z(15 * 64);
  std::vector<std::uint8_t> known(15);
  known[3] = 1;
  auto const condition = [&](std::vector<int> const& wanted, harmon::positions const& places) {
    s.network.condition(kept, places, tokens.data(), known.data(), wanted.data(), static_cast<int>(wanted.size()),
                        z.data(), work);
  };
  condition({0, 14}, s.places);
  CHECK_THROWS_AS(condition({3}, s.places), std::invalid_argument);
  CHECK_THROWS_AS(condition({5, 4}, s.places), std::invalid_argument);
  CHECK_THROWS_AS(condition({15}, s.places), std::invalid_argument);
  CHECK_THROWS_AS(condition({0}, harmon::positions(s.sizes, s.weights, {5, 3})), std::invalid_argument);
}
