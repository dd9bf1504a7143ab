// SPDX-License-Identifier: Apache-2.0
//
// Reads and checks what defines a FlowAR network. The upper limits are far beyond any network there
// is; they keep every product of two sizes within int.
#include "config.hpp"

#include <algorithm>
#include <cstdint>
#include <string>

#include "common/error.hpp"
#include "common/files/json.hpp"

namespace examples::flowar {
namespace {

constexpr int largest_side = 64;
constexpr std::size_t most_scales = 64;

// Rotary embedding in two dimensions turns pairs in two halves of a head.
void check_heads(int heads, int width, std::string const& what, std::filesystem::path const& file) {
  if (heads >= 1 && width % heads == 0 && width / heads % 4 == 0) return;
  fail(file, what + " of " + std::to_string(width) + " to be heads of a multiple of 4 numbers",
       std::to_string(heads) + " heads");
}

std::vector<int> read_scales(nlohmann::json const& arguments, std::filesystem::path const& file) {
  nlohmann::json const& list = member(arguments, "scale", file);
  std::vector<int> sides;
  if (!list.is_array() || list.empty() || list.size() > most_scales)
    fail(file, "\"scale\" to be a list of 1 to " + std::to_string(most_scales) + " sides", printable(list.dump(), 60));
  for (nlohmann::json const& side : list) {
    auto const value = side.is_number_integer() ? side.get<std::int64_t>() : 0;
    if (value < 1 || value > largest_side)
      fail(file, "sides in \"scale\" from 1 to " + std::to_string(largest_side), printable(side.dump(), 60));
    sides.push_back(static_cast<int>(value));
  }
  if (sides.front() != 1)
    fail(file, "the first side in \"scale\" to be 1: it is the class embedding's place", std::to_string(sides.front()));
  return sides;
}

}  // namespace

config config::from_json(nlohmann::json const& document, std::filesystem::path const& file) {
  nlohmann::json const& arguments = member(document, "constructor", file);
  nlohmann::json const derived = document.contains("derived") ? document.at("derived") : nlohmann::json::object();
  auto const integer = [&](char const* key, std::int64_t highest) {
    return static_cast<int>(integer_member(arguments, key, 1, highest, file));
  };
  constexpr std::int64_t max_width = 1 << 13;
  constexpr std::int64_t max_depth = 1 << 10;
  config c;
  c.encoder_embed_dim = integer("encoder_embed_dim", max_width);
  c.encoder_depth = integer("encoder_depth", max_depth);
  c.encoder_num_heads = integer("encoder_num_heads", c.encoder_embed_dim);
  c.decoder_embed_dim = integer("decoder_embed_dim", max_width);
  c.decoder_depth = integer("decoder_depth", max_depth);
  c.decoder_num_heads = integer("decoder_num_heads", c.decoder_embed_dim);
  c.vae_embed_dim = integer("vae_embed_dim", 1 << 12);
  c.diffloss_d = integer("diffloss_d", max_depth);
  c.diffloss_w = integer("diffloss_w", max_width);
  c.scale = read_scales(arguments, file);
  c.cross = boolean_member(arguments, "cross", file);
  if (derived.contains("class_embedding_rows"))
    c.class_embedding_rows = static_cast<int>(integer_member(derived, "class_embedding_rows", 1, 1 << 20, file));
  c.uncond_label = c.class_embedding_rows - 1;
  if (derived.contains("uncond_label"))
    c.uncond_label = static_cast<int>(integer_member(derived, "uncond_label", 0, c.uncond_label, file));
  if (arguments.contains("patch_size")) static_cast<void>(integer_member(arguments, "patch_size", 1, 1, file));
  check_heads(c.encoder_num_heads, c.encoder_embed_dim, "\"encoder_embed_dim\"", file);
  check_heads(c.decoder_num_heads, c.decoder_embed_dim, "\"decoder_embed_dim\"", file);
  check_heads(c.flow_heads(), c.diffloss_w, "\"diffloss_w\"", file);
  return c;
}

int config::first(int i) const {
  int sum = 0;
  for (int j = 0; j < i; ++j) sum += tokens(j);
  return sum;
}

int config::most_tokens() const {
  int const side = *std::max_element(scale.begin(), scale.end());
  return side * side;
}

}  // namespace examples::flowar
