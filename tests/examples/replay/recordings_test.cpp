// SPDX-License-Identifier: Apache-2.0
//
// The replay program on the recordings: all that it can run agrees, and a small mistake shows.
#include "recordings.hpp"

#include <doctest/doctest.h>

namespace {

using namespace recordings;

int lines(std::string const& text) { return count(text, "\n"); }

TEST_CASE("replay: all nine runs of mar_tiny are reproduced") {
  if (!have_program()) return;
  test::outcome const run = replay({stem("mar_tiny")});
  INFO(run.output << run.errors);
  CHECK(run.status == 0);
  CHECK(run.errors.empty());
  CHECK(lines(run.output) == 9);
  CHECK(count(run.output, ": largest difference") == 9);
  CHECK(count(run.output, ", median") == 1);
}

TEST_CASE("replay: the cases of mar_tiny but the default sampler's are within 2e-5") {
  if (!have_program()) return;
  test::outcome const run = replay({stem("mar_tiny"), "case_a", "case_b", "case_c", "case_d", "case_f", "case_g",
                                    "case_h", "case_i", "--tolerance", "2e-5"});
  INFO(run.output << run.errors);
  CHECK(run.status == 0);
  CHECK(lines(run.output) == 8);
}

TEST_CASE("replay: both runs of xar_tiny are reproduced, within 2e-5") {
  if (!have_program()) return;
  test::outcome const run = replay({stem("xar_tiny"), "--tolerance", "2e-5"});
  INFO(run.output << run.errors);
  CHECK(run.status == 0);
  CHECK(run.errors.empty());
  CHECK(lines(run.output) == 2);
  CHECK(count(run.output, ": largest difference") == 2);
}

TEST_CASE("replay: xar_tiny fails with guidance wrong by 0.2 percent, another label or one wrong weight") {
  if (!have_program()) return;
  test::temporary_folder const folder;
  std::string const changed = copy_changed(folder, "xar_tiny", [](nlohmann::json& document) {
    case_of(document, "case_a")["cfg"] = 1.002 * case_of(document, "case_a").at("cfg").get<double>();
    case_of(document, "case_b")["labels"][1] = 3;
  });
  for (char const* name : {"case_a", "case_b"}) {
    test::outcome const run = replay({changed, name});
    INFO(run.output << run.errors);
    CHECK(run.status == 1);
    CHECK(run.output.ends_with(": too large\n"));
  }
  for (char const* weight :
       {"class_emb.weight", "encoder_blocks.0.attn.qkv.bias", "decoder_blocks.0.ada_lin.1.bias",
        "decoder_blocks.0.mlp.fc1_x.bias", "z_proj_ln.weight", "encoder_pos_embed_learned", "time_embed.mlp.2.bias"}) {
    test::temporary_folder const spoilt;
    fs::copy(file("xar_tiny.json"), spoilt / "xar_tiny.json");
    copy_scaled(file("xar_tiny.safetensors"), spoilt / "xar_tiny.safetensors", weight, 1.01f);
    test::outcome const run = replay({(spoilt / "xar_tiny").string()});
    INFO(weight << ": " << run.output << run.errors);
    CHECK(run.status == 1);
    CHECK(count(run.output, "too large") == 2);
  }
}

TEST_CASE("replay: all trajectories are within 1e-4, diffusers' within 1e-5 of their largest value") {
  if (!have_program()) return;
  nlohmann::json const document = examples::read_json(file("trajectories.json"));
  int cases = 0, medians = 0;
  std::vector<std::string> exact{stem("trajectories"), "--tolerance", "2e-5"};  // for diffusers relative, against half
  for (nlohmann::json const& one : document.at("cases")) {
    std::string const kind = one.at("kind");
    ++cases;
    medians += kind == "ddpm" && one.at("sampler") == "default";
    if (kind == "diffusers" || kind == "dpm") exact.push_back(one.at("name"));
  }
  test::outcome const run = replay({stem("trajectories"), "--tolerance", "1e-4"});
  INFO(run.output << run.errors);
  CHECK(run.status == 0);
  CHECK(count(run.output, ": largest difference") == cases);
  CHECK(count(run.output, ", median") == medians);
  CHECK(lines(run.output) == cases);
  test::outcome const tight = replay(exact);
  INFO(tight.output << tight.errors);
  CHECK(tight.status == 0);
  CHECK(lines(tight.output) == static_cast<int>(exact.size()) - 3);
}

TEST_CASE("replay: flow samplers with a state of double are within the rounding of the recorded model's sine") {
  if (!have_program()) return;
  nlohmann::json const document = examples::read_json(file("trajectories.json"));
  std::vector<std::string> flow{stem("trajectories"), "--tolerance", "5e-7"};
  for (nlohmann::json const& one : document.at("cases")) {
    std::string const name = one.at("name"), kind = one.at("kind");
    if (kind.starts_with("flowar") || kind.starts_with("xar")) flow.push_back(name);
  }
  // the model's float sine may differ by an ulp between mathematics libraries and compilers
  REQUIRE(flow.size() > 3);
  test::outcome const run = replay(flow);
  INFO(run.output << run.errors);
  CHECK(run.status == 0);
  CHECK(lines(run.output) == static_cast<int>(flow.size()) - 3);
}

TEST_CASE("replay: all runs of flowar_tiny, with and without cross attention, are within 5e-5") {
  if (!have_program()) return;
  for (char const* name : {"flowar_tiny", "flowar_tiny_cross"}) {
    nlohmann::json const document = examples::read_json(file(std::string(name) + ".json"));
    test::outcome const run = replay({stem(name), "--tolerance", "5e-5"});
    INFO(run.output << run.errors);
    CHECK(run.status == 0);
    CHECK(run.errors.empty());
    CHECK(count(run.output, ": largest difference") == static_cast<int>(document.at("cases").size()));
  }
}

TEST_CASE("replay: flowar_tiny without its results gives the same, and does not count the unread half") {
  if (!have_program()) return;
  test::temporary_folder const folder;
  fs::copy(file("flowar_tiny_cross.json"), folder / "flowar_tiny_cross.json");
  copy_without(file("flowar_tiny_cross.safetensors"), folder / "flowar_tiny_cross.safetensors",
               [](std::string const& name) { return is_result(name) || is_infinite(name); });
  test::outcome const run = replay({(folder / "flowar_tiny_cross").string(), "case_a", "case_b"});
  INFO(run.output << run.errors);
  CHECK(run.status == 0);
  CHECK(count(run.output, "no results recorded") == 2);
}

TEST_CASE("replay: a spoilt weight of any part of FlowAR fails") {
  if (!have_program()) return;
  for (char const* weight :
       {"class_emb.weight", "encoder_blocks.0.ada_lin.1.bias", "decoder_blocks.0.mlp.fc1_x.bias", "z_proj_ln.weight",
        "diffusion_pos_embed_learned", "flownet.cond_embed.bias", "flownet.res_blocks.1.crossattn.kv.weight",
        "flownet.res_blocks.0.norm2_2.weight", "flownet.final_layer.adaLN_modulation.1.bias"}) {
    test::temporary_folder const folder;
    fs::copy(file("flowar_tiny_cross.json"), folder / "flowar_tiny_cross.json");
    copy_scaled(file("flowar_tiny_cross.safetensors"), folder / "flowar_tiny_cross.safetensors", weight, 1.01f);
    test::outcome const run = replay({(folder / "flowar_tiny_cross").string(), "case_a"});
    INFO(weight << "\n" << run.output << run.errors);
    CHECK(run.status == 1);
    CHECK(run.output.ends_with(": too large\n"));
  }
}

TEST_CASE("replay: wrong numbers of FlowAR's cases fail") {
  if (!have_program()) return;
  test::temporary_folder const folder;
  std::string const changed = copy_changed(folder, "flowar_tiny", [](nlohmann::json& document) {
    case_of(document, "case_a")["cfg"] = 1.002 * case_of(document, "case_a").at("cfg").get<double>();
    case_of(document, "case_b")["flow_upper_steps"] = 23;
    case_of(document, "case_c")["guidance"] = 0.75;
    case_of(document, "case_d")["labels"] = {0, 1};
  });
  test::outcome const run = replay({changed});
  INFO(run.output << run.errors);
  CHECK(run.status == 1);
  CHECK(count(run.output, "too large") == 4);
}

TEST_CASE("replay: what FlowAR's network cannot be is refused") {
  if (!have_program()) return;
  test::temporary_folder const folder;
  auto const refused = [&](char const* key, nlohmann::json const& value) {
    fs::remove(folder / "flowar_tiny.safetensors");
    std::string const changed =
        copy_changed(folder, "flowar_tiny", [&](nlohmann::json& document) { document["constructor"][key] = value; });
    test::outcome const run = replay({changed});
    INFO(key << "\n" << run.output << run.errors);
    CHECK(run.status == 2);
    CHECK(run.errors.starts_with("error: "));
    CHECK(count(run.errors, "\n") == 1);
  };
  refused("scale", {2, 4});
  refused("scale", {1, 0, 4});
  refused("scale", {1, 2, 5});  // of another number of positions
  refused("scale", nlohmann::json::array());
  refused("cross", true);
  refused("diffloss_w", 60);
  refused("diffloss_d", 2);
  refused("encoder_num_heads", 32);
  refused("encoder_depth", 2);
  refused("decoder_embed_dim", 128);
  refused("patch_size", 2);
}

TEST_CASE("replay: the tables of schedules.json are reproduced") {
  if (!have_program()) return;
  test::outcome const run = replay({file("schedules.json").string()});
  INFO(run.output << run.errors);
  CHECK(run.status == 0);
  CHECK(count(run.output, ": largest difference") == 10);
  CHECK(count(run.output, "too large") == 0);
  CHECK(lines(run.output) == 10);
}

TEST_CASE("replay: the default sampler's case fails if its results are wrong, or only its tokens") {
  if (!have_program()) return;
  for (bool const tokens_only : {false, true}) {
    test::temporary_folder const folder;
    fs::copy(file("mar_tiny.json"), folder / "mar_tiny.json");
    auto const wrong = [&](std::string const& name) {
      return name == "case_e.tokens" || (!tokens_only && name.starts_with("case_e.") && name.ends_with(".out"));
    };
    copy_spoilt(file("mar_tiny.safetensors"), folder / "mar_tiny.safetensors", wrong);
    test::outcome const run = replay({(folder / "mar_tiny").string(), "case_e"});
    INFO(run.output << run.errors);
    CHECK(run.status == 1);
    CHECK(run.output.ends_with(": too large\n"));
  }
}

TEST_CASE("replay: guidance that is wrong by 0.2 percent fails") {
  if (!have_program()) return;
  test::temporary_folder const folder;
  auto const change = [](nlohmann::json& document) {
    for (char const* name : {"case_a", "case_d", "case_f"})
      case_of(document, name)["cfg"] = 1.002 * case_of(document, name).at("cfg").get<double>();
  };
  std::string const changed = copy_changed(folder, "mar_tiny", change);
  for (char const* name : {"case_a", "case_d", "case_f"}) {
    test::outcome const run = replay({changed, name});
    INFO(run.output << run.errors);
    CHECK(run.status == 1);
    CHECK(run.output.ends_with(": too large\n"));
  }
  test::outcome const all = replay({changed});
  CHECK(all.status == 1);
  CHECK(count(all.output, "too large") == 3);  // one bad case does not end the run, nor do good ones hide it
}

TEST_CASE("replay: other wrong numbers fail") {
  if (!have_program()) return;
  test::temporary_folder const folder;
  std::string const mar = copy_changed(folder, "mar_tiny", [](nlohmann::json& document) {
    case_of(document, "case_b")["temperature"] = 0.951;
    case_of(document, "case_c")["diff_annealing_strategy"] = "linear";
    case_of(document, "case_g")["diff_sampler"] = "DPM_Solver++";  // of order 1: the same integrator
    case_of(document, "case_i")["labels"] = {0, 1, 2};
  });
  CHECK(replay({mar, "case_b"}).status == 1);
  CHECK(replay({mar, "case_c"}).status != 0);
  CHECK(replay({mar, "case_g"}).status == 0);
  CHECK(replay({mar, "case_i"}).status == 1);

  std::string const trajectories = copy_changed(folder, "trajectories", [](nlohmann::json& document) {
    for (nlohmann::json& one : document.at("cases"))
      if (one.at("kind") == "ddim") one["eta"] = one.at("eta").get<double>() * 0.998 + 0.001;
  });
  CHECK(replay({trajectories}).status != 0);
}

TEST_CASE("replay: a wrong table fails") {
  if (!have_program()) return;
  test::temporary_folder const folder;
  for (std::string const pointer :
       {"/respaced/0/betas/1", "/annealing/0/steps/3", "/mar_ordering/0/cfg_iter_linear/5",
        "/dpm_noise_schedule/t_array/7", "/respaced_ddim/1/stride", "/annealing_flowar/0/steps/1",
        "/annealing_xar/0/scaled_cfg/2", "/flowar_grid/0/long_t1000_float32/3", "/xar_grid/0/t_steps/4"}) {
    nlohmann::json document = examples::read_json(file("schedules.json"));
    nlohmann::json& number = document.at(nlohmann::json::json_pointer(pointer));
    if (number.is_number_integer())
      number = number.get<int>() + 1;
    else
      number = number.get<double>() + 3e-12;
    examples::write_json(folder / "schedules.json", document);
    test::outcome const run = replay({(folder / "schedules.json").string()});
    INFO(pointer << "\n" << run.output << run.errors);
    CHECK(run.status == 1);
    CHECK(count(run.output, "too large") == 1);
  }
}

}  // namespace
