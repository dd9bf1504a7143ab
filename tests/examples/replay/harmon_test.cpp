// SPDX-License-Identifier: Apache-2.0
//
// The replay program on Harmon's recordings: all cases agree, and a small mistake anywhere shows.
#include <doctest/doctest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "recordings.hpp"

namespace {

using namespace recordings;

// A recording that is small enough to lie in the repository.
std::string small() { return test::data("harmon_small.json").replace_extension("").string(); }

// A copy of it with a change of its JSON.
std::string changed_small(test::temporary_folder const& folder, std::function<void(nlohmann::json&)> const& change) {
  nlohmann::json document = examples::read_json(test::data("harmon_small.json"));
  change(document);
  examples::write_json(folder / "harmon.json", document);
  fs::copy(test::data("harmon_small.safetensors"), folder / "harmon.safetensors");
  return (folder / "harmon").string();
}

void check_refused(std::function<void(nlohmann::json&)> const& change, std::string const& part) {
  test::temporary_folder const folder;
  test::outcome const run = replay({changed_small(folder, change)});
  INFO(part << "\n" << run.output << run.errors);
  CHECK(run.status == 2);
  CHECK(run.errors.starts_with("error: "));
  CHECK(count(run.errors, "\n") == 1);
  CHECK(count(run.errors, part) > 0);
}

}  // namespace

TEST_CASE("replay: all runs of harmon_small are within 3e-5 of their size") {
  if (!have_program()) return;
  test::outcome const run = replay({small(), "--tolerance", "3e-5"});
  INFO(run.output << run.errors);
  CHECK(run.status == 0);
  CHECK(run.errors.empty());
  CHECK(count(run.output, ": largest difference") == 3);
}

TEST_CASE("replay: all runs of harmon_tiny are within 1e-5 of their size") {
  if (!have_program()) return;
  std::optional<fs::path> const all = test::goldens();
  if (!all) {
    test::skip("the published recordings are not there");
    return;
  }
  test::outcome const run = replay({(*all / "harmon_tiny").string(), "--tolerance", "1e-5"});
  INFO(run.output << run.errors);
  CHECK(run.status == 0);
  CHECK(count(run.output, ": largest difference") == 5);
}

TEST_CASE("replay: harmon_small without its results gives the same") {
  if (!have_program()) return;
  test::temporary_folder const folder;
  auto const is_trace = [](std::string const& name) {
    for (char const* end :
         {".x_enc", ".z_enc", ".llm_hidden", ".x_enc_residual", ".z_all", ".text_hidden", ".vae_input"})
      if (name.ends_with(end)) return true;
    return is_result(name);
  };
  fs::copy(test::data("harmon_small.json"), folder / "harmon.json");
  copy_without(test::data("harmon_small.safetensors"), folder / "harmon.safetensors", is_trace);
  std::string const with = (folder / "with").string(), without = (folder / "without").string();
  CHECK(replay({small(), "--dump", with}).status == 0);
  test::outcome const run = replay({(folder / "harmon").string(), "--dump", without});
  INFO(run.output << run.errors);
  CHECK(run.status == 0);
  CHECK(count(run.output, "no results recorded") == 3);
  auto const first = examples::safetensors::read(with), second = examples::safetensors::read(without);
  CHECK(first.names() == second.names());
  CHECK(first.floats("case_a.tokens") == second.floats("case_a.tokens"));
  CHECK(first.shape("case_b.vae_input") == std::vector<std::int64_t>{2, 3, 6, 10});
}

