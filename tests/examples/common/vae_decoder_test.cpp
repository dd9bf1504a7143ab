// SPDX-License-Identifier: Apache-2.0
//
// The VAE's decoder: pictures against PyTorch's (tests/data/make_vae_tiny.py), the same whatever draws them; what is
// wrong with weights and configurations; and the way from tokens to it.
#include "common/vae/vae_decoder.hpp"
#include "common/pictures/pixels.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "bad_input.hpp"
#include "common/files/json.hpp"
#include "common/files/safetensors.hpp"
#include "support/environment.hpp"
#include "support/made_numbers.hpp"

namespace {

using namespace examples;

struct tensor {
  std::vector<std::int64_t> shape;
  std::vector<float> values;
};
using tensors = std::map<std::string, tensor>;

tensors recorded_weights() {
  auto const file = safetensors::read(test::data("vae_tiny.safetensors"));
  tensors all;
  for (std::string const& name : file.names()) all[name] = {file.shape(name), file.floats(name)};
  return all;
}

// A decoder of other weights, or of another configuration, than the recorded.
struct changed {
  test::temporary_folder folder;
  std::filesystem::path weights = folder / "vae.safetensors", config = folder / "vae.json";

  void write(tensors const& all, nlohmann::json const& document) const {
    safetensors_writer writer;
    for (auto const& [name, values] : all) writer.add(name, values.shape, std::span<float const>(values.values));
    writer.write(weights);
    bad_input::put(config, document.dump());
  }
  std::string weights_refused(tensors const& all) const {
    write(all, read_json(test::data("vae_tiny.json")));
    return bad_input::complaint(weights, [&] { vae_decoder const made(weights); });
  }
  std::string config_refused(std::string const& place, nlohmann::json const& value) const {
    nlohmann::json document = read_json(test::data("vae_tiny.json"));
    document[nlohmann::json::json_pointer(place)] = value;
    write(recorded_weights(), document);
    return bad_input::message_of([&] { vae_decoder const made(weights); });
  }
};

}  // namespace

TEST_CASE("vae: the recorded pictures, on any number of threads and instructions, alone and in a batch") {
  vae_decoder const decoder(test::data("vae_tiny.safetensors"));
  auto const cases = safetensors::read(test::data("vae_tiny_cases.safetensors"));
  nlohmann::json const document = read_json(test::data("vae_tiny.json"));
  for (auto const level : {ardent::simd_level::baseline, ardent::host_level()}) {
    host_executor const one(1, level), several(3, level);
    for (nlohmann::json const& recorded : document.at("cases")) {
      auto const name = recorded.at("name").get<std::string>();
      CAPTURE(name);
      int const images = recorded.at("images"), height = recorded.at("height"), width = recorded.at("width");
      std::vector<float> const latents = cases.floats(name + ".latents"), pixels = cases.floats(name + ".pixels");
      std::vector<float> const found = decoder.decode(one, latents, images, height, width);
      REQUIRE(found.size() == pixels.size());
      double most = 0, furthest = 0;
      for (std::size_t i = 0; i < pixels.size(); ++i) {
        most = std::max(most, std::fabs(double{pixels[i]}));
        furthest = std::max(furthest, std::fabs(double{found[i]} - pixels[i]));
      }
      CAPTURE(furthest / most);
      CHECK(furthest < 1e-5 * most);
      CHECK(decoder.decode(several, latents, images, height, width) == found);
      std::size_t const each = latents.size() / static_cast<std::size_t>(images);
      std::vector<float> const last = decoder.decode(several, std::span(latents).last(each), 1, height, width);
      CHECK(std::equal(last.begin(), last.end(), found.end() - static_cast<std::ptrdiff_t>(last.size())));
    }
  }
}

