// SPDX-License-Identifier: Apache-2.0
//
// Finding the layers of modulated transformers in a file, and packing them.
#include "modulated_weights.hpp"

#include <cstdint>
#include <vector>

#include "common/error.hpp"

namespace examples::transformer {

attention attention::load(safetensors const& file, std::string const& prefix, int width, int heads, bool qkv_bias) {
  std::string const qkv = prefix + ".qkv";
  return {heads,
          qkv_bias ? linear::load(file, qkv, 3 * width, width) : linear::load_unbiased(file, qkv, 3 * width, width),
          linear::load(file, prefix + ".proj", width, width)};
}

cross_attention cross_attention::load(safetensors const& file, std::string const& prefix, std::string const& norm,
                                      std::string const& context_norm, int width, int context, int heads) {
  return {heads,
          context,
          file.tensor(norm + ".weight", {width}),
          file.tensor(context_norm + ".weight", {context}),
          linear::load_unbiased(file, prefix + ".q", width, width),
          linear::load_unbiased(file, prefix + ".kv", 2 * width, context),
          linear::load(file, prefix + ".proj", width, width)};
}

int gated_mlp::hidden_in(safetensors const& file, std::string const& prefix) {
  std::string const name = prefix + ".fc1_g.weight";
  std::vector<std::int64_t> const shape = file.shape(name);
  constexpr std::int64_t most = 1 << 20;
  if (shape.size() != 2 || shape[0] < 1 || shape[0] > most)
    fail(file.path(), name + " to be a matrix of 1 to " + std::to_string(most) + " rows",
         std::to_string(shape.size()) + " dimensions, the first of " + std::to_string(shape.empty() ? 0 : shape[0]));
  return static_cast<int>(shape[0]);
}

gated_mlp gated_mlp::load(safetensors const& file, std::string const& prefix, int width, int hidden) {
  return {linear::load(file, prefix + ".fc1_g", hidden, width), linear::load(file, prefix + ".fc1_x", hidden, width),
          linear::load(file, prefix + ".fc2", width, hidden)};
}

modulated_block modulated_block::load(safetensors const& file, std::string const& prefix, int width, int heads,
                                      int hidden, std::string const& modulation, int condition_width, bool qkv_bias) {
  return {attention::load(file, prefix + ".attn", width, heads, qkv_bias),
          gated_mlp::load(file, prefix + ".mlp", width, hidden),
          linear::load(file, prefix + "." + modulation, 6 * width, condition_width)};
}

packed_attention pack(packer& by, attention const& from) {
  // members in the order of their initialisation
  return {from.heads, by.add<float>(from.qkv), by.add<float>(from.proj)};
}

packed_cross_attention pack(packer& by, cross_attention const& from) {
  return {from.heads,
          by.add(from.norm),
          by.add(from.context_norm),
          by.add<float>(from.q),
          by.add<float>(from.kv),
          by.add<float>(from.proj)};
}

packed_gated_mlp pack(packer& by, gated_mlp const& from) {
  return {by.add<float>(from.gate), by.add<float>(from.value), by.add<float>(from.out)};
}

packed_modulated_block pack(packer& by, modulated_block const& from) {
  return {pack(by, from.attend), pack(by, from.mlp), by.add<float>(from.modulation)};
}

}  // namespace examples::transformer
