// SPDX-License-Identifier: Apache-2.0
//
// MAR's transformer: its weights found in their file, and packed when they are needed.
#include "backbone.hpp"

#include <algorithm>
#include <cstddef>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>

#include "backbone_memory.hpp"
#include "cached_conditioning.hpp"
#include "common/error.hpp"
#include "conditioning.hpp"
#include "packed_backbone.hpp"

namespace examples::mar {
namespace {

std::vector<transformer::block> load_blocks(safetensors const& weights, std::string const& name, int depth, int width,
                                            int heads, int hidden) {
  std::vector<transformer::block> blocks;
  blocks.reserve(static_cast<std::size_t>(depth));
  for (int i = 0; i < depth; ++i) {
    blocks.push_back(transformer::block::load(weights, name + "." + std::to_string(i), width, heads, hidden));
  }
  return blocks;
}

// Packed once, by whoever comes first; if that fails the next one tries again.
template <class Storage>
class packed_once {
 public:
  packed_backbone<Storage> const& get(config const& sizes, backbone::parts const& from, ardent::simd_level level) {
    std::call_once(once_, [&] { packed_.emplace(sizes, from, level); });
    return *packed_;
  }

 private:
  std::once_flag once_;
  std::optional<packed_backbone<Storage>> packed_;
};

}  // namespace

struct backbone::packed_formats {
  packed_once<float> float32;
  packed_once<ardent::bfloat16> bfloat16;
};

backbone::backbone(config const& sizes, safetensors const& weights, ardent::simd_level level)
    : config_(sizes), level_(level), packed_(std::make_unique<packed_formats>()) {
  int const encoder_width = sizes.encoder_embed_dim;
  int const decoder_width = sizes.decoder_embed_dim;
  int const rows = sizes.buffer_size + sizes.seq_len();
  parts_.z_proj = transformer::linear::load(weights, "z_proj", encoder_width, sizes.token_channels());
  parts_.z_proj_ln = transformer::layer_norm::load(weights, "z_proj_ln", encoder_width);
  parts_.class_emb = weights.tensor("class_emb.weight", {sizes.class_num, encoder_width});
  parts_.fake_latent = weights.tensor("fake_latent", {1, encoder_width});
  parts_.encoder_pos = weights.tensor("encoder_pos_embed_learned", {1, rows, encoder_width});
  parts_.encoder = load_blocks(weights, "encoder_blocks", sizes.encoder_depth, encoder_width, sizes.encoder_num_heads,
                               sizes.encoder_hidden());
  parts_.encoder_norm = transformer::layer_norm::load(weights, "encoder_norm", encoder_width);
  parts_.decoder_embed = transformer::linear::load(weights, "decoder_embed", decoder_width, encoder_width);
  parts_.decoder_pos = weights.tensor("decoder_pos_embed_learned", {1, rows, decoder_width});
  parts_.decoder = load_blocks(weights, "decoder_blocks", sizes.decoder_depth, decoder_width, sizes.decoder_num_heads,
                               sizes.decoder_hidden());
  parts_.decoder_norm = transformer::layer_norm::load(weights, "decoder_norm", decoder_width);
  parts_.diffusion_pos = weights.tensor("diffusion_pos_embed_learned", {1, sizes.seq_len(), decoder_width});
  parts_.mask_token = weights.tensor("mask_token", {1, 1, decoder_width});
  check_nothing_left_over(weights);
}

backbone::~backbone() = default;
backbone::backbone(backbone&&) noexcept = default;
backbone& backbone::operator=(backbone&&) noexcept = default;

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

void backbone::parts::mask_rows(float* rows) const {
  float_values const token = mask_token.values(), positions = decoder_pos.values();
  std::size_t const width = token.size(), count = diffusion_pos.size();
  float const* const from = positions.data() + (positions.size() - count);  // behind the buffer's
  for (std::size_t i = 0; i < count; ++i) rows[i] = token.data()[i % width] + from[i];
}

void backbone::check_label(std::int64_t label) const {
  if (label >= 0 && label < config_.class_num) return;
  throw input_error("label " + std::to_string(label) + ": expected a class from 0 to " +
                    std::to_string(config_.class_num - 1));
}

void backbone::pack(matrix_format format) const {
  if (format == matrix_format::float32) {
    static_cast<void>(packed_->float32.get(config_, parts_, level_));
  } else {
    static_cast<void>(packed_->bfloat16.get(config_, parts_, level_));
  }
}

void backbone::condition(int label, float const* tokens, std::uint8_t const* known, int const* positions, int count,
                         float* z, scratch& work, history* kept) const {
  if (label >= config_.class_num) throw std::invalid_argument("mar::backbone: label out of range");
  if (work.sizes_ != config_) throw std::invalid_argument("mar::backbone: scratch of a backbone of other sizes");
  if (kept != nullptr && (kept->of_ != packed_.get() || kept->format_ != work.format_)) {
    throw std::invalid_argument("mar::backbone: history of another backbone, or of another format");
  }
  auto const by = [&](auto const& packed) {
    conditioning(config_, packed, work, kept).run(label, tokens, known, positions, count, z);
  };
  if (work.format_ == matrix_format::float32) {
    by(packed_->float32.get(config_, parts_, level_));
  } else {
    by(packed_->bfloat16.get(config_, parts_, level_));
  }
}

void backbone::advance(sequence_step const& step, retention const& keep, float* decoded, scratch& work,
                       cached_sequence& state) const {
  if (step.label >= config_.class_num) throw std::invalid_argument("mar::backbone: label out of range");
  if (work.sizes_ != config_) throw std::invalid_argument("mar::backbone: scratch of a backbone of other sizes");
  if (state.of_ != packed_.get() || state.format_ != work.format_) {
    throw std::invalid_argument("mar::backbone: sequence of another backbone, or of another format");
  }
  auto const by = [&](auto const& packed) {
    cached_conditioning(config_, packed, keep, work, state).run(step, decoded);
  };
  if (work.format_ == matrix_format::float32) {
    by(packed_->float32.get(config_, parts_, level_));
  } else {
    by(packed_->bfloat16.get(config_, parts_, level_));
  }
}

void backbone::finish(float const* decoded, int const* positions, int count, float* z, scratch& work) const {
  auto const by = [&](auto const& packed) {
    std::ptrdiff_t const width = config_.decoder_embed_dim;
    for (int i = 0; i < count; ++i) {
      float const* const from = decoded + (config_.buffer_size + positions[i]) * width;
      std::copy_n(from, width, z + i * width);
    }
    transformer::apply(packed.decoder_norm, z, count, z, work.blocks_);
    for (int i = 0; i < count; ++i) {
      float const* const position = packed.diffusion_pos + positions[i] * width;
      for (std::ptrdiff_t c = 0; c < width; ++c) z[i * width + c] += position[c];
    }
  };
  if (work.format_ == matrix_format::float32) {
    by(packed_->float32.get(config_, parts_, level_));
  } else {
    by(packed_->bfloat16.get(config_, parts_, level_));
  }
}

}  // namespace examples::mar
