// SPDX-License-Identifier: Apache-2.0
//
// A Qwen2-style language model as a checkpoint has it, and packed: sizes under the names of its config.json, tensors
// under their official names. Yang et al., Qwen2 Technical Report, arXiv 2407.10671; the parts are RMSNorm (Zhang and
// Sennrich, 2019), rotary embedding (Su et al., 2021), grouped-query attention (Ainslie et al., 2023) and SwiGLU
// (Shazeer, 2020).
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "transformer_packing.hpp"
#include "transformer_weights.hpp"

namespace examples::language {

/// @brief The sizes that define the model.
struct config {
  int vocab_size = 0;               ///< token ids are below it
  int hidden_size = 0;              ///< width of a row
  int num_hidden_layers = 0;        ///< blocks
  int num_attention_heads = 0;      ///< heads of queries; divides the width
  int num_key_value_heads = 0;      ///< heads of keys and values; divides the heads of queries
  int intermediate_size = 0;        ///< hidden width of an MLP
  int max_position_embeddings = 0;  ///< longest sequence the model was made for
  double rope_theta = 0.0;          ///< base of the rotary embedding's frequencies
  double rms_norm_eps = 0.0;        ///< what every RMSNorm adds to the mean square

  /// @brief Reads an object with the names of Qwen2's config.json; members that only matter elsewhere are ignored.
  /// @param object   the object
  /// @param file     where it comes from, for messages
  /// @throws input_error naming file and key, if one is missing, is out of range, contradicts another one, or asks for
  ///   what this model is not (another activation, scaled rotary embedding, a sliding window)
  [[nodiscard]] static config from_json(nlohmann::json const& object, std::filesystem::path const& file);

  [[nodiscard]] bool operator==(config const&) const = default;

  /// @brief Width of a head.
  [[nodiscard]] int head_width() const noexcept { return hidden_size / num_attention_heads; }
  /// @brief Width of the keys of a row, and of its values.
  [[nodiscard]] int key_width() const noexcept { return num_key_value_heads * head_width(); }
  /// @brief Heads of queries that share a head of keys and values.
  [[nodiscard]] int sharing() const noexcept { return num_attention_heads / num_key_value_heads; }
};

/// @brief A block: x += o(attention of q, k, v of RMSNorm(x)), then x += down(SiLU(gate y) * up y) of y = RMSNorm(x).
struct layer {
  float_tensor input_norm;       ///< [hidden_size]
  transformer::linear q;         ///< [hidden_size][hidden_size], with bias
  transformer::linear k, v;      ///< [key_width][hidden_size], with bias
  transformer::linear o;         ///< [hidden_size][hidden_size]
  float_tensor post_norm;        ///< [hidden_size]
  transformer::linear gate, up;  ///< [intermediate_size][hidden_size]
  transformer::linear down;      ///< [hidden_size][intermediate_size]
};

/// @brief All tensors; they stay in their file until they are packed.
struct weights {
  float_tensor embedding;  ///< [vocab_size][hidden_size]
  std::vector<layer> layers;
  float_tensor norm;  ///< [hidden_size]

  /// @brief Finds PREFIX.embed_tokens.weight, PREFIX.layers.0.self_attn.q_proj.weight, ... and PREFIX.norm.weight.
  /// @throws input_error naming the tensor, if one is missing, has another shape or holds a value that is not finite
  [[nodiscard]] static weights load(config const& sizes, safetensors const& file, std::string const& prefix);
  /// @brief The names of the tensors that load() finds.
  [[nodiscard]] static std::vector<std::string> names(config const& sizes, std::string const& prefix);
};

/// @brief `layer`, packed.
/// @tparam Storage of the matrices: float or ardent::bfloat16
template <class Storage>
struct packed_layer {
  float const* input_norm = nullptr;
  ardent::packed_matrix<Storage> q, k, v, o;
  float const* post_norm = nullptr;
  ardent::packed_matrix<Storage> gate, up, down;
};

/// @brief Adds a layer to a piece of packed memory.
template <class Storage>
[[nodiscard]] packed_layer<Storage> pack(transformer::packer& by, layer const& from) {
  // members in the order of their initialisation
  return {by.add(from.input_norm),    by.add<Storage>(from.q),  by.add<Storage>(from.k),
          by.add<Storage>(from.v),    by.add<Storage>(from.o),  by.add(from.post_norm),
          by.add<Storage>(from.gate), by.add<Storage>(from.up), by.add<Storage>(from.down)};
}

}  // namespace examples::language
