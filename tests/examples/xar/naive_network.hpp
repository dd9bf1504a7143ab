// SPDX-License-Identifier: Apache-2.0
//
// xAR's transformer written down plainly, in double: all cells at once under a block-causal mask, no cache. With random
// weights under the official names, none of them zero or one, so that each shows in the result.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "support/made_numbers.hpp"
#include "xar/config.hpp"

namespace naive_xar {

struct tensor {
  std::vector<std::int64_t> shape;
  std::vector<float> values;
};

using rows = std::vector<std::vector<double>>;

/// @brief The network; its weights are drawn when it is constructed.
class network {
 public:
  std::map<std::string, tensor> weights;  ///< under the official names

  network(examples::xar::config const& sizes, int hidden, std::uint64_t seed) : sizes_(sizes), random_(seed) {
    int const encoder = sizes.encoder_embed_dim, decoder = sizes.decoder_embed_dim, channels = sizes.token_channels();
    draw("time_embed.mlp.0", encoder, 256);
    draw("time_embed.mlp.2", encoder, encoder);
    draw("z_proj", encoder, channels);
    draw_values("z_proj_ln.weight", {encoder}, 1, 0.3);
    draw("decoder_embed", decoder, encoder);
    draw("pred", channels, decoder);
    draw_values("class_emb.weight", {sizes.class_embedding_rows, encoder}, 0, 1);
    draw_part("encoder", sizes.encoder_depth, encoder, encoder, hidden);
    draw_part("decoder", sizes.decoder_depth, decoder, encoder, hidden);
  }

  /// @brief The velocities of the last of these cells.
  /// @param cells  tokens of the cells so far, all clean but the last; [cell_tokens][channels] each
  std::vector<double> velocity(int label, int timestep, std::vector<std::vector<float>> const& cells) const {
    int const channels = sizes_.token_channels();
    rows x, conditions;
    for (std::size_t cell = 0; cell < cells.size(); ++cell) {
      conditions.push_back(condition(label, cell + 1 == cells.size() ? timestep : 0));
      for (int j = 0; j < sizes_.cell_tokens(); ++j) {
        auto const first = cells[cell].begin() + static_cast<std::ptrdiff_t>(j) * channels;
        x.emplace_back(first, first + channels);
      }
    }
    x = linear("z_proj", x);
    add_positions("encoder", x);
    x = norm(x, "z_proj_ln.weight");
    blocks("encoder", sizes_.encoder_depth, sizes_.encoder_num_heads, conditions, x);
    x = linear("decoder_embed", norm(x, "encoder_norm.weight"));
    add_positions("decoder", x);
    blocks("decoder", sizes_.decoder_depth, sizes_.decoder_num_heads, conditions, x);
    x = linear("pred", norm(x, "decoder_norm.weight"));
    std::vector<double> last;
    for (std::size_t r = x.size() - static_cast<std::size_t>(sizes_.cell_tokens()); r < x.size(); ++r)
      last.insert(last.end(), x[r].begin(), x[r].end());
    return last;
  }

 private:
  examples::xar::config sizes_;
  test::made_numbers random_;

  void draw_values(std::string const& name, std::vector<std::int64_t> shape, double centre, double scale) {
    std::int64_t count = 1;
    for (std::int64_t const n : shape) count *= n;
    weights[name] = {std::move(shape), random_.normals(static_cast<int>(count), scale, centre)};
  }
  void draw(std::string const& name, int out, int in) {
    draw_values(name + ".weight", {out, in}, 0, 1 / std::sqrt(in));
    draw_values(name + ".bias", {out}, 0, 0.3);
  }
  void draw_part(std::string const& part, int depth, int width, int condition_width, int hidden) {
    draw_values(part + "_pos_embed_learned", {1, sizes_.seq_len(), width}, 0, 0.5);
    draw_values(part + "_norm.weight", {width}, 1, 0.3);
    for (int i = 0; i < depth; ++i) {
      std::string const name = part + "_blocks." + std::to_string(i);
      draw(name + ".attn.qkv", 3 * width, width);
      draw(name + ".attn.proj", width, width);
      draw(name + ".mlp.fc1_g", hidden, width);
      draw(name + ".mlp.fc1_x", hidden, width);
      draw(name + ".mlp.fc2", width, hidden);
      draw(name + ".ada_lin.1", 6 * width, condition_width);
    }
  }

  std::vector<float> const& values(std::string const& name) const { return weights.at(name).values; }

  std::vector<double> linear(std::string const& name, std::vector<double> const& x) const {
    std::vector<float> const &weight = values(name + ".weight"), &bias = values(name + ".bias");
    std::vector<double> y(bias.begin(), bias.end());
    for (std::size_t o = 0; o < y.size(); ++o)
      for (std::size_t i = 0; i < x.size(); ++i) y[o] += static_cast<double>(weight[o * x.size() + i]) * x[i];
    return y;
  }
  rows linear(std::string const& name, rows const& x) const {
    rows y;
    for (auto const& row : x) y.push_back(linear(name, row));
    return y;
  }
  static std::vector<double> silu(std::vector<double> x) {
    for (double& value : x) value /= 1 + std::exp(-value);
    return x;
  }
  static std::vector<double> norm(std::vector<double> x) {
    double sum = 0;
    for (double const value : x) sum += value * value;
    for (double& value : x) value /= std::sqrt(sum / static_cast<double>(x.size()) + 1e-6);
    return x;
  }
  rows norm(rows const& x, std::string const& name) const {
    rows y;
    for (auto const& row : x) {
      y.push_back(norm(row));
      for (std::size_t i = 0; i < row.size(); ++i) y.back()[i] *= static_cast<double>(values(name)[i]);
    }
    return y;
  }

