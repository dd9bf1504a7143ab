// SPDX-License-Identifier: Apache-2.0
//
// Reads and checks what defines a language model, and finds its tensors. The upper limits are far beyond any model that
// fits a machine; they keep every product of two sizes within int.
#include "language_weights.hpp"

#include <cmath>
#include <cstdint>

#include "common/error.hpp"
#include "common/files/json.hpp"

namespace examples::language {
namespace {

using nlohmann::json;

// A member that may be missing or null; otherwise it has to have this value, or another model is meant.
void check_only(json const& object, char const* key, json const& value, std::filesystem::path const& file) {
  if (!object.contains(key) || object.at(key).is_null() || object.at(key) == value) return;
  fail(file, std::string("\"") + key + "\" to be " + value.dump(), printable(object.at(key).dump(), 60));
}

void check_divides(int divisor, char const* divisor_key, int value, char const* value_key,
                   std::filesystem::path const& file) {
  if (value % divisor == 0) return;
  fail(file, std::string("\"") + divisor_key + "\" to divide \"" + value_key + "\", " + std::to_string(value),
       std::to_string(divisor));
}

double positive_member(json const& object, char const* key, double lowest, double highest,
                       std::filesystem::path const& file) {
  double const value = number_member(object, key, file);
  if (value >= lowest && value <= highest) return value;
  fail(file, std::string("\"") + key + "\" to be a number from " + json(lowest).dump() + " to " + json(highest).dump(),
       printable(object.at(key).dump(), 60));
}

// f(name behind the prefix) of every tensor of a layer.
template <class F>
void each_of_layer(std::string const& prefix, F f) {
  for (char const* name : {"q_proj", "k_proj", "v_proj"}) {
    f(prefix + ".self_attn." + name + ".weight");
    f(prefix + ".self_attn." + name + ".bias");
  }
  for (char const* name : {"self_attn.o_proj", "mlp.gate_proj", "mlp.up_proj", "mlp.down_proj", "input_layernorm",
                           "post_attention_layernorm"}) {
    f(prefix + "." + name + ".weight");
  }
}

std::string layer_name(std::string const& prefix, int i) { return prefix + ".layers." + std::to_string(i); }

}  // namespace

config config::from_json(json const& object, std::filesystem::path const& file) {
  constexpr std::int64_t max_width = 1 << 15, max_depth = 1 << 10, max_length = 1 << 20;
  auto const integer = [&](char const* key, std::int64_t highest) {
    return static_cast<int>(integer_member(object, key, 1, highest, file));
  };
  config c;
  c.vocab_size = integer("vocab_size", 1 << 24);
  c.hidden_size = integer("hidden_size", max_width);
  c.num_hidden_layers = integer("num_hidden_layers", max_depth);
  c.num_attention_heads = integer("num_attention_heads", c.hidden_size);
  c.num_key_value_heads = integer("num_key_value_heads", c.num_attention_heads);
  c.intermediate_size = integer("intermediate_size", 8 * max_width);
  c.max_position_embeddings = integer("max_position_embeddings", max_length);
  c.rope_theta = positive_member(object, "rope_theta", 1.0, 1e12, file);
  c.rms_norm_eps = positive_member(object, "rms_norm_eps", 0.0, 1.0, file);
  check_divides(c.num_attention_heads, "num_attention_heads", c.hidden_size, "hidden_size", file);
  check_divides(c.num_key_value_heads, "num_key_value_heads", c.num_attention_heads, "num_attention_heads", file);
  if (c.head_width() % 2 != 0) {
    fail(file, "\"hidden_size\" / \"num_attention_heads\" to be even, for the rotary embedding",
         std::to_string(c.head_width()));
  }
  check_only(object, "head_dim", c.head_width(), file);
  check_only(object, "hidden_act", "silu", file);
  check_only(object, "rope_scaling", nullptr, file);
  check_only(object, "use_sliding_window", false, file);
  check_only(object, "qkv_bias", true, file);
  check_only(object, "o_bias", false, file);
  check_only(object, "mlp_bias", false, file);
  check_only(object, "model_type", "qwen2", file);
  return c;
}

weights weights::load(config const& sizes, safetensors const& file, std::string const& prefix) {
  using transformer::linear;
  int const width = sizes.hidden_size, keys = sizes.key_width(), hidden = sizes.intermediate_size;
  weights w;
  w.embedding = file.tensor(prefix + ".embed_tokens.weight", {sizes.vocab_size, width});
  for (int i = 0; i < sizes.num_hidden_layers; ++i) {
    std::string const name = layer_name(prefix, i);
    w.layers.push_back({file.tensor(name + ".input_layernorm.weight", {width}),
                        linear::load(file, name + ".self_attn.q_proj", width, width),
                        linear::load(file, name + ".self_attn.k_proj", keys, width),
                        linear::load(file, name + ".self_attn.v_proj", keys, width),
                        linear::load_unbiased(file, name + ".self_attn.o_proj", width, width),
                        file.tensor(name + ".post_attention_layernorm.weight", {width}),
                        linear::load_unbiased(file, name + ".mlp.gate_proj", hidden, width),
                        linear::load_unbiased(file, name + ".mlp.up_proj", hidden, width),
                        linear::load_unbiased(file, name + ".mlp.down_proj", width, hidden)});
  }
  w.norm = file.tensor(prefix + ".norm.weight", {width});
  return w;
}

std::vector<std::string> weights::names(config const& sizes, std::string const& prefix) {
  std::vector<std::string> all{prefix + ".embed_tokens.weight", prefix + ".norm.weight"};
  for (int i = 0; i < sizes.num_hidden_layers; ++i)
    each_of_layer(layer_name(prefix, i), [&](std::string const& name) { all.push_back(name); });
  return all;
}

}  // namespace examples::language
