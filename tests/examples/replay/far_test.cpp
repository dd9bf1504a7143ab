// SPDX-License-Identifier: Apache-2.0
//
// The replay program on runs of Frequency AR: they agree, with masks and without, and a small mistake shows.
#include "recordings.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace recordings;

std::string small() { return test::data("far_small.json").replace_extension("").string(); }

/// Runs far_small with its document changed.
test::outcome run_changed(void (*change)(nlohmann::json&), std::vector<std::string> const& more = {}) {
  test::temporary_folder const folder;
  nlohmann::json document = examples::read_json(test::data("far_small.json"));
  change(document);
  examples::write_json(folder / "far_small.json", document);
  fs::create_symlink(test::data("far_small.safetensors"), folder / "far_small.safetensors");
  std::vector<std::string> arguments{(folder / "far_small").string()};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return replay(arguments);
}

TEST_CASE("replay: both runs of far_tiny, its tables and its resizings are reproduced") {
  if (!have_program()) return;
  if (!test::goldens()) return test::skip("far_tiny is not part of tests/data");
  test::outcome const run = replay({stem("far_tiny"), "--tolerance", "2e-5"});
  INFO(run.output << run.errors);
  CHECK(run.status == 0);
  CHECK(run.errors.empty());
  CHECK(count(run.output, "2816 of 2816 choices as recorded") == 1);
  CHECK(count(run.output, "\ntables: 8 of them, largest difference ") == 1);
  CHECK(count(run.output, "\nresize: largest difference ") == 1);
}

TEST_CASE(
    "replay: a small Frequency AR of a grid that published code does not take is within 1e-5 of a second writing") {
  if (!have_program()) return;
  test::outcome const run = replay({small(), "--tolerance", "1e-5"});
  INFO(run.output << run.errors);
  CHECK(run.status == 0);
  CHECK(run.errors.empty());
  CHECK(count(run.output, ": largest difference") == 2);
  CHECK(count(run.output, "432 of 432 choices as recorded") == 1);
  CHECK(count(replay({small(), "nomask"}).output, ": largest difference") == 1);
}

TEST_CASE("replay: a wrong number of Frequency AR's cases fails") {
  if (!have_program()) return;
  auto const fails = [](void (*change)(nlohmann::json&), char const* name, char const* what) {
    test::outcome const run = run_changed(change, {name});
    INFO(what << "\n" << run.output << run.errors);
    CHECK(run.status == 1);
    CHECK(run.output.ends_with(": too large\n"));
  };
  fails([](nlohmann::json& d) { d["cases"][0]["levels"][2] = 4; }, "mask", "a level");
  fails([](nlohmann::json& d) { d["cases"][0]["levels"][1] = 3; }, "mask", "a level that no picture is reduced to");
  fails([](nlohmann::json& d) { d["cases"][0]["cfg"] = 2.51; }, "mask", "cfg");
  fails([](nlohmann::json& d) { d["cases"][0]["temperature"] = 0.96; }, "mask", "temperature");
  fails([](nlohmann::json& d) { d["cases"][0]["labels"] = {7, 7}; }, "mask", "labels");
  fails([](nlohmann::json& d) { d["cases"][1]["levels"][3] = 6; }, "nomask", "the last level");
  fails([](nlohmann::json& d) { d["constructor"]["num_sampling_steps"] = "3,2"; }, "nomask", "other steps");
}

TEST_CASE("replay: without masks the temperature is not read, as published") {
  if (!have_program()) return;
  test::outcome const run =
      run_changed([](nlohmann::json& d) { d["cases"][1]["temperature"] = 0.1; }, {"nomask", "--tolerance", "1e-5"});
  INFO(run.output << run.errors);
  CHECK(run.status == 0);
}

TEST_CASE("replay: a spoilt weight of any part of Frequency AR, or another order, fails") {
  if (!have_program()) return;
  for (char const* weight : {"class_emb.weight_rows", "fake_latent", "diffloss.net.index_cond_embed.weight",
                             "diffloss.net.index_cond_embed.bias", "diffloss.net.cond_embed.bias", "mask_token",
                             "decoder_blocks.1.attn.proj.weight", "z_proj_ln.bias"}) {
    test::temporary_folder const folder;
    fs::copy(test::data("far_small.json"), folder / "far_small.json");
    copy_scaled(test::data("far_small.safetensors"), folder / "far_small.safetensors", weight, 1.01f);
    test::outcome const run = replay({(folder / "far_small").string(), "mask", "--tolerance", "1e-5"});
    INFO(weight << "\n" << run.output << run.errors);
    CHECK(run.status == 1);
  }
  test::temporary_folder const folder;
  fs::copy(test::data("far_small.json"), folder / "far_small.json");
  examples::safetensors const all = examples::safetensors::read(test::data("far_small.safetensors"));
  examples::safetensors_writer writer;
  for (std::string const& name : all.names()) {
    if (name != "mask.orders") {
      copy_tensor(all, name, writer);
      continue;
    }
    std::vector<std::int64_t> orders = all.integers(name);
    std::swap(orders[0], orders[34]);
    writer.add(name, all.shape(name), std::span<std::int64_t const>(orders));
  }
  writer.write(folder / "far_small.safetensors");
  test::outcome const run = replay({(folder / "far_small").string(), "mask"});
  INFO(run.output << run.errors);
  CHECK(run.status == 1);
  CHECK(count(run.output, "of 432 choices as recorded: too large") == 1);
}

TEST_CASE("replay: what a case of Frequency AR cannot be is refused in one line") {
  if (!have_program()) return;
  auto const refused = [](void (*change)(nlohmann::json&), std::string const& message) {
    test::outcome const run = run_changed(change);
    INFO(message << "\n" << run.output << run.errors);
    CHECK(run.status == 2);
    CHECK(run.errors.starts_with("error: "));
    CHECK(count(run.errors, "\n") == 1);
    CHECK(count(run.errors, message) == 1);
  };
  refused([](nlohmann::json& d) { d["cases"][0]["variant"] = "half"; }, "variant \"mask\" or \"nomask\"");
  refused([](nlohmann::json& d) { d["cases"][0]["levels"][1] = 0; }, "levels of at least 1 (the first at least 0)");
  refused([](nlohmann::json& d) { d["cases"][0]["levels"][1] = 7; }, "expected levels up to 6");
  refused([](nlohmann::json& d) { d["cases"][0]["levels"][1] = 2.5; }, "levels of mask to be integers");
  refused([](nlohmann::json& d) { d["cases"][0]["labels"] = {7, 5}; }, "labels of mask that class_emb.rows names");
  refused([](nlohmann::json& d) { d["cases"][0]["batch"] = 3; }, "labels of mask to be 3 integers");
  refused([](nlohmann::json& d) { d["constructor"]["num_sampling_steps"] = "4,,1"; }, "num_sampling_steps to be K or");
  refused([](nlohmann::json& d) { d["constructor"]["diffloss_w"] = "wide"; }, "diffloss_w");
  refused([](nlohmann::json& d) { d["tables"] = 3; }, "tables to be a list");
}

}  // namespace
