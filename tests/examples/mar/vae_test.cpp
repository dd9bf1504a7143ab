// SPDX-License-Identifier: Apache-2.0
//
// The program mar with a model of latents and a VAE: the picture is the decoder's, on any number of threads, and what
// does not go together is refused.
#include <doctest/doctest.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "../common/bad_input.hpp"
#include "../common/tiny_vae.hpp"
#include "common/files/json.hpp"
#include "common/files/safetensors.hpp"
#include "common/pictures/picture.hpp"
#include "common/vae/vae_decoder.hpp"
#include "mar_program.hpp"

namespace {

using examples::mar::model_files;

// The shipped model, said to draw latents, and a VAE that goes with it: one latent channel, no enlargement.
struct latent_model {
  test::temporary_folder folder;
  std::filesystem::path config = folder / "latent.json", vae = folder / "vae.safetensors";

  latent_model() {
    nlohmann::json document = examples::read_json(model_files::shipped().config);
    document.erase("pixels");
    bad_input::put(config, document.dump());
    bad_input::put_tiny_vae(folder.path(), 1, 1);
  }
  std::vector<std::string> options() const {
    std::vector<std::string> all = mar_program::shortest();
    all.insert(all.end(), {"--config", config.string(), "--weights", model_files::shipped().weights.string()});
    return all;
  }
};

}  // namespace

TEST_CASE("mar: a model of a VAE's latents draws pictures with the VAE") {
  latent_model const model;
  std::string const tokens = (model.folder / "tokens.safetensors").string();
  std::vector<std::string> pictures;
  for (std::string const threads : {"1", "3"}) {
    std::string const picture = (model.folder / ("drawn" + threads + ".png")).string();
    std::vector<std::string> arguments = model.options();
    arguments.insert(arguments.end(),
                     {"--vae", model.vae.string(), "--threads", threads, "--out", picture, "--dump", tokens});
    test::outcome const result = mar_program::run("ARDENT_MAR", arguments);
    REQUIRE_MESSAGE(result.status == 0, result.errors);
    CHECK(bad_input::has(result.output, "VAE"));
    pictures.push_back(bad_input::get(picture));
  }
  CHECK(pictures[0] == pictures[1]);

  examples::vae_decoder const decoder(model.vae);
  examples::vae_pictures const made(decoder, {7, 7, 1, 4, 1}, model.vae);
  std::vector<float> const drawn = examples::safetensors::read(tokens).floats("tokens", {1, 49, 16});
  std::vector<float> const pixels = made(examples::host_executor(2), drawn);
  examples::image_batch const batch{pixels, 1, 3, 28, 28};
  std::filesystem::path const expected = model.folder / "expected.png";
  examples::write_png(expected, examples::make_grid(batch, 1, 3, 4));
  CHECK(pictures[0] == bad_input::get(expected));
}

TEST_CASE("mar: a VAE that does not go with the model, or is none") {
  latent_model const model;
  auto const refused = [&](std::vector<std::string> arguments, std::vector<std::string> const& more,
                           std::vector<std::string> const& parts) {
    arguments.insert(arguments.end(), more.begin(), more.end());
    mar_program::check_refused(arguments, parts);
  };
  std::string const vae = model.vae.string(), vae_config = (model.folder / "vae.json").string();
  refused(model.options(), {}, {"--vae"});
  refused(mar_program::shortest(), {"--vae", vae}, {"--vae", "draws pixels"});
  refused(model.options(), {"--vae-config", vae_config}, {"--vae-config", "--vae"});
  refused(model.options(), {"--vae", (model.folder / "none.safetensors").string()}, {"none"});
  refused(model.options(), {"--vae", vae, "--vae-config", model.config.string()}, {"latent.json", "embed_dim"});
  refused(model.options(), {"--vae", model_files::shipped().weights.string(), "--vae-config", vae_config},
          {"post_quant_conv"});
  bad_input::put(
      model.folder / "wide.json",
      R"({"constructor": {"embed_dim": 1, "ch": 4, "ch_mult": [1, 1], "num_res_blocks": 0, "num_groups": 2}})");
  refused(model.options(), {"--vae", vae, "--vae-config", (model.folder / "wide.json").string()}, {"decoder.up.1"});
}
