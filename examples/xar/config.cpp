// SPDX-License-Identifier: Apache-2.0
//
// Reads and checks what defines an xAR network. The upper limits are far beyond any network there is; they keep every
// product of two sizes within int.
#include "config.hpp"

#include <cstdint>
#include <string>
#include <tuple>
#include <utility>

#include "common/error.hpp"
#include "common/files/json.hpp"

namespace examples::xar {
namespace {

constexpr std::int64_t max_width = 1 << 15, max_depth = 1 << 10, max_side = 128;

// A pair of numbers from 1 to max_side.
std::pair<int, int> pair_member(nlohmann::json const& object, char const* key, std::filesystem::path const& file) {
  nlohmann::json const& values = member(object, key, file);
  std::string const expected = std::string("\"") + key + "\" to be two integers from 1 to " + std::to_string(max_side);
  if (!values.is_array() || values.size() != 2) fail(file, expected, printable(values.dump(), 40));
  int numbers[2] = {};
  for (std::size_t i = 0; i < 2; ++i) {
    std::int64_t const value = values[i].is_number_integer() ? values[i].get<std::int64_t>() : 0;
    if (value < 1 || value > max_side) fail(file, expected, printable(values.dump(), 40));
    numbers[i] = static_cast<int>(value);
  }
  return {numbers[0], numbers[1]};
}

// Rotary embedding takes the channels of a head in pairs, half of them for rows and half for columns.
void check_heads(int width, int heads, char const* width_key, char const* heads_key,
                 std::filesystem::path const& file) {
  if (width % (4 * heads) == 0) return;
  fail(file, std::string("4 times \"") + heads_key + "\" to divide \"" + width_key + "\", " + std::to_string(width),
       std::to_string(heads) + " heads");
}

void check_published(nlohmann::json const& object, char const* key, double value, std::filesystem::path const& file) {
  if (!object.contains(key) || number_member(object, key, file) == value) return;
  fail(file, std::string("\"") + key + "\" to be the published one, " + nlohmann::json(value).dump(),
       printable(object.at(key).dump(), 40));
}

}  // namespace

config config::from_json(nlohmann::json const& document, std::filesystem::path const& file) {
  nlohmann::json const& arguments = member(document, "constructor", file);
  nlohmann::json const derived = document.contains("derived") ? document.at("derived") : nlohmann::json::object();
  auto const integer = [&](nlohmann::json const& from, char const* key, std::int64_t lowest, std::int64_t highest) {
    return static_cast<int>(integer_member(from, key, lowest, highest, file));
  };
  config c;
  c.img_size = integer(arguments, "img_size", 1, 1 << 15);
  c.vae_stride = integer(arguments, "vae_stride", 1, c.img_size);
  c.patch_size = integer(arguments, "patch_size", 1, c.img_size);
  c.encoder_embed_dim = integer(arguments, "encoder_embed_dim", 1, max_width);
  c.encoder_depth = integer(arguments, "encoder_depth", 1, max_depth);
  c.encoder_num_heads = integer(arguments, "encoder_num_heads", 1, c.encoder_embed_dim);
  c.decoder_embed_dim = integer(arguments, "decoder_embed_dim", 1, max_width);
  c.decoder_depth = integer(arguments, "decoder_depth", 1, max_depth);
  c.decoder_num_heads = integer(arguments, "decoder_num_heads", 1, c.decoder_embed_dim);
  c.vae_embed_dim = integer(arguments, "vae_embed_dim", 1, 1 << 12);
  if (derived.contains("class_embedding_rows"))
    c.class_embedding_rows = integer(derived, "class_embedding_rows", 1, 1 << 20);
  c.uncond_label = c.class_embedding_rows - 1;
  if (derived.contains("uncond_label")) c.uncond_label = integer(derived, "uncond_label", 0, c.uncond_label);
  if (derived.contains("cell_grid")) std::tie(c.cells_down, c.cells_across) = pair_member(derived, "cell_grid", file);
  c.cell_height = c.side() / c.cells_down;
  c.cell_width = c.side() / c.cells_across;
  if (derived.contains("cell_size")) std::tie(c.cell_height, c.cell_width) = pair_member(derived, "cell_size", file);
  check_heads(c.encoder_embed_dim, c.encoder_num_heads, "encoder_embed_dim", "encoder_num_heads", file);
  check_heads(c.decoder_embed_dim, c.decoder_num_heads, "decoder_embed_dim", "decoder_num_heads", file);
  check_published(derived, "rms_eps", 1e-6, file);
  check_published(derived, "rope_theta", 10000, file);
  check_published(derived, "freq_dim", 256, file);
  if (c.side() < 1 || c.side() > max_side)
    fail(file, "\"img_size\" / \"vae_stride\" / \"patch_size\" to be 1 to " + std::to_string(max_side) + " tokens",
         std::to_string(c.side()));
  if (c.cells_down * c.cell_height != c.side() || c.cells_across * c.cell_width != c.side())
    fail(file,
         "\"cell_grid\" cells of \"cell_size\" tokens to fill a map of " + std::to_string(c.side()) + " x " +
             std::to_string(c.side()),
         std::to_string(c.cells_down) + " x " + std::to_string(c.cells_across) + " cells of " +
             std::to_string(c.cell_height) + " x " + std::to_string(c.cell_width));
  if (arguments.contains("clusters") && integer(arguments, "clusters", 1, 1 << 14) != c.cells())
    fail(file, "\"clusters\" to be the number of cells, " + std::to_string(c.cells()), arguments.at("clusters").dump());
  if (std::int64_t{c.vae_embed_dim} * c.patch_size * c.patch_size > max_width)
    fail(file, "\"vae_embed_dim\" * \"patch_size\"^2 to be at most " + std::to_string(max_width) + " channels",
         std::to_string(c.vae_embed_dim) + " * " + std::to_string(c.patch_size) + "^2");
  return c;
}

}  // namespace examples::xar
