// SPDX-License-Identifier: Apache-2.0
//
// Finds an xAR network's weights in their file and packs them.
#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "common/error.hpp"
#include "network.hpp"

namespace examples::xar {
namespace {

std::string numbered(char const* name, int i) { return std::string(name) + "_blocks." + std::to_string(i); }

std::vector<transformer::modulated_block> load_blocks(safetensors const& weights, char const* part, int depth,
                                                      int width, int heads, int condition_width) {
  std::vector<transformer::modulated_block> blocks;
  for (int i = 0; i < depth; ++i) {
    std::string const name = numbered(part, i);
    int const hidden = transformer::gated_mlp::hidden_in(weights, name + ".mlp");
    blocks.push_back(
        transformer::modulated_block::load(weights, name, width, heads, hidden, "ada_lin.1", condition_width, true));
  }
  return blocks;
}

// The map's coordinates, cell by cell.
transformer::rotary_table rotations_of(config const& sizes, int head_width) {
  std::vector<float> rows, columns;
  for (int cell = 0; cell < sizes.cells(); ++cell) {
    int const top = cell / sizes.cells_across * sizes.cell_height, left = cell % sizes.cells_across * sizes.cell_width;
    for (int j = 0; j < sizes.cell_tokens(); ++j) {
      int const row = top + j / sizes.cell_width, column = left + j % sizes.cell_width;
      rows.push_back(static_cast<float>(row));
      columns.push_back(static_cast<float>(column));
    }
  }
  return {rows, columns, head_width};
}

}  // namespace

/// The weights in their file.
struct network::loaded {
  transformer::time_embedding time;
  transformer::linear z_proj, decoder_embed, pred;
  float_tensor classes, z_norm, encoder_positions, encoder_norm, decoder_positions, decoder_norm;
  std::vector<transformer::modulated_block> encoder, decoder;

  loaded(config const& sizes, safetensors const& weights) {
    using transformer::linear;
    int const encoder_width = sizes.encoder_embed_dim, decoder_width = sizes.decoder_embed_dim,
              channels = sizes.token_channels();
    time = transformer::time_embedding::load(weights, "time_embed", encoder_width);
    z_proj = linear::load(weights, "z_proj", encoder_width, channels);
    decoder_embed = linear::load(weights, "decoder_embed", decoder_width, encoder_width);
    pred = linear::load(weights, "pred", channels, decoder_width);
    classes = weights.tensor("class_emb.weight", {sizes.class_embedding_rows, encoder_width});
    z_norm = weights.tensor("z_proj_ln.weight", {encoder_width});
    encoder_positions = weights.tensor("encoder_pos_embed_learned", {1, sizes.seq_len(), encoder_width});
    encoder_norm = weights.tensor("encoder_norm.weight", {encoder_width});
    decoder_positions = weights.tensor("decoder_pos_embed_learned", {1, sizes.seq_len(), decoder_width});
    decoder_norm = weights.tensor("decoder_norm.weight", {decoder_width});
    encoder =
        load_blocks(weights, "encoder", sizes.encoder_depth, encoder_width, sizes.encoder_num_heads, encoder_width);
    decoder =
        load_blocks(weights, "decoder", sizes.decoder_depth, decoder_width, sizes.decoder_num_heads, encoder_width);
  }
};

network::network(config const& sizes, safetensors const& weights, ardent::simd_level level)
    : config_(sizes), level_(level) {
  loaded const from(sizes, weights);
  check_nothing_left_over(weights);
  for (auto const* part : {&from.encoder, &from.decoder})
    for (auto const& block : *part) hidden_ = std::max(hidden_, block.mlp.gate.out);
  encoder_.width = sizes.encoder_embed_dim;
  decoder_.width = sizes.decoder_embed_dim;
  encoder_.rotations = rotations_of(sizes, sizes.encoder_embed_dim / sizes.encoder_num_heads);
  decoder_.rotations = rotations_of(sizes, sizes.decoder_embed_dim / sizes.decoder_num_heads);
  transformer::packer counting(nullptr);
  lay_out(counting, from);
  memory_ = aligned_memory(counting.used());
  transformer::packer writing(memory_.data());
  lay_out(writing, from);
  writing.write();
}

void network::lay_out(transformer::packer& by, loaded const& from) {
  time_ = transformer::pack(by, from.time);
  classes_ = by.add(from.classes);
  encoder_.enter = by.add<float>(from.z_proj);
  encoder_.positions = by.add(from.encoder_positions);
  encoder_.enter_norm = by.add(from.z_norm);
  encoder_.leave_norm = by.add(from.encoder_norm);
  decoder_.enter = by.add<float>(from.decoder_embed);
  decoder_.positions = by.add(from.decoder_positions);
  decoder_.leave_norm = by.add(from.decoder_norm);
  encoder_.blocks.clear();
  decoder_.blocks.clear();
  for (auto const& block : from.encoder) encoder_.blocks.push_back(transformer::pack(by, block));
  for (auto const& block : from.decoder) decoder_.blocks.push_back(transformer::pack(by, block));
  pred_ = by.add<float>(from.pred);
}

void network::check_label(std::int64_t label) const {
  if (label >= 0 && label < config_.class_embedding_rows) return;
  throw input_error("expected a label from 0 to " + std::to_string(config_.class_embedding_rows - 1) + ", found " +
                    std::to_string(label));
}

void network::check_nothing_left_over(safetensors const& weights) const {
  for (auto const& [part, depth] :
       {std::pair{"encoder", config_.encoder_depth}, std::pair{"decoder", config_.decoder_depth}}) {
    std::string const next = numbered(part, depth) + ".attn.qkv.weight";
    if (weights.contains(next))
      fail(weights.path(), std::to_string(depth) + " blocks of the " + part, "one more, " + next);
  }
}

}  // namespace examples::xar
