// SPDX-License-Identifier: Apache-2.0
//
// What the replay program writes for recordings whose results were removed, against the results that were removed.
#include "recordings.hpp"

#include <doctest/doctest.h>

#include <cmath>

namespace {

using namespace recordings;

/// Results are removed, and from the JSON what describes them.
std::string strip(test::temporary_folder const& folder, std::string const& name) {
  copy_without(file(name + ".safetensors"), folder / (name + ".safetensors"),
               [](std::string const& tensor) { return is_result(tensor) || is_infinite(tensor); });
  nlohmann::json document = examples::read_json(file(name + ".json"));
  for (nlohmann::json& one : document.at("cases"))
    for (char const* key : {"steps", "tokens_predicted", "tokens_std", "tokens_absmax", "out_std", "out_absmax",
                            "timesteps", "num_draws", "cells", "float64_rerun_max_abs_diff", "model_times_float32"})
      one.erase(key);
  examples::write_json(folder / (name + ".json"), document);
  return (folder / name).string();
}

std::vector<double> numbers(examples::safetensors const& from, std::string const& name) {
  if (from.view(name).type != examples::dtype::i64) return from.doubles(name);
  std::vector<std::int64_t> const values = from.integers(name);
  return {values.begin(), values.end()};
}

/// The largest and the median difference of a dumped tensor from the recorded one, in the rows that are a result.
struct distance {
  double largest = 0, median = 0;
};

distance between(examples::safetensors const& dump, examples::safetensors const& recorded, std::string const& name,
                 bool first_half) {
  REQUIRE(dump.view(name).type == recorded.view(name).type);
  REQUIRE(dump.shape(name) == recorded.shape(name));
  std::vector<double> const ours = numbers(dump, name), theirs = numbers(recorded, name);
  std::vector<double> differences;
  for (std::size_t i = 0; i < (first_half ? ours.size() / 2 : ours.size()); ++i)
    differences.push_back(std::fabs(ours[i] - theirs[i]));
  std::sort(differences.begin(), differences.end());
  return {differences.back(), differences[differences.size() / 2]};
}

/// Checks every result of a case; returns how many there were.
int check_case(examples::safetensors const& dump, examples::safetensors const& recorded, std::string const& name,
               bool guided, bool amplifies) {
  int found = 0;
  for (std::string const& tensor : recorded.names()) {
    if (!tensor.starts_with(name + ".") || !is_result(tensor) || tensor.ends_with(".z")) continue;
    ++found;
    INFO(tensor);
    REQUIRE(dump.contains(tensor));
    distance const d = between(dump, recorded, tensor, guided && tensor.ends_with(".out"));
    if (amplifies)
      CHECK(d.median < 1e-4);
    else
      CHECK(d.largest < 1e-4);
  }
  return found;
}

TEST_CASE("replay: the dump of mar_tiny without results holds the results") {
  if (!have_program()) return;
  test::temporary_folder const folder;
  std::string const out = (folder / "out.safetensors").string();
  test::outcome const run = replay({strip(folder, "mar_tiny"), "--dump", out});
  INFO(run.output << run.errors);
  REQUIRE(run.status == 0);
  CHECK(count(run.output, "no results recorded") == 9);
  examples::safetensors const dump = examples::safetensors::read(out);
  examples::safetensors const recorded = examples::safetensors::read(file("mar_tiny.safetensors"));
  nlohmann::json const document = examples::read_json(file("mar_tiny.json"));
  std::size_t found = 0;
  for (nlohmann::json const& one : document.at("cases")) {
    // DPM-Solver as published is not guided: both halves are results of their own
    bool const dpm = one.at("diff_sampler").get<std::string>().starts_with("DPM");
    found += static_cast<std::size_t>(
        check_case(dump, recorded, one.at("name"), one.at("cfg") != 1.0 && !dpm, one.at("diff_sampler") == "default"));
  }
  CHECK(found == 9 * 9);  // the tokens and eight AR steps of each
  CHECK(dump.names().size() == found);
}

TEST_CASE("replay: the dump of xar_tiny without results holds the results") {
  if (!have_program()) return;
  test::temporary_folder const folder;
  std::string const out = (folder / "out.safetensors").string();
  test::outcome const run = replay({strip(folder, "xar_tiny"), "--dump", out});
  INFO(run.output << run.errors);
  REQUIRE(run.status == 0);
  CHECK(count(run.output, "no results recorded") == 2);
  examples::safetensors const dump = examples::safetensors::read(out);
  examples::safetensors const recorded = examples::safetensors::read(file("xar_tiny.safetensors"));
  // the tokens, and of each cell what came out; what the network said first is recorded of one case
  CHECK(check_case(dump, recorded, "case_a", false, false) == 1 + 4 + 4);
  CHECK(check_case(dump, recorded, "case_b", false, false) == 1 + 4);
  CHECK(dump.names().size() == 2 * 9);
}

TEST_CASE("replay: the dump of trajectories without results holds all of them") {
  if (!have_program()) return;
  test::temporary_folder const folder;
  std::string const out = (folder / "out.safetensors").string();
  test::outcome const run = replay({strip(folder, "trajectories"), "--dump", out});
  INFO(run.output << run.errors);
  REQUIRE(run.status == 0);
  examples::safetensors const dump = examples::safetensors::read(out);
  examples::safetensors const recorded = examples::safetensors::read(file("trajectories.safetensors"));
  nlohmann::json const document = examples::read_json(file("trajectories.json"));
  CHECK(count(run.output, "no results recorded") == static_cast<int>(document.at("cases").size()));
  std::size_t found = 0, results = 0;
  for (nlohmann::json const& one : document.at("cases")) {
    std::string const name = one.at("name"), kind = one.at("kind");
    bool const flow = kind.starts_with("flowar") && one.at("cfg") > 1.0;
    bool const guided = flow || (kind.starts_with("dd") && one.at("z") == "z_pair");
    found += static_cast<std::size_t>(check_case(dump, recorded, name, guided, one.value("sampler", "") == "default"));
  }
  for (std::string const& name : recorded.names()) results += is_result(name);
  CHECK(found == results);
  CHECK(dump.names().size() == results);
}

TEST_CASE("replay: the dump holds the cases that were asked for, whatever the order of the arguments") {
  if (!have_program()) return;
  test::temporary_folder const folder;
  std::string const out = (folder / "out.safetensors").string();
  REQUIRE(replay({stem("mar_tiny"), "--dump", out, "case_i"}).status == 0);
  examples::safetensors const dump = examples::safetensors::read(out);
  CHECK(dump.names().size() == 9);
  CHECK(dump.contains("case_i.tokens"));
  CHECK(dump.contains("case_i.step07.out"));
}

}  // namespace
