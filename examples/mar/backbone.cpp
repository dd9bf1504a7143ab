// SPDX-License-Identifier: Apache-2.0
//
// MAR's encoder-decoder transformer.
#include "backbone.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>

#include "common/error.hpp"

namespace examples::mar {
namespace {

using transformer::aligned_floats;

aligned_floats floats(int rows, int columns) {
  return aligned_floats(static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns));
}

// Row `row` of a matrix.
float const* row_of(std::vector<float> const& m, int row, int width) {
  return m.data() + static_cast<std::ptrdiff_t>(row) * width;
}
float* row_of(float* m, int row, int width) { return m + static_cast<std::ptrdiff_t>(row) * width; }

// to = a + b
void add(float const* a, float const* b, int width, float* to) {
  for (int i = 0; i < width; ++i) to[i] = a[i] + b[i];
}

std::vector<transformer::block> load_blocks(safetensors const& weights, std::string const& name, int depth, int width,
                                            int heads, int hidden) {
  std::vector<transformer::block> blocks;
  blocks.reserve(static_cast<std::size_t>(depth));
  for (int i = 0; i < depth; ++i) {
    blocks.push_back(transformer::block::load(weights, name + "." + std::to_string(i), width, heads, hidden));
  }
  return blocks;
}

}  // namespace

backbone::scratch::scratch(backbone const& network)
    : sizes_(network.config_),
      order_(static_cast<std::size_t>(sizes_.seq_len())),
      tokens_(floats(sizes_.seq_len(), sizes_.token_channels())),
      encoded_(floats(sizes_.buffer_size + sizes_.seq_len(), sizes_.encoder_embed_dim)),
      decoded_(floats(sizes_.buffer_size + sizes_.seq_len(), sizes_.decoder_embed_dim)),
      blocks_(sizes_.buffer_size + sizes_.seq_len(), std::max(sizes_.encoder_embed_dim, sizes_.decoder_embed_dim),
              std::max(sizes_.encoder_hidden(), sizes_.decoder_hidden())) {}

backbone::backbone(config const& sizes, safetensors const& weights) : config_(sizes) {
  int const encoder_width = sizes.encoder_embed_dim;
  int const decoder_width = sizes.decoder_embed_dim;
  int const rows = sizes.buffer_size + sizes.seq_len();
  z_proj_ = transformer::linear::load(weights, "z_proj", encoder_width, sizes.token_channels());
  z_proj_ln_ = transformer::layer_norm::load(weights, "z_proj_ln", encoder_width);
  class_emb_ = weights.floats("class_emb.weight", {sizes.class_num, encoder_width});
  fake_latent_ = weights.floats("fake_latent", {1, encoder_width});
  encoder_pos_ = weights.floats("encoder_pos_embed_learned", {1, rows, encoder_width});
  encoder_ = load_blocks(weights, "encoder_blocks", sizes.encoder_depth, encoder_width, sizes.encoder_num_heads,
                         sizes.encoder_hidden());
  encoder_norm_ = transformer::layer_norm::load(weights, "encoder_norm", encoder_width);
  decoder_embed_ = transformer::linear::load(weights, "decoder_embed", decoder_width, encoder_width);
  decoder_pos_ = weights.floats("decoder_pos_embed_learned", {1, rows, decoder_width});
  decoder_ = load_blocks(weights, "decoder_blocks", sizes.decoder_depth, decoder_width, sizes.decoder_num_heads,
                         sizes.decoder_hidden());
  decoder_norm_ = transformer::layer_norm::load(weights, "decoder_norm", decoder_width);
  diffusion_pos_ = weights.floats("diffusion_pos_embed_learned", {1, sizes.seq_len(), decoder_width});
  mask_rows_ = weights.floats("mask_token", {1, 1, decoder_width});
  check_nothing_left_over(weights);
  precompute_mask_rows();
}

// Weights of more blocks than the configuration has would otherwise go unnoticed, and a shallower network would run.
void backbone::check_nothing_left_over(safetensors const& weights) const {
  auto const check = [&](std::string const& name, std::string const& stem, int depth) {
    if (!name.starts_with(stem + "_blocks.")) return;
    for (int i = 0; i < depth; ++i) {
      if (name.starts_with(stem + "_blocks." + std::to_string(i) + ".")) return;
    }
    fail(weights.path(), std::to_string(depth) + " blocks (" + stem + "_depth)", "tensor " + printable(name));
  };
  for (std::string const& name : weights.names()) {
    check(name, "encoder", config_.encoder_depth);
    check(name, "decoder", config_.decoder_depth);
  }
}

void backbone::precompute_mask_rows() {
  int const width = config_.decoder_embed_dim;
  int const length = config_.seq_len();
  std::vector<float> const mask_token = std::move(mask_rows_);
  mask_rows_.resize(static_cast<std::size_t>(length) * static_cast<std::size_t>(width));
  for (int i = 0; i < length; ++i) {
    add(mask_token.data(), row_of(decoder_pos_, config_.buffer_size + i, width), width,
        row_of(mask_rows_.data(), i, width));
  }
  transformer::workspace work(length, width, config_.decoder_hidden());
  transformer::project_qkv(decoder_.front(), mask_rows_.data(), 0, length, 0, work);
  mask_qkv_.assign(work.qkv(), work.qkv() + 3 * mask_rows_.size());
}

