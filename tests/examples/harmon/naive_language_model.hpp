// SPDX-License-Identifier: Apache-2.0
//
// A Qwen2-style language model written down plainly, in double, with random weights under the official names.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "common/files/safetensors.hpp"
#include "common/network/language_weights.hpp"
#include "support/made_numbers.hpp"

namespace naive {

using row = std::vector<double>;

/// @brief The model. Nothing is left at zero or one, so that each weight shows in the result.
class language_model {
 public:
  language_model(examples::language::config const& sizes, std::uint64_t seed) : sizes_(sizes), numbers_(seed) {
    int const width = sizes.hidden_size, hidden = sizes.intermediate_size;
    draw("m.embed_tokens.weight", {sizes.vocab_size, width}, 1, 0);
    draw("m.norm.weight", {width}, 0.3, 1);
    for (int i = 0; i < sizes.num_hidden_layers; ++i) {
      std::string const name = "m.layers." + std::to_string(i);
      draw(name + ".input_layernorm.weight", {width}, 0.3, 1);
      draw(name + ".post_attention_layernorm.weight", {width}, 0.3, 1);
      for (auto const& [part, out] :
           {std::pair{"q", width}, std::pair{"k", sizes.key_width()}, std::pair{"v", sizes.key_width()}}) {
        draw(name + ".self_attn." + part + "_proj.weight", {out, width}, 1 / std::sqrt(width), 0);
        draw(name + ".self_attn." + part + "_proj.bias", {out}, 0.5, 0);
      }
      draw(name + ".self_attn.o_proj.weight", {width, width}, 1 / std::sqrt(width), 0);
      draw(name + ".mlp.gate_proj.weight", {hidden, width}, 1 / std::sqrt(width), 0);
      draw(name + ".mlp.up_proj.weight", {hidden, width}, 1 / std::sqrt(width), 0);
      draw(name + ".mlp.down_proj.weight", {width, hidden}, 1 / std::sqrt(hidden), 0);
    }
  }

  /// @brief Its tensors, but one if it is named.
  [[nodiscard]] examples::safetensors tensors(std::string const& left_out = "") const {
    examples::safetensors_writer writer;
    for (auto const& [name, one] : weights_)
      if (name != left_out) writer.add(name, one.shape, std::span<float const>(one.values));
    return writer.in_memory("naive");
  }

  [[nodiscard]] row embedding(int id) const { return part("m.embed_tokens.weight", id, sizes_.hidden_size); }

  /// @brief Last hidden states of rows at positions 0, 1, ..., each seeing itself and those before it.
  [[nodiscard]] std::vector<row> operator()(std::vector<row> x) const {
    for (int i = 0; i < sizes_.num_hidden_layers; ++i) add_layer("m.layers." + std::to_string(i), x);
    for (row& one : x) one = normed("m.norm", one);
    return x;
  }

 private:
  struct tensor {
    std::vector<std::int64_t> shape;
    std::vector<float> values;
  };

  void draw(std::string const& name, std::vector<std::int64_t> const& shape, double scale, double centre) {
    std::int64_t count = 1;
    for (std::int64_t const n : shape) count *= n;
    weights_[name] = {shape, numbers_.normals(static_cast<int>(count), scale, centre)};
  }
  row part(std::string const& name, int which, int width) const {
    auto const begin = weights_.at(name).values.begin() + static_cast<std::ptrdiff_t>(which) * width;
    return {begin, begin + width};
  }
  row linear(std::string const& name, row const& x) const {
    tensor const& w = weights_.at(name + ".weight");
    row y(static_cast<std::size_t>(w.shape[0]));
    auto const bias = weights_.find(name + ".bias");
    for (std::size_t o = 0; o < y.size(); ++o) {
      y[o] = bias == weights_.end() ? 0.0 : double{bias->second.values[o]};
      for (std::size_t i = 0; i < x.size(); ++i) y[o] += double{w.values[o * x.size() + i]} * x[i];
    }
    return y;
  }
  row normed(std::string const& name, row x) const {
    double sum = 0;
    for (double const v : x) sum += v * v;
    double const factor = 1 / std::sqrt(sum / static_cast<double>(x.size()) + sizes_.rms_norm_eps);
    std::vector<float> const& weight = weights_.at(name + ".weight").values;
    for (std::size_t i = 0; i < x.size(); ++i) x[i] *= factor * double{weight[i]};
    return x;
  }
  void rotate(row& x, std::size_t position) const {
    auto const head = static_cast<std::size_t>(sizes_.head_width()), half = head / 2;
    for (std::size_t begin = 0; begin < x.size(); begin += head)
      for (std::size_t p = 0; p < half; ++p) {
        double const angle = static_cast<double>(position) *
                             std::pow(sizes_.rope_theta, -2.0 * static_cast<double>(p) / static_cast<double>(head));
        double const a = x[begin + p], b = x[begin + p + half];
        x[begin + p] = a * std::cos(angle) - b * std::sin(angle);
        x[begin + p + half] = b * std::cos(angle) + a * std::sin(angle);
      }
  }

  void add_layer(std::string const& name, std::vector<row>& x) const {
    auto const head = static_cast<std::size_t>(sizes_.head_width());
    std::vector<row> q, k, v;
    for (std::size_t r = 0; r < x.size(); ++r) {
      row const y = normed(name + ".input_layernorm", x[r]);
      q.push_back(linear(name + ".self_attn.q_proj", y));
      k.push_back(linear(name + ".self_attn.k_proj", y));
      v.push_back(linear(name + ".self_attn.v_proj", y));
      rotate(q[r], r);
      rotate(k[r], r);
    }
    for (std::size_t r = 0; r < x.size(); ++r) {
      row mixed(x[r].size());
      for (std::size_t h = 0; h < x[r].size() / head; ++h) {
        std::size_t const own = h * head, shared = h / static_cast<std::size_t>(sizes_.sharing()) * head;
        row shares;
        double sum = 0;
        for (std::size_t s = 0; s <= r; ++s) {
          double score = 0;
          for (std::size_t c = 0; c < head; ++c) score += q[r][own + c] * k[s][shared + c];
          sum += shares.emplace_back(std::exp(score / std::sqrt(static_cast<double>(head))));
        }
        for (std::size_t s = 0; s <= r; ++s)
          for (std::size_t c = 0; c < head; ++c) mixed[own + c] += shares[s] / sum * v[s][shared + c];
      }
      add(linear(name + ".self_attn.o_proj", mixed), x[r]);
      row const y = normed(name + ".post_attention_layernorm", x[r]);
      row gate = linear(name + ".mlp.gate_proj", y);
      row const up = linear(name + ".mlp.up_proj", y);
      for (std::size_t i = 0; i < gate.size(); ++i) gate[i] *= up[i] / (1 + std::exp(-gate[i]));
      add(linear(name + ".mlp.down_proj", gate), x[r]);
    }
  }
  static void add(row const& more, row& to) {
    for (std::size_t i = 0; i < to.size(); ++i) to[i] += more[i];
  }

  examples::language::config sizes_;
  test::made_numbers numbers_;
  std::map<std::string, tensor> weights_;
};

}  // namespace naive
