// SPDX-License-Identifier: Apache-2.0
//
// Finding FlowAR's weights in their file, and packing them.
#include "network.hpp"

#include <algorithm>
#include <string>

#include "common/error.hpp"
#include "common/network/resize.hpp"

namespace examples::flowar {
namespace {

using transformer::linear;

std::string numbered(std::string const& stem, int i) { return stem + "." + std::to_string(i); }

// A shallower network would otherwise run without notice.
void check_depth(safetensors const& weights, std::string const& stem, int depth) {
  std::string const next = numbered(stem, depth) + ".";
  for (std::string const& name : weights.names())
    if (name.starts_with(next)) fail(weights.path(), std::to_string(depth) + " " + stem, "tensor " + printable(name));
}

std::vector<transformer::modulated_block> load_blocks(safetensors const& weights, std::string const& stem, int depth,
                                                      int width, int heads, int condition_width) {
  std::vector<transformer::modulated_block> blocks;
  for (int i = 0; i < depth; ++i) {
    std::string const name = numbered(stem, i);
    int const hidden = transformer::gated_mlp::hidden_in(weights, name + ".mlp");
    blocks.push_back(
        transformer::modulated_block::load(weights, name, width, heads, hidden, "ada_lin.1", condition_width, true));
  }
  check_depth(weights, stem, depth);
  return blocks;
}

}  // namespace

// The tensors in their file.
struct network::parts {
  struct flow_layer {
    transformer::attention attend;
    transformer::gated_mlp mlp;
    linear modulation, mlp_modulation;
    transformer::cross_attention cross;
  };

  parts(config const& c, safetensors const& weights)
      : z_proj(linear::load(weights, "z_proj", c.encoder_embed_dim, c.vae_embed_dim)),
        z_proj_norm(weights.tensor("z_proj_ln.weight", {c.encoder_embed_dim})),
        class_emb(weights.tensor("class_emb.weight", {c.class_embedding_rows, c.encoder_embed_dim})),
        encoder_pos(weights.tensor("encoder_pos_embed_learned", {1, c.seq_len(), c.encoder_embed_dim})),
        decoder_pos(weights.tensor("decoder_pos_embed_learned", {1, c.seq_len(), c.decoder_embed_dim})),
        diffusion_pos(weights.tensor("diffusion_pos_embed_learned", {1, c.seq_len(), c.decoder_embed_dim})),
        encoder(load_blocks(weights, "encoder_blocks", c.encoder_depth, c.encoder_embed_dim, c.encoder_num_heads,
                            c.encoder_embed_dim)),
        decoder(load_blocks(weights, "decoder_blocks", c.decoder_depth, c.decoder_embed_dim, c.decoder_num_heads,
                            c.encoder_embed_dim)),
        encoder_norm(weights.tensor("encoder_norm.weight", {c.encoder_embed_dim})),
        decoder_norm(weights.tensor("decoder_norm.weight", {c.decoder_embed_dim})),
        decoder_embed(linear::load(weights, "decoder_embed", c.decoder_embed_dim, c.encoder_embed_dim)),
        time(transformer::time_embedding::load(weights, "flownet.time_embed", c.diffloss_w)),
        cond_embed(linear::load(weights, "flownet.cond_embed", c.diffloss_w, c.decoder_embed_dim)),
        input_proj(linear::load(weights, "flownet.input_proj", c.diffloss_w, c.vae_embed_dim)),
        final_modulation(
            linear::load(weights, "flownet.final_layer.adaLN_modulation.1", 2 * c.diffloss_w, c.diffloss_w)),
        final_linear(linear::load(weights, "flownet.final_layer.linear", c.vae_embed_dim, c.diffloss_w)) {
    std::string const stem = "flownet.res_blocks";
    int const width = c.diffloss_w, heads = c.flow_heads();
    for (int i = 0; i < c.diffloss_d; ++i) {
      std::string const name = numbered(stem, i);
      int const hidden = transformer::gated_mlp::hidden_in(weights, name + ".mlp");
      flow_layer& layer = flow.emplace_back();
      layer.attend = transformer::attention::load(weights, name + ".attn", width, heads, false);
      layer.mlp = transformer::gated_mlp::load(weights, name + ".mlp", width, hidden);
      if (!c.cross) {
        layer.modulation = linear::load(weights, name + ".ada_lin", 6 * width, width);
        continue;
      }
      layer.modulation = linear::load(weights, name + ".ada_lin_attn", 3 * width, width);
      layer.mlp_modulation = linear::load(weights, name + ".ada_lin_mlp", 3 * width, width);
      layer.cross = transformer::cross_attention::load(weights, name + ".crossattn", name + ".norm2_1",
                                                       name + ".norm2_2", width, c.decoder_embed_dim, heads);
    }
    check_depth(weights, stem, c.diffloss_d);
  }

