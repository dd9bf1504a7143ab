// SPDX-License-Identifier: Apache-2.0
//
// MAR's transformer once more, for the tests: double precision, plain loops, no cleverness, straight from the
// description of the network. The sequence stays in raster order and every row goes through every block.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "random_weights.hpp"

namespace naive_mar {

using row = std::vector<double>;
using rows = std::vector<row>;

class network {
 public:
  std::map<std::string, tensor> weights;  ///< under the official names

  network(sizes const& s, unsigned seed) : weights(random_weights(s, seed).values), sizes_(s) {}

  /// Conditions of all tokens, known or not.
  rows condition(int label, std::vector<float> const& tokens, std::vector<std::uint8_t> const& known) const {
    sizes const& s = sizes_;
    rows seen;
    for (int i = 0; i < s.buffer + s.tokens; ++i) {
      bool const is_buffer = i < s.buffer;
      if (!is_buffer && known[at(i - s.buffer)] == 0) continue;
      row x = !is_buffer  ? linear("z_proj", token(tokens, i - s.buffer))
              : label < 0 ? table("fake_latent", 0, s.encoder_width)
                          : table("class_emb.weight", label, s.encoder_width);
      seen.push_back(norm("z_proj_ln", plus(x, table("encoder_pos_embed_learned", i, s.encoder_width))));
    }
    seen = blocks("encoder", s.encoder_depth, s.encoder_heads, seen);
    rows all;
    std::size_t next = 0;
    for (int i = 0; i < s.buffer + s.tokens; ++i) {
      bool const is_seen = i < s.buffer || known[at(i - s.buffer)] != 0;
      row const x = is_seen ? linear("decoder_embed", seen[next++]) : table("mask_token", 0, s.decoder_width);
      all.push_back(plus(x, table("decoder_pos_embed_learned", i, s.decoder_width)));
    }
    all = blocks("decoder", s.decoder_depth, s.decoder_heads, all);
    rows z;
    for (int i = 0; i < s.tokens; ++i) {
      z.push_back(plus(all[at(s.buffer + i)], table("diffusion_pos_embed_learned", i, s.decoder_width)));
    }
    return z;
  }

 private:
  sizes sizes_;

  static std::size_t at(int i) { return static_cast<std::size_t>(i); }

  row token(std::vector<float> const& tokens, int i) const {
    auto const first = tokens.begin() + i * sizes_.channels;
    return {first, first + sizes_.channels};
  }
  row table(std::string const& name, int i, int width) const {
    auto const first = weights.at(name).values.begin() + i * width;
    return {first, first + width};
  }
  static row plus(row a, row const& b) {
    for (std::size_t i = 0; i < a.size(); ++i) a[i] += b[i];
    return a;
  }
  row linear(std::string const& name, row const& x) const {
    tensor const& w = weights.at(name + ".weight");
    tensor const& b = weights.at(name + ".bias");
    row y;
    for (std::size_t o = 0; o < b.values.size(); ++o) {
      y.push_back(b.values[o]);
      for (std::size_t i = 0; i < x.size(); ++i) y[o] += x[i] * w.values[o * x.size() + i];
    }
    return y;
  }
  row norm(std::string const& name, row x) const {
    double mean = 0.0;
    double variance = 0.0;
    auto const n = static_cast<double>(x.size());
    for (double v : x) mean += v / n;
    for (double v : x) variance += (v - mean) * (v - mean) / n;
    for (std::size_t i = 0; i < x.size(); ++i) {
      x[i] = (x[i] - mean) / std::sqrt(variance + 1e-6) * weights.at(name + ".weight").values[i] +
             weights.at(name + ".bias").values[i];
    }
    return x;
  }
  rows blocks(std::string const& part, int depth, int heads, rows x) const {
    for (int b = 0; b < depth; ++b) {
      std::string const name = part + "_blocks." + std::to_string(b);
      rows qkv;
      for (row const& r : x) qkv.push_back(linear(name + ".attn.qkv", norm(name + ".norm1", r)));
      for (std::size_t r = 0; r < x.size(); ++r) {
        x[r] = plus(x[r], linear(name + ".attn.proj", attended(qkv, r, heads)));
        row hidden = linear(name + ".mlp.fc1", norm(name + ".norm2", x[r]));
        for (double& h : hidden) h = 0.5 * h * (1.0 + std::erf(h / std::sqrt(2.0)));
        x[r] = plus(x[r], linear(name + ".mlp.fc2", hidden));
      }
    }
    for (row& r : x) r = norm(part + "_norm", r);
    return x;
  }
  static row attended(rows const& qkv, std::size_t query, int heads) {
    std::size_t const width = qkv[0].size() / 3;
    std::size_t const head_width = width / at(heads);
    row result(width, 0.0);
    for (std::size_t first = 0; first < width; first += head_width) {
      row weight;
      double total = 0.0;
      for (row const& key : qkv) {
        double score = 0.0;
        for (std::size_t i = first; i < first + head_width; ++i) score += qkv[query][i] * key[width + i];
        weight.push_back(std::exp(score / std::sqrt(static_cast<double>(head_width))));
        total += weight.back();
      }
      for (std::size_t k = 0; k < qkv.size(); ++k) {
        for (std::size_t i = first; i < first + head_width; ++i) {
          result[i] += weight[k] / total * qkv[k][2 * width + i];
        }
      }
    }
    return result;
  }
};

}  // namespace naive_mar