void backbone::check_label(std::int64_t label) const {
  if (label >= 0 && label < config_.class_num) return;
  throw input_error("label " + std::to_string(label) + ": expected a class from 0 to " +
                    std::to_string(config_.class_num - 1));
}

// Fills work.order_; returns the number of known tokens.
int backbone::arrange(std::uint8_t const* known, int const* positions, int count, scratch& work) const {
  int const length = config_.seq_len();
  int const known_count = length - static_cast<int>(std::count(known, known + length, std::uint8_t{0}));
  if (count < 0 || count > length - known_count) {
    throw std::invalid_argument("mar::backbone: more positions to predict than unknown tokens");
  }
  int* to_known = work.order_.data();
  int* to_unknown = to_known + known_count;
  int next = 0;
  for (int i = 0; i < length; ++i) {
    if (next < count && positions[next] == i && known[i] == 0) {
      ++next;
    } else if (known[i] != 0) {
      *to_known++ = i;
    } else if (to_unknown != work.order_.data() + (length - count)) {
      *to_unknown++ = i;
    }
  }
  if (next != count) {
    throw std::invalid_argument("mar::backbone: positions are not ascending positions of unknown tokens");
  }
  std::copy(positions, positions + count, to_unknown);
  return known_count;
}

// work.encoded_ = encoder_norm(encoder(buffer, known tokens))
void backbone::encode(int label, float const* tokens, int known_count, scratch& work) const {
  int const width = config_.encoder_embed_dim;
  int const channels = config_.token_channels();
  int const buffer = config_.buffer_size;
  int const rows = buffer + known_count;
  float* const x = work.encoded_.data();
  float const* const class_row = label < 0 ? fake_latent_.data() : row_of(class_emb_, label, width);
  for (int i = 0; i < buffer; ++i) add(class_row, row_of(encoder_pos_, i, width), width, row_of(x, i, width));
  for (int i = 0; i < known_count; ++i) {
    float const* const token =
        tokens + static_cast<std::ptrdiff_t>(work.order_[static_cast<std::size_t>(i)]) * channels;
    std::copy(token, token + channels, row_of(work.tokens_.data(), i, channels));
  }
  transformer::apply(z_proj_, work.tokens_.data(), known_count, row_of(x, buffer, width));
  for (int i = 0; i < known_count; ++i) {
    float* const row = row_of(x, buffer + i, width);
    add(row, row_of(encoder_pos_, buffer + work.order_[static_cast<std::size_t>(i)], width), width, row);
  }
  transformer::apply(z_proj_ln_, x, rows, x);
  for (transformer::block const& layer : encoder_) transformer::apply(layer, x, rows, 0, work.blocks_);
  transformer::apply(encoder_norm_, x, rows, x);
}

// work.decoded_ = the decoder's input
void backbone::embed_for_decoder(int known_count, scratch& work) const {
  int const width = config_.decoder_embed_dim;
  int const buffer = config_.buffer_size;
  float* const x = work.decoded_.data();
  transformer::apply(decoder_embed_, work.encoded_.data(), buffer + known_count, x);
  for (int i = 0; i < buffer; ++i) add(row_of(x, i, width), row_of(decoder_pos_, i, width), width, row_of(x, i, width));
  for (int i = 0; i < config_.seq_len(); ++i) {
    int const position = work.order_[static_cast<std::size_t>(i)];
    float* const row = row_of(x, buffer + i, width);
    if (i < known_count) {
      add(row, row_of(decoder_pos_, buffer + position, width), width, row);
    } else {
      float const* const mask_row = row_of(mask_rows_, position, width);
      std::copy(mask_row, mask_row + width, row);
      float const* const qkv = row_of(mask_qkv_, position, 3 * width);
      std::copy(qkv, qkv + 3 * width, row_of(work.blocks_.qkv(), buffer + i, 3 * width));
    }
  }
}

void backbone::condition(int label, float const* tokens, std::uint8_t const* known, int const* positions, int count,
                         float* z, scratch& work) const {
  int const width = config_.decoder_embed_dim;
  int const rows = config_.buffer_size + config_.seq_len();
  if (label >= config_.class_num) throw std::invalid_argument("mar::backbone: label out of range");
  if (work.sizes_ != config_) throw std::invalid_argument("mar::backbone: scratch of a backbone of other sizes");
  int const known_count = arrange(known, positions, count, work);
  if (count == 0) return;
  encode(label, tokens, known_count, work);
  embed_for_decoder(known_count, work);

  float* const x = work.decoded_.data();
  for (transformer::block const& layer : decoder_) {
    // The last block's rows are read only where they were asked for.
    int const first_query = &layer == &decoder_.back() ? rows - count : 0;
    // embed_for_decoder has filled in the rest of the first block.
    int const end = &layer == &decoder_.front() ? config_.buffer_size + known_count : rows;
    transformer::project_qkv(layer, x, 0, end, first_query, work.blocks_);
    transformer::attend_and_mlp(layer, x, rows, first_query, work.blocks_);
  }
  float* const normed = work.blocks_.features();
  transformer::apply(decoder_norm_, row_of(x, rows - count, width), count, normed);
  for (int i = 0; i < count; ++i) {
    add(row_of(normed, i, width), row_of(diffusion_pos_, positions[i], width), width, row_of(z, i, width));
  }
}

}  // namespace examples::mar
