// SPDX-License-Identifier: Apache-2.0
//
// Reads and checks the constructor's arguments of a MAR network. The upper limits are far beyond any network there is;
// they keep every product of two sizes within int.
#include "config.hpp"

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/error.hpp"
#include "common/files/json.hpp"

namespace examples::mar {
namespace {

// True for "LayerNorm(eps=1e-6)" with the number in any spelling.
bool is_published_norm(std::string_view text) {
  constexpr std::string_view before = "LayerNorm(eps=";
  if (!text.starts_with(before) || !text.ends_with(')')) return false;
  text.remove_prefix(before.size());
  text.remove_suffix(1);
  double epsilon = 0.0;
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), epsilon);
  return error == std::errc{} && end == text.data() + text.size() && epsilon == 1e-6;
}

void check_divides(int divisor, char const* divisor_key, int value, char const* value_key,
                   std::filesystem::path const& file) {
  if (value % divisor == 0) return;
  fail(file, std::string("\"") + divisor_key + "\" to divide \"" + value_key + "\", " + std::to_string(value),
       std::to_string(divisor));
}

}  // namespace

config config::from_json(nlohmann::json const& document, std::filesystem::path const& file) {
  nlohmann::json const& arguments = member(document, "constructor", file);
  auto const integer = [&](char const* key, std::int64_t highest) {
    return static_cast<int>(integer_member(arguments, key, 1, highest, file));
  };
  constexpr std::int64_t max_width = 1 << 15;
  constexpr std::int64_t max_depth = 1 << 10;
  config c;
  c.img_size = integer("img_size", 1 << 15);
  c.vae_stride = integer("vae_stride", c.img_size);
  c.patch_size = integer("patch_size", c.img_size);
  c.encoder_embed_dim = integer("encoder_embed_dim", max_width);
  c.encoder_depth = integer("encoder_depth", max_depth);
  c.encoder_num_heads = integer("encoder_num_heads", c.encoder_embed_dim);
  c.decoder_embed_dim = integer("decoder_embed_dim", max_width);
  c.decoder_depth = integer("decoder_depth", max_depth);
  c.decoder_num_heads = integer("decoder_num_heads", c.decoder_embed_dim);
  c.vae_embed_dim = integer("vae_embed_dim", 1 << 12);
  c.class_num = integer("class_num", 1 << 20);
  c.buffer_size = integer("buffer_size", 1 << 14);
  c.diffloss_d = integer("diffloss_d", max_depth);
  c.diffloss_w = integer("diffloss_w", max_width);
  c.mlp_ratio = number_member(arguments, "mlp_ratio", file);
  check_divides(c.encoder_num_heads, "encoder_num_heads", c.encoder_embed_dim, "encoder_embed_dim", file);
  check_divides(c.decoder_num_heads, "decoder_num_heads", c.decoder_embed_dim, "decoder_embed_dim", file);
  if (!(c.mlp_ratio > 0.0 && c.mlp_ratio <= 64.0) || c.encoder_hidden() < 1 || c.decoder_hidden() < 1) {
    fail(file, "\"mlp_ratio\" to be in (0, 64] and to leave the MLPs at least one hidden unit",
         arguments.at("mlp_ratio").dump());
  }
  if (c.seq_h() < 1 || c.seq_h() > 128) {
    fail(file, "\"img_size\" / \"vae_stride\" / \"patch_size\" to be 1 to 128 tokens", std::to_string(c.seq_h()));
  }
  if (std::int64_t{c.vae_embed_dim} * c.patch_size * c.patch_size > max_width) {
    fail(file, "\"vae_embed_dim\" * \"patch_size\"^2 to be at most " + std::to_string(max_width) + " channels",
         std::to_string(c.vae_embed_dim) + " * " + std::to_string(c.patch_size) + "^2");
  }
  if (arguments.contains("norm_layer")) {
    std::string const norm = string_member(arguments, "norm_layer", file);
    if (!is_published_norm(norm)) {
      fail(file, "\"norm_layer\" to be LayerNorm(eps=1e-6)", printable(norm, 60));
    }
  }
  return c;
}

}  // namespace examples::mar
