// SPDX-License-Identifier: Apache-2.0
//
// The replay program on runs with LazyMAR's caches: they agree, the rows that were kept exactly, and a small mistake in
// any of the caches' numbers shows.
#include "recordings.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <map>

namespace {

using namespace recordings;

TEST_CASE("replay: both runs of lazymar_tiny, with caches and without, are reproduced") {
  if (!have_program()) return;
  if (!test::goldens()) return test::skip("lazymar_tiny is not part of tests/data");
  test::outcome const run = replay({stem("lazymar_tiny")});
  INFO(run.output << run.errors);
  CHECK(run.status == 0);
  CHECK(run.errors.empty());
  CHECK(count(run.output, ": largest difference") == 2);
  CHECK(count(run.output, " choices as recorded") == 2);
  // what does not start at training step 999
  test::outcome const tight = replay({stem("lazymar_tiny"), "case_b", "--tolerance", "1e-4"});
  INFO(tight.output << tight.errors);
  CHECK(tight.status == 0);
}

std::string small() { return test::data("lazymar_small.json").replace_extension("").string(); }

TEST_CASE("replay: a small MAR of sizes that published code refuses is within 1e-5 of a second writing") {
  if (!have_program()) return;
  test::outcome const run = replay({small(), "--tolerance", "1e-5"});
  INFO(run.output << run.errors);
  CHECK(run.status == 0);
  CHECK(run.errors.empty());
  CHECK(count(run.output, "434 of 434 choices as recorded") == 1);
}

TEST_CASE("replay: a wrong number of any cache fails") {
  if (!have_program()) return;
  nlohmann::json const document = examples::read_json(test::data("lazymar_small.json"));
  auto const fails = [&](nlohmann::json const& changed, char const* what) {
    test::temporary_folder const folder;
    examples::write_json(folder / "lazymar_small.json", changed);
    fs::create_symlink(test::data("lazymar_small.safetensors"), folder / "lazymar_small.safetensors");
    test::outcome const run = replay({(folder / "lazymar_small").string()});
    INFO(what << "\n" << run.output << run.errors);
    CHECK(run.status == 1);
    CHECK(run.output.ends_with(": too large\n"));
  };
  for (auto const& [key, value] : std::map<std::string, nlohmann::json>{
           {"start_step", 3}, {"fresh_t", 5}, {"cache_threshold", 5}, {"cfg", 2.02}, {"labels", {1, 2}}}) {
    nlohmann::json changed = document;
    changed["cases"][0][key] = value;
    fails(changed, key.c_str());
  }
  nlohmann::json fewer = document;
  for (std::size_t i = 0; i < 12; ++i) fewer["retain_ratio_schedule"][i] = 0.75;
  fails(fewer, "retain_ratio_schedule");
  nlohmann::json earlier = document;
  earlier["derived"]["prune_layer"] = 2;
  fails(earlier, "prune_layer");
}

TEST_CASE("replay: rows that are kept have to be the recorded ones, whatever the tolerance") {
  if (!have_program()) return;
  test::temporary_folder const folder;
  fs::copy(test::data("lazymar_small.json"), folder / "lazymar_small.json");
  examples::safetensors const all = examples::safetensors::read(test::data("lazymar_small.safetensors"));
  examples::safetensors_writer writer;
  for (std::string const& name : all.names()) {
    if (name != "case_a.step07.kept") {
      copy_tensor(all, name, writer);
      continue;
    }
    std::vector<std::int64_t> kept = all.integers(name);
    kept[5] = 1 - kept[5];
    writer.add(name, all.shape(name), std::span<std::int64_t const>(kept));
  }
  writer.write(folder / "lazymar_small.safetensors");
  test::outcome const run = replay({(folder / "lazymar_small").string(), "--tolerance", "1e6"});
  INFO(run.output << run.errors);
  CHECK(run.status == 1);
  CHECK(count(run.output, "433 of 434 choices as recorded: too large") == 1);
}

TEST_CASE("replay: what a case with caches cannot be is refused") {
  if (!have_program()) return;
  auto const refused = [&](std::string const& pointer, nlohmann::json const& value) {
    test::temporary_folder const folder;
    nlohmann::json document = examples::read_json(test::data("lazymar_small.json"));
    document[nlohmann::json::json_pointer(pointer)] = value;
    examples::write_json(folder / "lazymar_small.json", document);
    fs::create_symlink(test::data("lazymar_small.safetensors"), folder / "lazymar_small.safetensors");
    test::outcome const run = replay({(folder / "lazymar_small").string()});
    INFO(pointer << "\n" << run.output << run.errors);
    CHECK(run.status == 2);
    CHECK(run.errors.starts_with("error: "));
    CHECK(count(run.errors, "\n") == 1);
  };
  refused("/cases/0/num_sampling_steps_argument", "6,5,,1");
  refused("/cases/0/num_sampling_steps_argument", "600,5,3,1");
  refused("/cases/0/fresh_t", 0);
  refused("/cases/0/start_step", -1);
  refused("/cases/0/cache_threshold", 0);
  refused("/cases/0/num_iter", 26);
  refused("/retain_ratio_schedule", nlohmann::json::array());
  refused("/retain_ratio_schedule", {1.0, 1.5});
  refused("/derived/prune_layer", "3");
  refused("/constructor/buffer_size", 64);
}

}  // namespace
