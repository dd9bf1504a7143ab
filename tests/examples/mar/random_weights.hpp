// SPDX-License-Identifier: Apache-2.0
//
// Random weights for a MAR transformer of any size, under the official parameter names. Nothing is left at zero or one,
// so that each of them shows in the result.
#pragma once

#include <cmath>
#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace naive_mar {

/// Uniform in [-1, 1), the same with every standard library.
inline double uniform(std::mt19937& random) { return static_cast<double>(random()) / 2147483648.0 - 1.0; }

struct tensor {
  std::vector<std::int64_t> shape;
  std::vector<float> values;
};

struct sizes {
  int tokens, channels, buffer, classes;
  int encoder_width, encoder_depth, encoder_heads, encoder_hidden;
  int decoder_width, decoder_depth, decoder_heads, decoder_hidden;
};

/// Draws the weights when it is constructed.
class random_weights {
 public:
  std::map<std::string, tensor> values;  ///< under the official names

  random_weights(sizes const& s, unsigned seed) : random_(seed) {
    std::int64_t const sequence = s.buffer + s.tokens;
    draw("z_proj", s.encoder_width, s.channels);
    draw("z_proj_ln", s.encoder_width);
    draw_values("class_emb.weight", {s.classes, s.encoder_width}, 0.0, 1.0);
    draw_values("fake_latent", {1, s.encoder_width}, 0.0, 1.0);
    draw_values("encoder_pos_embed_learned", {1, sequence, s.encoder_width}, 0.0, 1.0);
    draw_blocks("encoder", s.encoder_depth, s.encoder_width, s.encoder_hidden);
    draw("decoder_embed", s.decoder_width, s.encoder_width);
    draw_values("mask_token", {1, 1, s.decoder_width}, 0.0, 1.0);
    draw_values("decoder_pos_embed_learned", {1, sequence, s.decoder_width}, 0.0, 1.0);
    draw_blocks("decoder", s.decoder_depth, s.decoder_width, s.decoder_hidden);
    draw_values("diffusion_pos_embed_learned", {1, s.tokens, s.decoder_width}, 0.0, 1.0);
  }

 private:
  std::mt19937 random_;

  void draw_values(std::string const& name, std::vector<std::int64_t> shape, double centre, double spread) {
    std::int64_t count = 1;
    for (std::int64_t n : shape) count *= n;
    tensor t{std::move(shape), {}};
    for (std::int64_t i = 0; i < count; ++i) {
      t.values.push_back(static_cast<float>(centre + spread * uniform(random_)));
    }
    values[name] = t;
  }
  void draw(std::string const& name, int out, int in) {
    draw_values(name + ".weight", {out, in}, 0.0, 2.0 / std::sqrt(in));
    draw_values(name + ".bias", {out}, 0.0, 0.5);
  }
  void draw(std::string const& name, int width) {
    draw_values(name + ".weight", {width}, 1.0, 0.5);
    draw_values(name + ".bias", {width}, 0.0, 0.5);
  }
  void draw_blocks(std::string const& part, int depth, int width, int hidden) {
    for (int i = 0; i < depth; ++i) {
      std::string const name = part + "_blocks." + std::to_string(i);
      draw(name + ".norm1", width);
      draw(name + ".attn.qkv", 3 * width, width);
      draw(name + ".attn.proj", width, width);
      draw(name + ".norm2", width);
      draw(name + ".mlp.fc1", hidden, width);
      draw(name + ".mlp.fc2", width, hidden);
    }
    draw(part + "_norm", width);
  }
};

}  // namespace naive_mar
