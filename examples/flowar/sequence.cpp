// SPDX-License-Identifier: Apache-2.0
//
// A scale's conditions, and the flow head on them.
#include "sequence.hpp"

#include <algorithm>
#include <cstddef>
#include <stdexcept>

#include "common/network/resize.hpp"

namespace examples::flowar {
namespace {

using transformer::half_of;
using transformer::modulation;

constexpr float rotary_extent = 16;  // side of the map that all scales' positions are spread over

std::size_t product(int a, int b) { return static_cast<std::size_t>(a) * static_cast<std::size_t>(b); }

std::ptrdiff_t offset(int row, int width) { return static_cast<std::ptrdiff_t>(row) * width; }

void add(float const* a, std::size_t count, float* to) {
  for (std::size_t i = 0; i < count; ++i) to[i] += a[i];
}

// Where each block's six vectors are that a class makes: they are the same at all scales.
void modulate(std::vector<transformer::packed_modulated_block> const& blocks, float const* activated, float* to,
              transformer::workspace& work) {
  for (auto const& layer : blocks) {
    transformer::apply(layer.modulation, activated, 1, to, work);
    to += layer.modulation.outputs;
  }
}

void run_blocks(std::vector<transformer::packed_modulated_block> const& blocks, float const* modulations, float* x,
                int rows, transformer::rotation const& turn, std::vector<transformer::key_values>& memory,
                transformer::workspace& work) {
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    int const width = blocks[i].attend.width();
    float const* const vectors = modulations + offset(static_cast<int>(i), 6 * width);
    transformer::add_attention(blocks[i].attend, x, rows, half_of(vectors, width, 0, rows), turn, memory[i], rows,
                               work);
    transformer::add_gated_mlp(blocks[i].mlp, x, rows, half_of(vectors, width, 1, rows), work);
  }
}

std::vector<transformer::key_values> memories(int depth, int length, int width) {
  std::vector<transformer::key_values> all;
  all.reserve(static_cast<std::size_t>(depth));
  for (int i = 0; i < depth; ++i) all.emplace_back(length, width);
  return all;
}

int widest(config const& c) { return std::max({c.encoder_embed_dim, c.decoder_embed_dim, c.diffloss_w}); }

}  // namespace

scale_rotations::scale_rotations(config const& sizes, int head_width) {
  for (int const side : sizes.scale)
    tables_.push_back(transformer::rotary_table::of_map(side, rotary_extent, head_width));
}

scratch::scratch(network const& of, ardent::simd_level level)
    : work(of.sizes().seq_len(), widest(of.sizes()), std::max(of.backbone_hidden(), of.flow_hidden()), level),
      map(product(of.sizes().most_tokens(), of.sizes().vae_embed_dim)),
      between(product(of.sizes().most_tokens(), of.sizes().vae_embed_dim)),
      x(product(of.sizes().most_tokens(), widest(of.sizes()))),
      decoded(product(of.sizes().most_tokens(), of.sizes().decoder_embed_dim)),
      activated(product(of.sizes().most_tokens(), of.sizes().diffloss_w)),
      modulations(product(of.sizes().most_tokens(), 6 * of.sizes().diffloss_w)),
      keys(of.sizes().most_tokens(), of.sizes().diffloss_w) {}

sequence::sequence(network const& of, rotations const& turns, int row, scratch& work)
    : of_(of),
      turns_(turns),
      row_(row),
      encoder_(memories(of.sizes().encoder_depth, of.sizes().seq_len(), of.sizes().encoder_embed_dim)),
      decoder_(memories(of.sizes().decoder_depth, of.sizes().seq_len(), of.sizes().decoder_embed_dim)),
      encoder_modulations_(product(of.sizes().encoder_depth, 6 * of.sizes().encoder_embed_dim)),
      decoder_modulations_(product(of.sizes().decoder_depth, 6 * of.sizes().decoder_embed_dim)),
      z_(product(of.sizes().most_tokens(), of.sizes().decoder_embed_dim)),
      embedded_(product(of.sizes().most_tokens(), of.sizes().diffloss_w)),
      contexts_(of.sizes().cross ? product(of.sizes().most_tokens() * of.sizes().diffloss_d, 2 * of.sizes().diffloss_w)
                                 : 0) {
  int const width = of.sizes().encoder_embed_dim;
  float* const activated = work.x.data();
  transformer::silu(of.class_emb + offset(row, width), width, activated, work.work);
  modulate(of.encoder, activated, encoder_modulations_.data(), work.work);
  modulate(of.decoder, activated, decoder_modulations_.data(), work.work);
}

