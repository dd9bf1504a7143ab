// SPDX-License-Identifier: Apache-2.0
//
// Reads and checks the constructor's arguments of a VAE. The upper limits are far beyond any network there is; they
// keep every product of two sizes within int.
#include "vae_config.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

#include "common/error.hpp"
#include "common/files/json.hpp"

namespace examples {
namespace {

constexpr std::int64_t max_width = 1 << 13;
constexpr std::size_t max_levels = 8;

std::vector<int> read_multipliers(nlohmann::json const& arguments, int ch, std::filesystem::path const& file) {
  nlohmann::json const& list = member(arguments, "ch_mult", file);
  if (!list.is_array() || list.empty() || list.size() > max_levels)
    fail(file, "\"ch_mult\" to be a list of 1 to " + std::to_string(max_levels) + " multipliers",
         printable(list.dump(), 60));
  std::vector<int> multipliers;
  for (nlohmann::json const& entry : list) {
    std::int64_t const value = entry.is_number_integer() ? entry.get<std::int64_t>() : 0;
    if (value < 1 || value > max_width / ch)
      fail(file, "multipliers in \"ch_mult\" from 1 to " + std::to_string(max_width / ch), printable(entry.dump(), 60));
    multipliers.push_back(static_cast<int>(value));
  }
  return multipliers;
}

}  // namespace

vae_config vae_config::from_json(nlohmann::json const& document, std::filesystem::path const& file) {
  nlohmann::json const& arguments = member(document, "constructor", file);
  auto const integer = [&](char const* key, int otherwise, std::int64_t highest, std::int64_t lowest = 1) {
    return arguments.contains(key) ? static_cast<int>(integer_member(arguments, key, lowest, highest, file))
                                   : otherwise;
  };
  vae_config c;
  c.embed_dim = static_cast<int>(integer_member(arguments, "embed_dim", 1, max_width, file));
  c.ch = integer("ch", c.ch, max_width);
  c.ch_mult = read_multipliers(arguments, c.ch, file);
  c.num_res_blocks = integer("num_res_blocks", c.num_res_blocks, 64, 0);
  c.out_ch = integer("out_ch", c.out_ch, 3);
  if (c.out_ch == 2) fail(file, "\"out_ch\" 1 (grey) or 3 (RGB)", "2");
  c.num_groups = integer("num_groups", c.num_groups, max_width);
  for (int const multiplier : c.ch_mult)
    if (c.ch * multiplier % c.num_groups != 0)
      fail(file, "\"num_groups\" to divide all widths, \"ch\" * \"ch_mult\"",
           std::to_string(c.num_groups) + " groups of " + std::to_string(c.ch * multiplier) + " channels");
  if (document.contains("vae_scale")) c.vae_scale = number_member(document, "vae_scale", file);
  if (!(c.vae_scale > 0 && c.vae_scale < 1e6)) fail(file, "\"vae_scale\" above 0", std::to_string(c.vae_scale));
  return c;
}

}  // namespace examples
