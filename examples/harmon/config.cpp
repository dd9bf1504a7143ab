// SPDX-License-Identifier: Apache-2.0
//
// Reads and checks what defines a Harmon network.
#include "config.hpp"

#include <string>

#include "common/error.hpp"
#include "common/files/json.hpp"

namespace examples::harmon {
namespace {

using nlohmann::json;

// What the network computes whatever the JSON says: another value means another network.
void check_only(json const& object, char const* key, json const& value, std::filesystem::path const& file) {
  if (!object.contains(key) || object.at(key) == value) return;
  fail(file, std::string("\"") + key + "\" to be " + value.dump(), printable(object.at(key).dump(), 60));
}

}  // namespace

config config::from_json(json const& document, std::filesystem::path const& file) {
  config c;
  c.llm = language::config::from_json(member(document, "llm", file), file);
  json const& arguments = member(document, "mar", file);
  c.mar = mar::config::from_json({{"constructor", arguments}}, file);
  check_only(arguments, "layer_norm_eps", 1e-6, file);
  check_only(arguments, "qkv_bias", true, file);
  if (!document.contains("derived")) return c;
  json const& derived = document.at("derived");
  if (!derived.is_object()) fail(file, "\"derived\" to be an object", derived.type_name());
  check_only(derived, "freq_dim", 256, file);
  if (derived.contains("vae_scale")) c.vae_scale = number_member(derived, "vae_scale", file);
  if (!(c.vae_scale > 0.0 && c.vae_scale < 1e6))
    fail(file, "\"vae_scale\" to be above 0 and below 1e6", printable(derived.at("vae_scale").dump(), 60));
  if (derived.contains("max_timestep"))
    c.max_timestep = static_cast<int>(integer_member(derived, "max_timestep", 1, 999, file));
  return c;
}

}  // namespace examples::harmon