  linear z_proj;
  float_tensor z_proj_norm, class_emb, encoder_pos, decoder_pos, diffusion_pos;
  std::vector<transformer::modulated_block> encoder, decoder;
  float_tensor encoder_norm, decoder_norm;
  linear decoder_embed;
  transformer::time_embedding time;
  linear cond_embed, input_proj;
  std::vector<flow_layer> flow;
  linear final_modulation, final_linear;
};

// Called twice: without memory for the size, and with it.
void network::lay_out(parts const& from, transformer::packer& by) {
  z_proj = by.add<float>(from.z_proj);
  z_proj_norm = by.add(from.z_proj_norm);
  class_emb = by.add(from.class_emb);
  encoder_pos = by.add(from.encoder_pos);
  decoder_pos = by.add(from.decoder_pos);
  diffusion_pos = by.add(from.diffusion_pos);
  encoder.clear();
  for (transformer::modulated_block const& layer : from.encoder) encoder.push_back(pack(by, layer));
  encoder_norm = by.add(from.encoder_norm);
  decoder_embed = by.add<float>(from.decoder_embed);
  decoder.clear();
  for (transformer::modulated_block const& layer : from.decoder) decoder.push_back(pack(by, layer));
  decoder_norm = by.add(from.decoder_norm);

  time = pack(by, from.time);
  cond_embed = by.add<float>(from.cond_embed);
  input_proj = by.add<float>(from.input_proj);
  flow.clear();
  for (parts::flow_layer const& layer : from.flow) {
    flow_block& to = flow.emplace_back();
    to.attend = pack(by, layer.attend);
    to.mlp = pack(by, layer.mlp);
    to.modulation = by.add<float>(layer.modulation);
    if (!sizes_.cross) continue;
    to.mlp_modulation = by.add<float>(layer.mlp_modulation);
    to.cross = pack(by, layer.cross);
  }
  final_modulation = by.add<float>(from.final_modulation);
  final_linear = by.add<float>(from.final_linear);
}

network::network(config const& sizes, safetensors const& weights) : sizes_(sizes) {
  parts const from(sizes, weights);
  transformer::packer sizing(nullptr);
  lay_out(from, sizing);
  memory_ = aligned_memory(sizing.used());
  transformer::packer packing(memory_.data());
  lay_out(from, packing);
  packing.write();
  for (std::size_t i = 1; i < sizes_.scale.size(); ++i)
    resizing_.push_back(resize_weights(sizes_.scale[i - 1], sizes_.scale[i]));
}

int network::backbone_hidden() const {
  int widest = 0;
  for (auto const& layer : encoder) widest = std::max(widest, layer.mlp.hidden());
  for (auto const& layer : decoder) widest = std::max(widest, layer.mlp.hidden());
  return widest;
}

int network::flow_hidden() const {
  int widest = 0;
  for (auto const& layer : flow) widest = std::max(widest, layer.mlp.hidden());
  return widest;
}

}  // namespace examples::flowar
