// SPDX-License-Identifier: Apache-2.0
//
// What MAR's configuration and transformer say about input that is not as it has to be.
#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "common/error.hpp"
#include "mar/backbone.hpp"
#include "mar/config.hpp"
#include "tiny_backbone.hpp"

namespace {

namespace mar = examples::mar;

// The message of the input_error that f throws: one line.
std::string message_of(std::function<void()> const& f) {
  try {
    f();
  } catch (examples::input_error const& error) {
    std::string const message = error.what();
    CHECK(message.find('\n') == std::string::npos);
    return message;
  }
  return "nothing was thrown";
}

bool contains(std::string const& text, std::string const& part) {
  INFO(text);
  bool const found = text.find(part) != std::string::npos;
  CHECK(found);
  return found;
}

}  // namespace

TEST_CASE("mar config: each key has to be there, of its kind and in its range") {
  tiny_mar::network const tiny(2);
  auto const reject = [&](std::string const& key, nlohmann::json const& document) {
    std::string const message = message_of([&] { static_cast<void>(mar::config::from_json(document, "some.json")); });
    contains(message, "some.json");
    contains(message, key);
  };
  for (auto const& item : tiny.document.at("constructor").items()) {
    std::string const key = item.key();
    nlohmann::json changed = tiny.document;
    changed["constructor"].erase(key);
    reject(key, changed);
    for (nlohmann::json const& wrong : {nlohmann::json("8"), nlohmann::json(0), nlohmann::json(-3), nlohmann::json(1e9),
                                        nlohmann::json(nullptr), nlohmann::json::array({8})}) {
      changed["constructor"][key] = wrong;
      reject(key, changed);
    }
  }
  auto const with = [&](std::string const& key, nlohmann::json const& value) {
    nlohmann::json changed = tiny.document;
    changed["constructor"][key] = value;
    return changed;
  };
  reject("encoder_num_heads", with("encoder_num_heads", 5));
  reject("decoder_num_heads", with("decoder_num_heads", 3));
  reject("patch_size", with("patch_size", 12));
  reject("mlp_ratio", with("mlp_ratio", 0.01));
  reject("norm_layer", with("norm_layer", "LayerNorm(eps=1e-5)"));
  reject("norm_layer", with("norm_layer", "RMSNorm"));
  reject("constructor", nlohmann::json::object());
  reject("constructor", nlohmann::json(3));
  CHECK(mar::config::from_json(with("norm_layer", "LayerNorm(eps=1e-06)"), "some.json").seq_len() == 9);
  CHECK(mar::config::from_json(with("grad_checkpointing", false), "some.json").token_channels() == 12);
}

TEST_CASE("mar backbone: each tensor has to be there, of its shape and finite") {
  tiny_mar::network const tiny(2);
  auto const reject = [&](std::string const& part, std::map<std::string, naive_mar::tensor> const& weights) {
    std::string const message = message_of([&] { static_cast<void>(tiny_mar::network::load(tiny.document, weights)); });
    contains(message, "tiny.safetensors");
    contains(message, part);
  };
  for (auto const& [name, tensor] : tiny.reference.weights) {
    auto changed = tiny.reference.weights;
    changed.erase(name);
    reject(name, changed);
    changed[name] = tensor;
    changed[name].values.back() = std::nanf("");
    reject(name, changed);
    changed[name] = tensor;
    changed[name].shape.push_back(1);
    reject(name, changed);
  }
  auto deeper = tiny.reference.weights;
  deeper["encoder_blocks.2.norm1.weight"] = deeper.at("encoder_norm.weight");
  reject("encoder_depth", deeper);
  auto with_head = tiny.reference.weights;
  with_head["diffloss.net.input_proj.bias"] = {{32}, std::vector<float>(32, std::nanf(""))};
  CHECK_NOTHROW(tiny_mar::network::load(tiny.document, with_head));
}

TEST_CASE("mar backbone: labels and positions are checked") {
  tiny_mar::network const tiny(2);
  mar::backbone const network = tiny.load();
  CHECK_NOTHROW(network.check_label(0));
  CHECK_NOTHROW(network.check_label(4));
  for (std::int64_t const label : {std::int64_t{-1}, std::int64_t{5}, std::int64_t{1} << 32}) {
    std::string const message = message_of([&] { network.check_label(label); });
    contains(message, std::to_string(label));
    contains(message, "0 to 4");
  }
  mar::backbone::scratch work(network);
  tiny_mar::image const picture(tiny, 6, 1);
  std::vector<float> z(9 * 16);
  auto const condition = [&](int label, std::vector<int> const& positions) {
    network.condition(label, picture.tokens.data(), picture.known.data(), positions.data(),
                      static_cast<int>(positions.size()), z.data(), work);
  };
  std::vector<int> const unknown = picture.choose(3);
  CHECK_NOTHROW(condition(4, unknown));
  CHECK_NOTHROW(condition(4, {}));
  CHECK_THROWS_AS(condition(5, unknown), std::invalid_argument);
  CHECK_THROWS_AS(condition(4, {unknown[1], unknown[0]}), std::invalid_argument);
  CHECK_THROWS_AS(condition(4, {unknown[0], unknown[0]}), std::invalid_argument);
  CHECK_THROWS_AS(condition(4, {picture.order[0]}), std::invalid_argument);
  CHECK_THROWS_AS(condition(4, {unknown[0], 9}), std::invalid_argument);
  CHECK_THROWS_AS(condition(4, {-1}), std::invalid_argument);
  CHECK_THROWS_AS(condition(4, {0, 1, 2, 3}), std::invalid_argument);
  tiny_mar::network const other(1);
  mar::backbone const other_network = other.load();
  mar::backbone::scratch other_work(other_network);
  CHECK_THROWS_AS(
      network.condition(4, picture.tokens.data(), picture.known.data(), unknown.data(), 3, z.data(), other_work),
      std::invalid_argument);
}