  std::vector<double> condition(int label, int timestep) const {
    std::vector<double> features(256);
    for (std::size_t k = 0; k < 128; ++k) {
      double const angle = timestep * std::pow(10000.0, -static_cast<double>(k) / 128);
      features[k] = std::cos(angle);
      features[128 + k] = std::sin(angle);
    }
    std::vector<double> sum = linear("time_embed.mlp.2", silu(linear("time_embed.mlp.0", features)));
    for (std::size_t i = 0; i < sum.size(); ++i)
      sum[i] += static_cast<double>(values("class_emb.weight")[static_cast<std::size_t>(label) * sum.size() + i]);
    return silu(sum);
  }

  void add_positions(std::string const& part, rows& x) const {
    for (std::size_t r = 0; r < x.size(); ++r)
      for (std::size_t i = 0; i < x[r].size(); ++i)
        x[r][i] += static_cast<double>(values(part + "_pos_embed_learned")[r * x[r].size() + i]);
  }

  // Turns a head of row r by the place of its token in the map.
  void turn(std::size_t r, double* head, std::size_t width) const {
    auto const size = static_cast<std::size_t>(sizes_.cell_tokens());
    std::size_t const cell = r / size, within = r % size;
    auto const across = static_cast<std::size_t>(sizes_.cells_across),
               cell_height = static_cast<std::size_t>(sizes_.cell_height),
               cell_width = static_cast<std::size_t>(sizes_.cell_width);
    double const place[] = {static_cast<double>(cell / across * cell_height + within / cell_width),
                            static_cast<double>(cell % across * cell_width + within % cell_width)};
    for (std::size_t pair = 0; pair < width / 2; ++pair) {
      std::size_t const axis = pair / (width / 4), k = pair % (width / 4);
      double const angle =
          place[axis] * std::pow(10000.0, -2 * static_cast<double>(k) / (static_cast<double>(width) / 2));
      double const x = head[2 * pair], y = head[2 * pair + 1];
      head[2 * pair] = x * std::cos(angle) - y * std::sin(angle);
      head[2 * pair + 1] = y * std::cos(angle) + x * std::sin(angle);
    }
  }

  rows attention(rows qkv, std::size_t width, std::size_t heads) const {
    std::size_t const head_width = width / heads, cell = static_cast<std::size_t>(sizes_.cell_tokens());
    rows out(qkv.size(), std::vector<double>(width, 0.0));
    for (std::size_t r = 0; r < qkv.size(); ++r)
      for (std::size_t h = 0; h < 2 * heads; ++h) turn(r, qkv[r].data() + h * head_width, head_width);  // of q and k
    for (std::size_t r = 0; r < qkv.size(); ++r) {
      std::size_t const visible = (r / cell + 1) * cell;  // its own cell and those before
      for (std::size_t h = 0; h < heads; ++h) {
        std::vector<double> share(visible);
        double sum = 0;
        for (std::size_t s = 0; s < visible; ++s) {
          double score = 0;
          for (std::size_t i = 0; i < head_width; ++i)
            score += qkv[r][h * head_width + i] * qkv[s][width + h * head_width + i];
          sum += share[s] = std::exp(score / std::sqrt(static_cast<double>(head_width)));
        }
        for (std::size_t s = 0; s < visible; ++s)
          for (std::size_t i = 0; i < head_width; ++i)
            out[r][h * head_width + i] += share[s] / sum * qkv[s][2 * width + h * head_width + i];
      }
    }
    return out;
  }

  void blocks(std::string const& part, int depth, int heads, rows const& conditions, rows& x) const {
    std::size_t const width = x[0].size(), cell = static_cast<std::size_t>(sizes_.cell_tokens());
    for (int b = 0; b < depth; ++b) {
      std::string const name = part + "_blocks." + std::to_string(b);
      rows const six = linear(name + ".ada_lin.1", conditions);
      auto const modulated = [&](std::size_t r, std::size_t half) {
        std::vector<double> const& m = six[r / cell];
        std::vector<double> y = norm(x[r]);
        for (std::size_t i = 0; i < width; ++i)
          y[i] = y[i] * (1 + m[(2 + half) * width + i]) + m[(4 + half) * width + i];
        return y;
      };
      auto const add = [&](std::size_t r, std::size_t half, std::vector<double> const& y) {
        for (std::size_t i = 0; i < width; ++i) x[r][i] += six[r / cell][half * width + i] * y[i];
      };
      rows qkv;
      for (std::size_t r = 0; r < x.size(); ++r) qkv.push_back(linear(name + ".attn.qkv", modulated(r, 0)));
      rows const attended = attention(qkv, width, static_cast<std::size_t>(heads));
      for (std::size_t r = 0; r < x.size(); ++r) add(r, 0, linear(name + ".attn.proj", attended[r]));
      for (std::size_t r = 0; r < x.size(); ++r) {
        std::vector<double> const in = modulated(r, 1);
        std::vector<double> gate = linear(name + ".mlp.fc1_g", in);
        std::vector<double> const value = linear(name + ".mlp.fc1_x", in);
        for (std::size_t i = 0; i < gate.size(); ++i) {
          gate[i] = gate[i] * (1 + std::erf(gate[i] / std::sqrt(2.0))) / 2;
          gate[i] *= value[i];
        }
        add(r, 1, linear(name + ".mlp.fc2", gate));
      }
    }
  }
};

}  // namespace naive_xar