TEST_CASE("vae: a number that is added to the whole map goes through no norm") {
  // a network of one level has no layer that reads its map but behind a norm
  changed const files;
  tensors all;
  for (auto const& [name, values] : recorded_weights()) {
    bool const coarsest = name.starts_with("decoder.up.2.block");
    if (coarsest) all["decoder.up.0" + name.substr(std::string("decoder.up.2").size())] = values;
    if (name.starts_with("post") || name.starts_with("decoder.conv_in") || name.starts_with("decoder.mid"))
      all[name] = values;
  }
  test::made_numbers numbers(4);
  all["decoder.norm_out.weight"] = {{16}, numbers.normals(16, 0.3, 1)};
  all["decoder.norm_out.bias"] = {{16}, numbers.normals(16)};
  all["decoder.conv_out.weight"] = {{3, 16, 3, 3}, numbers.normals(3 * 16 * 9, 1.0 / 12)};
  all["decoder.conv_out.bias"] = {{3}, {0, 0, 0}};
  nlohmann::json const document = {
      {"constructor", {{"embed_dim", 4}, {"ch", 16}, {"ch_mult", {1}}, {"num_res_blocks", 1}, {"num_groups", 4}}}};
  host_executor const executor(2);
  std::vector<float> const latents = numbers.normals(4 * 12 * 12);
  auto const draw = [&] {
    files.write(all, document);
    return vae_decoder(files.weights).decode(executor, latents, 1, 12, 12);
  };
  std::vector<float> const plain = draw();
  for (float& x : all["decoder.conv_in.bias"].values) x += 1000;
  std::vector<float> const moved = draw();
  double furthest = 0;
  for (std::size_t i = 0; i < plain.size(); ++i) furthest = std::max(furthest, std::fabs(double{plain[i]} - moved[i]));
  CHECK(furthest > 0);  // rounding of what lies around 1000
  CHECK(furthest < 2e-3);
}

TEST_CASE("vae: tensors that are missing, too many, misshapen or not finite are named") {
  changed const files;
  tensors const all = recorded_weights();
  for (char const* name : {"post_quant_conv.weight", "decoder.mid.attn_1.proj_out.bias",
                           "decoder.up.1.block.0.nin_shortcut.weight", "decoder.up.2.upsample.conv.weight"}) {
    CAPTURE(name);
    tensors other = all;
    other.erase(name);
    CHECK(bad_input::has(files.weights_refused(other), name));
    other = all;
    other[name].shape.back() += 1;
    other[name].values.resize(other[name].values.size() / static_cast<std::size_t>(all.at(name).shape.back()) *
                              static_cast<std::size_t>(other[name].shape.back()));
    CHECK(bad_input::has(files.weights_refused(other), name));
    other = all;
    other[name].values[1] = std::numeric_limits<float>::quiet_NaN();
    CHECK(bad_input::has(files.weights_refused(other), name));
  }
  for (char const* name : {"decoder.up.2.attn.0.norm.weight", "decoder.up.3.block.0.norm1.weight", "case_a.latents",
                           "encoder", "decoder.up.0.block.0.nin_shortcut.weight"}) {
    CAPTURE(name);
    tensors other = all;
    other[name] = {{1}, {0.5f}};
    CHECK(bad_input::has(files.weights_refused(other), name));
  }
}

TEST_CASE("vae: the encoder may lie in the file, whatever is in it") {
  changed const files;
  tensors all = recorded_weights();
  all["encoder.conv_in.weight"] = {{1}, {std::numeric_limits<float>::infinity()}};
  all["quant_conv.bias"] = {{2}, {1, 2}};
  all["loss.logvar"] = {{}, {0}};
  files.write(all, read_json(test::data("vae_tiny.json")));
  host_executor const executor(1);
  std::vector<float> const latents = test::made_numbers(2).normals(4 * 2 * 3);
  CHECK(vae_decoder(files.weights).decode(executor, latents, 1, 2, 3) ==
        vae_decoder(test::data("vae_tiny.safetensors")).decode(executor, latents, 1, 2, 3));
}

TEST_CASE("vae: configurations that are not as they have to be") {
  changed const files;
  CHECK(bad_input::has(files.config_refused("/constructor/embed_dim", 0), "embed_dim"));
  CHECK(bad_input::has(files.config_refused("/constructor/embed_dim", "4"), "embed_dim"));
  CHECK(bad_input::has(files.config_refused("/constructor/ch_mult", nlohmann::json::array()), "ch_mult"));
  CHECK(bad_input::has(files.config_refused("/constructor/ch_mult", {1, 0}), "ch_mult"));
  CHECK(bad_input::has(files.config_refused("/constructor/ch_mult", {1, 1.5}), "ch_mult"));
  CHECK(bad_input::has(files.config_refused("/constructor/num_groups", 3), "num_groups"));
  CHECK(bad_input::has(files.config_refused("/constructor/out_ch", 2), "out_ch"));
  CHECK(bad_input::has(files.config_refused("/constructor/out_ch", 4), "out_ch"));
  CHECK(bad_input::has(files.config_refused("/vae_scale", 0), "vae_scale"));
  // another network than the weights'
  CHECK(bad_input::has(files.config_refused("/constructor/ch_mult", {1, 2}), "decoder."));
  CHECK(bad_input::has(files.config_refused("/constructor/num_res_blocks", 2), "decoder.up.2.block.2"));
  // MAR's class has these defaults
  vae_config const published =
      vae_config::from_json({{"constructor", {{"embed_dim", 16}, {"ch_mult", {1, 1, 2, 2, 4}}}}}, "published.json");
  CHECK(published.stride() == 16);
  CHECK(published.width(4) == 512);
  CHECK(published.num_res_blocks == 2);
  CHECK(published.num_groups == 32);
  CHECK(published.vae_scale == 0.2325);
}