void sequence::condition(int scale, float const* before, scratch& work) {
  config const& sizes = of_.sizes();
  if (scale != 0 && (scale != scale_ + 1 || scale >= sizes.scales()))
    throw std::invalid_argument("flowar::sequence: a scale is conditioned out of turn");
  int const first = sizes.first(scale), encoder_width = sizes.encoder_embed_dim, width = sizes.decoder_embed_dim;
  tokens_ = sizes.tokens(scale);
  scale_ = scale;
  float* const x = work.x.data();
  if (scale == 0) {
    for (auto* const all : {&encoder_, &decoder_})
      for (transformer::key_values& memory : *all) memory.keep(0);
    std::copy_n(of_.class_emb + offset(row_, encoder_width), encoder_width, x);
  } else {
    auto const i = static_cast<std::size_t>(scale);
    resize(of_.resizing(scale), sizes.scale[i - 1], sizes.scale[i], sizes.vae_embed_dim, before, work.between.data(),
           work.map.data());
    transformer::apply(of_.z_proj, work.map.data(), tokens_, x, work.work);
  }
  add(of_.encoder_pos + offset(first, encoder_width), product(tokens_, encoder_width), x);
  transformer::rms_norm(x, tokens_, encoder_width, of_.z_proj_norm, x, work.work);
  run_blocks(of_.encoder, encoder_modulations_.data(), x, tokens_, turns_.encoder.at(scale), encoder_, work.work);
  transformer::rms_norm(x, tokens_, encoder_width, of_.encoder_norm, x, work.work);

  float* const decoded = work.decoded.data();
  transformer::apply(of_.decoder_embed, x, tokens_, decoded, work.work);
  add(of_.decoder_pos + offset(first, width), product(tokens_, width), decoded);
  run_blocks(of_.decoder, decoder_modulations_.data(), decoded, tokens_, turns_.decoder.at(scale), decoder_, work.work);
  transformer::rms_norm(decoded, tokens_, width, of_.decoder_norm, z_.data(), work.work);
  add(of_.diffusion_pos + offset(first, width), product(tokens_, width), z_.data());
  prepare_flow(work);
}

// What the flow head makes of the conditions alone is the same at all times.
void sequence::prepare_flow(scratch& work) {
  transformer::apply(of_.cond_embed, z_.data(), tokens_, embedded_.data(), work.work);
  if (!of_.sizes().cross) return;
  for (int i = 0; i < of_.sizes().diffloss_d; ++i)
    transformer::project_context(
        of_.flow[static_cast<std::size_t>(i)].cross, z_.data(), tokens_, turns_.flow.at(scale_),
        contexts_.data() + offset(i * of_.sizes().most_tokens(), 2 * of_.sizes().diffloss_w), work.work);
}

void sequence::run_flow_block(flow_block const& layer, int i, flow_time const& time, float* x, scratch& work) const {
  int const width = of_.sizes().diffloss_w;
  transformer::rotation const turn = turns_.flow.at(scale_);
  float* const vectors = work.modulations.data();
  work.keys.keep(0);
  if (!of_.sizes().cross) {
    transformer::apply(layer.modulation, work.activated.data(), tokens_, vectors, work.work);
    transformer::add_attention(layer.attend, x, tokens_, half_of(vectors, width, 0, 1), turn, work.keys, 0, work.work);
    transformer::add_gated_mlp(layer.mlp, x, tokens_, half_of(vectors, width, 1, 1), work.work);
    return;
  }
  float const* const of_time = time.modulations + offset(i, 3 * width);
  modulation const same{of_time, of_time + width, of_time + 2 * width, 0, tokens_};
  transformer::add_attention(layer.attend, x, tokens_, same, turn, work.keys, 0, work.work);
  transformer::add_cross_attention(layer.cross, x, tokens_, turn,
                                   contexts_.data() + offset(i * of_.sizes().most_tokens(), 2 * width), tokens_,
                                   work.work);
  transformer::apply(layer.mlp_modulation, work.activated.data(), tokens_, vectors, work.work);
  modulation const each{vectors, vectors + width, vectors + 2 * width, 3 * width, 1};
  transformer::add_gated_mlp(layer.mlp, x, tokens_, each, work.work);
}

void sequence::velocity(flow_time const& time, float const* x, float* v, scratch& work) const {
  int const width = of_.sizes().diffloss_w;
  float* const activated = work.activated.data();
  for (int r = 0; r < tokens_; ++r)
    for (int c = 0; c < width; ++c)
      activated[offset(r, width) + c] = time.embedded[c] + embedded_.data()[offset(r, width) + c];
  transformer::silu(activated, tokens_ * width, activated, work.work);
  float* const h = work.x.data();
  transformer::apply(of_.input_proj, x, tokens_, h, work.work);
  for (int i = 0; i < of_.sizes().diffloss_d; ++i)
    run_flow_block(of_.flow[static_cast<std::size_t>(i)], i, time, h, work);
  float* const vectors = work.modulations.data();
  transformer::apply(of_.final_modulation, activated, tokens_, vectors, work.work);
  modulation const last{nullptr, vectors + width, vectors, 2 * width, 1};  // shift comes first
  transformer::modulated_norm(h, tokens_, width, last, h, work.work);
  transformer::apply(of_.final_linear, h, tokens_, v, work.work);
}

}  // namespace examples::flowar
