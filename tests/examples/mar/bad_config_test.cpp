// SPDX-License-Identifier: Apache-2.0
//
// The program mar with a model's JSON that is not as it has to be, or does not belong to the weights.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "../common/bad_input.hpp"
#include "common/files/json.hpp"
#include "mar_program.hpp"

using examples::mar::model_files;
using nlohmann::json;

namespace {

json shipped() { return examples::read_json(model_files::shipped().config); }

enum class blamed { config, weights };

// What mar says of the shipped weights with this config, and which of the two it names.
void check_config(std::string const& text, std::vector<std::string> parts, blamed which = blamed::config) {
  test::temporary_folder const folder;
  std::string const file = (folder / "c.json").string(), weights = model_files::shipped().weights.string();
  bad_input::put(file, text);
  parts.insert(parts.end(), {(which == blamed::config ? file : weights) + ": expected ", ", found "});
  mar_program::check_refused({"--config", file, "--weights", weights}, parts);
}

void check_changed(char const* pointer, json const& value, std::vector<std::string> const& parts,
                   blamed which = blamed::config) {
  json document = shipped();
  document[json::json_pointer(pointer)] = value;
  check_config(document.dump(), parts, which);
}

}  // namespace

TEST_CASE("mar: a config that is no JSON, or not a model's") {
  check_config("", {});
  check_config(shipped().dump().substr(0, 200), {});
  check_config("[]", {});
  check_config("{}", {"constructor"});
  json document = shipped();
  document["constructor"].erase("encoder_depth");
  check_config(document.dump(), {"encoder_depth"});
}

TEST_CASE("mar: a config with a wrong value") {
  check_changed("/constructor/encoder_depth", "3", {"encoder_depth"});
  check_changed("/constructor/encoder_num_heads", 5, {"encoder_num_heads"});
  check_changed("/constructor/class_num", -1, {"class_num"});
  check_changed("/labels/4", 4, {"labels"});
  check_changed("/labels", json::array({"one"}), {"labels", "10"});
  check_changed("/pixels/std", 0, {"std"});
  check_changed("/pixels/mean", "0.3", {"mean"});
}

TEST_CASE("mar: a config that belongs to other weights") {
  check_changed("/constructor/decoder_depth", 4, {"decoder_blocks.3"}, blamed::weights);
  check_changed("/constructor/diffloss_w", 256, {"256", "192"}, blamed::weights);
  check_changed("/constructor/diffloss_d", 4, {"4", "3"}, blamed::weights);
  check_changed("/constructor/class_num", 11, {"class_emb"}, blamed::weights);
  check_changed("/constructor/img_size", 32, {"pos_embed"}, blamed::weights);
}

TEST_CASE("mar: a model of a VAE's latents gives tokens, and no picture without the VAE") {
  json document = shipped();
  document.erase("pixels");
  test::temporary_folder const folder;
  std::string const config = (folder / "latent.json").string();
  bad_input::put(config, document.dump());
  std::vector<std::string> arguments = mar_program::shortest();
  arguments.insert(arguments.end(), {"--config", config, "--weights", model_files::shipped().weights.string()});
  mar_program::check_refused(arguments, {"--out", "VAE", "--dump"});
  CHECK(mar_program::draw(arguments).shape("tokens") == std::vector<std::int64_t>{1, 49, 16});
}