TEST_CASE("vae: calls with numbers that do not fit") {
  vae_decoder const decoder(test::data("vae_tiny.safetensors"));
  host_executor const executor(1);
  std::vector<float> const latents(4 * 2 * 2);
  CHECK(decoder.decode(executor, {}, 0, 2, 2).empty());
  CHECK_THROWS_AS(static_cast<void>(decoder.decode(executor, latents, 2, 2, 2)), std::invalid_argument);
  CHECK_THROWS_AS(static_cast<void>(decoder.decode(executor, latents, 1, 0, 2)), std::invalid_argument);
  CHECK_THROWS_AS(static_cast<void>(decoder.decode(executor, latents, 1, 2, 5000)), std::invalid_argument);
  auto const refused = [&](latent_layout const& layout) {
    return bad_input::complaint("vae.safetensors",
                                [&] { vae_pictures const made(decoder, layout, "vae.safetensors"); });
  };
  CHECK(bad_input::has(refused({2, 2, 16, 1, 4}), "16 latent channels"));
  CHECK(bad_input::has(refused({2, 2, 4, 1, 16}), "16 pixels"));
}

TEST_CASE("vae: every number of a token comes to its place") {
  std::vector<float> tokens;  // 2 images of 3 x 2 tokens of 2 channels and 2 x 2 latents
  for (int i = 0; i < 2 * 6 * 8; ++i) tokens.push_back(static_cast<float>(i));
  std::vector<float> const maps = unpatchify(tokens, 3, 2, 2, 2);
  REQUIRE(maps.size() == tokens.size());
  std::size_t next = 0;
  for (int image = 0; image < 2; ++image)
    for (int c = 0; c < 2; ++c)
      for (int y = 0; y < 6; ++y)
        for (int x = 0; x < 4; ++x) {
          int const token = y / 2 * 2 + x / 2, inside = (c * 2 + y % 2) * 2 + x % 2;
          CHECK(maps[next++] == static_cast<float>((image * 6 + token) * 8 + inside));
        }
  CHECK_THROWS_AS(static_cast<void>(unpatchify(std::span(tokens).first(40), 3, 2, 2, 2)), std::invalid_argument);
}

TEST_CASE("vae: pictures of tokens are those of the latents that they scale, in [0, 1]") {
  vae_decoder const decoder(test::data("vae_tiny.safetensors"));
  host_executor const executor(2);
  vae_pictures const pictures(decoder, {1, 3, 4, 2, 4}, "vae.safetensors");
  CHECK(pictures.height() == 8);
  CHECK(pictures.width() == 24);
  CHECK(pictures.channels() == 3);
  std::vector<float> const tokens = test::made_numbers(3).normals(2 * 3 * 16);
  std::vector<float> latents = unpatchify(tokens, 1, 3, 4, 2);
  for (float& x : latents) x /= 0.2325f;
  std::vector<float> pixels = decoder.decode(executor, latents, 2, 2, 6);
  for (float& x : pixels) x = (x + 1) / 2;
  CHECK(pictures(executor, tokens) == pixels);
}

TEST_CASE("vae: tokens become the latents that Harmon's published code gives to its decoder") {
  auto const goldens = test::goldens();
  if (!goldens) return test::skip("the full recordings are not beside the checkout");
  nlohmann::json const document = read_json(*goldens / "harmon_tiny.json");
  auto const recorded = safetensors::map(*goldens / "harmon_tiny.safetensors");
  auto const scale = document.at("derived").at("vae_scale").get<float>();
  int compared = 0;
  for (nlohmann::json const& run : document.at("cases")) {
    std::string const name = run.at("name").get<std::string>();
    std::vector<std::int64_t> const shape = recorded.shape(name + ".vae_input");
    std::vector<float> const expected = recorded.floats(name + ".vae_input");
    std::vector<float> tokens = recorded.floats(name + ".tokens");
    tokens.resize(expected.size());  // the other half is a copy
    std::vector<float> const found =
        unpatchify(tokens, static_cast<int>(shape[2]), static_cast<int>(shape[3]), static_cast<int>(shape[1]), 1);
    for (std::size_t i = 0; i < found.size(); ++i) CHECK(found[i] / scale == expected[i]);
    ++compared;
  }
  CHECK(compared > 0);
}
