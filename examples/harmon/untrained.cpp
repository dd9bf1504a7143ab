// SPDX-License-Identifier: Apache-2.0
//
// Sizes and tensors of the tiny random network.
#include "untrained.hpp"

#include <cmath>
#include <random>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

namespace examples::harmon {
namespace {

// Draws tensors one after the other.
class drawer {
 public:
  explicit drawer(std::uint64_t seed) : random_(seed) {}

  void tensor(std::string const& name, std::vector<std::int64_t> shape, double deviation, double centre = 0.0) {
    std::int64_t count = 1;
    for (std::int64_t const extent : shape) count *= extent;
    std::vector<float> values;
    for (std::int64_t i = 0; i < count; ++i) values.push_back(static_cast<float>(centre + deviation * normal()));
    writer_.add(name, std::move(shape), std::span<float const>(values));
  }
  void linear(std::string const& name, int out, int in, bool bias = true) {
    tensor(name + ".weight", {out, in}, 1.0 / std::sqrt(in));
    if (bias) tensor(name + ".bias", {out}, 0.02);
  }
  void norm(std::string const& name, int width, bool bias = true) {
    tensor(name + ".weight", {width}, 0.02, 1.0);
    if (bias) tensor(name + ".bias", {width}, 0.02);
  }
  void block(std::string const& name, int width, int hidden) {
    norm(name + ".norm1", width);
    linear(name + ".attn.qkv", 3 * width, width);
    linear(name + ".attn.proj", width, width);
    norm(name + ".norm2", width);
    linear(name + ".mlp.fc1", hidden, width);
    linear(name + ".mlp.fc2", width, hidden);
  }
  [[nodiscard]] safetensors done(std::string const& name) const { return writer_.in_memory(name); }

 private:
  double uniform() { return (static_cast<double>(random_() >> 11) + 0.5) * 0x1p-53; }
  double normal() {
    double const radius = std::sqrt(-2.0 * std::log(uniform()));
    return radius * std::cos(6.283185307179586 * uniform());
  }

  std::mt19937_64 random_;
  safetensors_writer writer_;
};

void draw_language_model(drawer& by, language::config const& c) {
  int const width = c.hidden_size;
  by.tensor("llm.model.embed_tokens.weight", {c.vocab_size, width}, 1.0);
  for (int i = 0; i < c.num_hidden_layers; ++i) {
    std::string const name = "llm.model.layers." + std::to_string(i);
    by.norm(name + ".input_layernorm", width, false);
    by.linear(name + ".self_attn.q_proj", width, width);
    by.linear(name + ".self_attn.k_proj", c.key_width(), width);
    by.linear(name + ".self_attn.v_proj", c.key_width(), width);
    by.linear(name + ".self_attn.o_proj", width, width, false);
    by.norm(name + ".post_attention_layernorm", width, false);
    by.linear(name + ".mlp.gate_proj", c.intermediate_size, width, false);
    by.linear(name + ".mlp.up_proj", c.intermediate_size, width, false);
    by.linear(name + ".mlp.down_proj", width, c.intermediate_size, false);
  }
  by.norm("llm.model.norm", width, false);
}

void draw_mar(drawer& by, mar::config const& c) {
  int const encoder = c.encoder_embed_dim, decoder = c.decoder_embed_dim, rows = c.buffer_size + c.seq_len();
  by.tensor("mar.fake_latent", {1, encoder}, 0.5);
  by.tensor("mar.encoder_pos_embed_learned", {1, rows, encoder}, 0.5);
  by.tensor("mar.mask_token", {1, 1, decoder}, 0.5);
  by.tensor("mar.decoder_pos_embed_learned", {1, rows, decoder}, 0.5);
  by.tensor("mar.diffusion_pos_embed_learned", {1, c.seq_len(), decoder}, 0.5);
  by.linear("mar.z_proj", encoder, c.token_channels());
  by.norm("mar.z_proj_ln", encoder);
  for (int i = 0; i < c.encoder_depth; ++i)
    by.block("mar.encoder_blocks." + std::to_string(i), encoder, c.encoder_hidden());
  by.norm("mar.encoder_norm", encoder);
  by.linear("mar.decoder_embed", decoder, encoder);
  for (int i = 0; i < c.decoder_depth; ++i)
    by.block("mar.decoder_blocks." + std::to_string(i), decoder, c.decoder_hidden());
  by.norm("mar.decoder_norm", decoder);
}

void draw_head(drawer& by, mar::config const& c) {
  std::string const head = "mar.diffloss.net.";
  int const width = c.diffloss_w, channels = c.token_channels();
  by.linear(head + "time_embed.mlp.0", width, 256);
  by.linear(head + "time_embed.mlp.2", width, width);
  by.linear(head + "cond_embed", width, c.decoder_embed_dim);
  by.linear(head + "input_proj", width, channels);
  for (int i = 0; i < c.diffloss_d; ++i) {
    std::string const name = head + "res_blocks." + std::to_string(i);
    by.norm(name + ".in_ln", width);
    by.linear(name + ".mlp.0", width, width);
    by.linear(name + ".mlp.2", width, width);
    by.linear(name + ".adaLN_modulation.1", 3 * width, width);
  }
  by.linear(head + "final_layer.linear", 2 * channels, width);
  by.linear(head + "final_layer.adaLN_modulation.1", 2 * width, width);
}

}  // namespace

config untrained_config() {
  config c;
  c.llm = {.vocab_size = 256,
           .hidden_size = 64,
           .num_hidden_layers = 2,
           .num_attention_heads = 4,
           .num_key_value_heads = 2,
           .intermediate_size = 128,
           .max_position_embeddings = 1 << 15,
           .rope_theta = 1e6,
           .rms_norm_eps = 1e-6};
  c.mar = {.img_size = 128,
           .vae_stride = 16,
           .patch_size = 1,
           .encoder_embed_dim = 64,
           .encoder_depth = 2,
           .encoder_num_heads = 4,
           .decoder_embed_dim = 64,
           .decoder_depth = 2,
           .decoder_num_heads = 4,
           .mlp_ratio = 4.0,
           .vae_embed_dim = 16,
           .class_num = 1,
           .buffer_size = 8,
           .diffloss_d = 2,
           .diffloss_w = 64};
  return c;
}

safetensors untrained_weights(config const& sizes, std::uint64_t seed) {
  drawer by(seed);
  draw_language_model(by, sizes.llm);
  draw_mar(by, sizes.mar);
  for (auto const& [name, out, in] : {std::tuple{"proj_in", sizes.llm.hidden_size, sizes.mar.encoder_embed_dim},
                                      std::tuple{"proj_out", sizes.mar.encoder_embed_dim, sizes.llm.hidden_size}}) {
    by.linear(std::string(name) + ".0", sizes.llm.hidden_size, in);
    by.linear(std::string(name) + ".2", out, sizes.llm.hidden_size);
  }
  draw_head(by, sizes.mar);
  return by.done("untrained");
}

prompt untrained_ids(std::string const& text) {
  prompt ids;
  for (char const c : text) ids.push_back(static_cast<unsigned char>(c));
  return ids;
}

}  // namespace examples::harmon
