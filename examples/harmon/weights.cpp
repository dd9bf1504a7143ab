// SPDX-License-Identifier: Apache-2.0
//
// Finding a Harmon network's tensors, and what does not belong to it.
#include "weights.hpp"

#include <algorithm>
#include <set>
#include <string_view>

#include "common/error.hpp"

namespace examples::harmon {
namespace {

using transformer::block;
using transformer::layer_norm;
using transformer::linear;

projector load_projector(safetensors const& file, std::string const& name, int out, int hidden, int in) {
  return {linear::load(file, name + ".0", hidden, in), linear::load(file, name + ".2", out, hidden)};
}

std::string numbered(char const* stem, int i) { return stem + std::to_string(i); }

std::vector<block> load_blocks(safetensors const& file, char const* stem, int depth, int width, int heads, int hidden) {
  std::vector<block> blocks;
  for (int i = 0; i < depth; ++i) blocks.push_back(block::load(file, numbered(stem, i), width, heads, hidden));
  return blocks;
}

// The names of all tensors that drawing reads.
std::set<std::string, std::less<>> names_of(config const& sizes) {
  std::set<std::string, std::less<>> all;
  auto const add = [&](std::string const& layer) {
    all.insert(layer + ".weight");
    all.insert(layer + ".bias");
  };
  auto const add_blocks = [&](char const* stem, int depth) {
    for (int i = 0; i < depth; ++i)
      for (char const* part : {".norm1", ".attn.qkv", ".attn.proj", ".norm2", ".mlp.fc1", ".mlp.fc2"})
        add(numbered(stem, i) + part);
  };
  for (std::string const& name : language::weights::names(sizes.llm, "llm.model")) all.insert(name);
  for (char const* name : {"proj_in.0", "proj_in.2", "proj_out.0", "proj_out.2", "mar.z_proj", "mar.z_proj_ln",
                           "mar.encoder_norm", "mar.decoder_embed", "mar.decoder_norm"})
    add(name);
  for (char const* name : {"mar.fake_latent", "mar.encoder_pos_embed_learned", "mar.mask_token",
                           "mar.decoder_pos_embed_learned", "mar.diffusion_pos_embed_learned"})
    all.insert(name);
  add_blocks("mar.encoder_blocks.", sizes.mar.encoder_depth);
  add_blocks("mar.decoder_blocks.", sizes.mar.decoder_depth);
  std::string const head = "mar.diffloss.net.";
  for (char const* name : {"time_embed.mlp.0", "time_embed.mlp.2", "cond_embed", "input_proj", "final_layer.linear",
                           "final_layer.adaLN_modulation.1"})
    add(head + name);
  for (int i = 0; i < sizes.mar.diffloss_d; ++i)
    for (char const* part : {".in_ln", ".mlp.0", ".mlp.2", ".adaLN_modulation.1"})
      add(numbered((head + "res_blocks.").c_str(), i) + part);
  return all;
}

bool is_unused(std::string_view name) {
  return name == "mar.class_emb.weight" || name == "llm.lm_head.weight" || name.starts_with("vae.") ||
         (name.starts_with("llm.") && name.ends_with("rotary_emb.inv_freq"));
}

// The head's depth is read off its tensors, so that one which is missing there could be told as another mistake.
void check_names(config const& sizes, safetensors const& file, std::span<std::string const> aside) {
  auto const known = names_of(sizes);
  for (std::string const& name : known) static_cast<void>(file.view(name));  // says so if it is missing
  for (std::string const& name : file.names()) {
    auto const begins = [&](std::string const& prefix) { return name.starts_with(prefix); };
    if (known.contains(name) || is_unused(name) || std::ranges::any_of(aside, begins)) continue;
    fail(file.path(), "the tensors of a Harmon network of these sizes and no other", "tensor " + printable(name));
  }
}

}  // namespace

weights weights::load(config const& sizes, safetensors const& file, std::span<std::string const> aside) {
  mar::config const& m = sizes.mar;
  int const encoder = m.encoder_embed_dim, decoder = m.decoder_embed_dim, llm = sizes.llm.hidden_size;
  int const rows = m.buffer_size + m.seq_len();
  check_names(sizes, file, aside);
  weights w;
  w.llm = language::weights::load(sizes.llm, file, "llm.model");
  w.proj_in = load_projector(file, "proj_in", llm, llm, encoder);
  w.proj_out = load_projector(file, "proj_out", encoder, llm, llm);
  w.z_proj = linear::load(file, "mar.z_proj", encoder, m.token_channels());
  w.z_proj_ln = layer_norm::load(file, "mar.z_proj_ln", encoder);
  w.fake_latent = file.tensor("mar.fake_latent", {1, encoder});
  w.encoder_pos = file.tensor("mar.encoder_pos_embed_learned", {1, rows, encoder});
  w.encoder =
      load_blocks(file, "mar.encoder_blocks.", m.encoder_depth, encoder, m.encoder_num_heads, m.encoder_hidden());
  w.encoder_norm = layer_norm::load(file, "mar.encoder_norm", encoder);
  w.decoder_embed = linear::load(file, "mar.decoder_embed", decoder, encoder);
  w.mask_token = file.tensor("mar.mask_token", {1, 1, decoder});
  w.decoder_pos = file.tensor("mar.decoder_pos_embed_learned", {1, rows, decoder});
  w.decoder =
      load_blocks(file, "mar.decoder_blocks.", m.decoder_depth, decoder, m.decoder_num_heads, m.decoder_hidden());
  w.decoder_norm = layer_norm::load(file, "mar.decoder_norm", decoder);
  w.diffusion_pos = file.tensor("mar.diffusion_pos_embed_learned", {1, m.seq_len(), decoder});
  return w;
}

adaln_tensors head_tensors(config const& sizes, safetensors const& file) {
  adaln_tensors tensors(file, "mar.diffloss.net.");
  ardent::adaln_shape<> const shape = tensors.shape();
  auto const check = [&](char const* what, int expected, int found) {
    if (expected == found) return;
    fail(file.path(), std::string("a diffusion head of ") + what + " " + std::to_string(expected),
         std::to_string(found));
  };
  check("token channels", sizes.mar.token_channels(), shape.channels());
  check("outputs", 2 * sizes.mar.token_channels(), shape.outputs());
  check("condition width", sizes.mar.decoder_embed_dim, shape.condition_width());
  check("width", sizes.mar.diffloss_w, shape.width());
  check("depth", sizes.mar.diffloss_d, shape.depth());
  return tensors;
}

}  // namespace examples::harmon