TEST_CASE("replay: a spoilt weight of any part of Harmon fails") {
  if (!have_program()) return;
  for (char const* weight :
       {"llm.model.embed_tokens.weight", "llm.model.layers.0.self_attn.k_proj.weight",
        "llm.model.layers.1.self_attn.v_proj.bias", "llm.model.layers.2.mlp.gate_proj.weight",
        "llm.model.layers.0.post_attention_layernorm.weight", "llm.model.norm.weight", "proj_in.0.bias",
        "proj_out.2.weight", "mar.fake_latent", "mar.z_proj.bias", "mar.encoder_pos_embed_learned", "mar.mask_token",
        "mar.decoder_pos_embed_learned", "mar.decoder_blocks.2.mlp.fc2.bias", "mar.diffusion_pos_embed_learned",
        "mar.diffloss.net.cond_embed.bias"}) {
    test::temporary_folder const folder;
    fs::copy(test::data("harmon_small.json"), folder / "harmon.json");
    copy_scaled(test::data("harmon_small.safetensors"), folder / "harmon.safetensors", weight, 1.01f);
    test::outcome const run = replay({(folder / "harmon").string(), "case_a"});
    INFO(weight << "\n" << run.output << run.errors);
    CHECK(run.status == 1);
    CHECK(run.output.ends_with(": too large\n"));
  }
}

TEST_CASE("replay: wrong numbers of Harmon's cases fail") {
  if (!have_program()) return;
  test::temporary_folder const folder;
  std::string const changed = changed_small(folder, [](nlohmann::json& document) {
    case_of(document, "case_a")["cfg"] = 1.002 * case_of(document, "case_a").at("cfg").get<double>();
    case_of(document, "case_b")["cfg_schedule"] = "constant";
    case_of(document, "case_c")["temperature"] = 0.901;
  });
  test::outcome const run = replay({changed});
  INFO(run.output << run.errors);
  CHECK(run.status == 1);
  CHECK(count(run.output, "too large") == 3);
  for (auto const& [key, value] : {std::pair{"rope_theta", 10100.0}, std::pair{"rms_norm_eps", 1e-3}}) {
    test::temporary_folder const other;
    std::string const stem = changed_small(other, [&](nlohmann::json& document) { document["llm"][key] = value; });
    INFO(key);
    CHECK(replay({stem}).status == 1);
  }
  test::temporary_folder const capped;
  CHECK(replay({changed_small(capped, [](nlohmann::json& d) { d["derived"]["max_timestep"] = 949; })}).status == 1);
}

TEST_CASE("replay: what Harmon's network or cases cannot be is refused") {
  if (!have_program()) return;
  check_refused([](nlohmann::json& d) { d["llm"]["num_hidden_layers"] = 2; }, "layers.2");
  check_refused([](nlohmann::json& d) { d["llm"]["num_hidden_layers"] = 4; }, "layers.3");
  check_refused([](nlohmann::json& d) { d["llm"]["max_position_embeddings"] = 20; }, "max_position_embeddings");
  check_refused([](nlohmann::json& d) { d["mar"]["buffer_size"] = 4; }, "encoder_pos_embed_learned");
  check_refused([](nlohmann::json& d) { d["mar"]["diffloss_d"] = 3; }, "res_blocks.2");
  check_refused([](nlohmann::json& d) { case_of(d, "case_a")["rows"] = 2; }, "rows");
  check_refused([](nlohmann::json& d) { case_of(d, "case_a")["num_iter"] = 17; }, "num_iter");
  check_refused([](nlohmann::json& d) { case_of(d, "case_b")["image_shape"] = {3}; }, "image_shape");
  check_refused([](nlohmann::json& d) { case_of(d, "case_b")["cfg_schedule"] = "cosine"; }, "cfg_schedule");
  test::temporary_folder const folder;  // padding on the left
  fs::copy(test::data("harmon_small.json"), folder / "harmon.json");
  examples::safetensors const all = examples::safetensors::read(test::data("harmon_small.safetensors"));
  examples::safetensors_writer writer;
  for (std::string const& name : all.names()) {
    if (name != "case_a.attention_mask") {
      copy_tensor(all, name, writer);
      continue;
    }
    std::vector<std::int64_t> mask = all.integers(name);
    mask[0] = 0;
    writer.add(name, all.shape(name), std::span<std::int64_t const>(mask));
  }
  writer.write(folder / "harmon.safetensors");
  test::outcome const run = replay({(folder / "harmon").string()});
  CHECK(run.status == 2);
  CHECK(count(run.errors, "ones, then zeros") == 1);
}
