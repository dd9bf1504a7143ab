// SPDX-License-Identifier: Apache-2.0
//
// A random network of odd sizes as a safetensors file, with its plain reference, and pictures in progress for it.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "common/files/safetensors.hpp"
#include "mar/backbone_memory.hpp"
#include "naive_backbone.hpp"
#include "support/environment.hpp"

namespace tiny_mar {

/// 9 tokens of 12 channels; widths 24 and 16 with 3 and 4 heads; MLPs of 60 and 40; 3 buffer tokens; 5 classes.
struct network {
  explicit network(int decoder_depth)
      : document(document_of(decoder_depth)),
        reference({.tokens = 9,
                   .channels = 12,
                   .buffer = 3,
                   .classes = 5,
                   .encoder_width = 24,
                   .encoder_depth = 2,
                   .encoder_heads = 3,
                   .encoder_hidden = 60,
                   .decoder_width = 16,
                   .decoder_depth = decoder_depth,
                   .decoder_heads = 4,
                   .decoder_hidden = 40},
                  11) {}

  nlohmann::json document;
  naive_mar::network reference;

  /// Through a file, as a user would.
  examples::mar::backbone load(ardent::simd_level level = ardent::host_level()) const {
    return load(document, reference.weights, level);
  }

  static examples::mar::backbone load(nlohmann::json const& document,
                                      std::map<std::string, naive_mar::tensor> const& weights,
                                      ardent::simd_level level = ardent::host_level()) {
    test::temporary_folder const folder;
    examples::safetensors_writer writer;
    for (auto const& [name, tensor] : weights) writer.add(name, tensor.shape, std::span<float const>(tensor.values));
    std::filesystem::path const file = folder / "tiny.safetensors";
    writer.write(file);
    return {examples::mar::config::from_json(document, "tiny.json"), examples::safetensors::map(file), level};
  }

 private:
  // No braces around the whole: compilers differ on whether an array of one object is meant.
  static nlohmann::json document_of(int decoder_depth) {
    nlohmann::json document;
    document["constructor"] = {
        {"img_size", 12},          {"vae_stride", 2},        {"patch_size", 2},
        {"encoder_embed_dim", 24}, {"encoder_depth", 2},     {"encoder_num_heads", 3},
        {"decoder_embed_dim", 16}, {"decoder_num_heads", 4}, {"decoder_depth", decoder_depth},
        {"mlp_ratio", 2.5},        {"vae_embed_dim", 3},     {"class_num", 5},
        {"buffer_size", 3},        {"diffloss_d", 2},        {"diffloss_w", 32},
    };
    return document;
  }
};

/// Random tokens of which the first known_count of a random order are known. Unknown ones are NaN: nobody may read
/// them.
struct image {
  image(network const& tiny, int known_count, unsigned seed) {
    auto const sizes = examples::mar::config::from_json(tiny.document, "tiny.json");
    auto const length = static_cast<std::size_t>(sizes.seq_len());
    auto const channels = static_cast<std::size_t>(sizes.token_channels());
    std::mt19937 random(seed);
    for (std::size_t i = 0; i < length; ++i) order.push_back(static_cast<int>(i));
    for (std::size_t i = length; i > 1; --i) std::swap(order[i - 1], order[random() % i]);
    known.assign(length, 0);
    tokens.assign(length * channels, std::nanf(""));
    for (std::size_t i = 0; i < static_cast<std::size_t>(known_count); ++i) {
      auto const position = static_cast<std::size_t>(order[i]);
      known[position] = 1;
      for (std::size_t c = 0; c < channels; ++c) {
        tokens[position * channels + c] = static_cast<float>(2.0 * naive_mar::uniform(random));
      }
    }
  }

  /// The last `count` of the order, ascending.
  std::vector<int> choose(int count) const {
    std::vector<int> positions(order.end() - count, order.end());
    std::sort(positions.begin(), positions.end());
    return positions;
  }

  std::vector<int> order;
  std::vector<std::uint8_t> known;
  std::vector<float> tokens;
};

}  // namespace tiny_mar
