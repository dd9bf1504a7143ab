// SPDX-License-Identifier: Apache-2.0
//
// What the replay program writes for schedules.json without its tables, against the tables.
#include "recordings.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <fstream>

namespace {

using namespace recordings;

using document = nlohmann::ordered_json;

document read(fs::path const& path) {
  std::ifstream stream(path);
  return document::parse(stream);
}

/// A table with nothing but what defines it.
document stripped(document const& table) {
  document kept = document::object();
  for (char const* key : {"K", "clip_timesteps", "sampler", "note", "strategy", "upper", "lower", "num_iter", "seq_len",
                          "cfg", "model", "scales", "cells", "num_steps"})
    if (table.contains(key)) kept[key] = table.at(key);
  return kept;
}

/// How many members of the recorded section ours has not, or has wrong.
int wrong_members(document const& ours, document const& recorded) {
  document const a = ours.flatten(), b = recorded.flatten();
  int wrong = a.size() != b.size();
  for (auto const& [key, value] : b.items()) {
    if (!a.contains(key) || a.at(key).type() != value.type())
      ++wrong;
    else if (!value.is_number_float())
      wrong += a.at(key) != value;
    else
      wrong += !(std::fabs(a.at(key).get<double>() - value.get<double>()) <=
                 1e-12 * std::max(1.0, std::fabs(value.get<double>())));
  }
  return wrong;
}

std::vector<std::string> keys(document const& section) {
  std::vector<std::string> names;
  for (auto const& item : (section.is_array() ? section.front() : section).items()) names.push_back(item.key());
  return names;
}

TEST_CASE("replay: the dump of schedules.json without results holds the tables, in the recorded structure") {
  if (!have_program()) return;
  test::temporary_folder const folder;
  document const recorded = read(file("schedules.json"));
  document without = document::object();
  for (auto const& [name, section] : recorded.items()) {
    document& kept = without[name];
    if (name == "about") {
      kept = section;
    } else if (section.is_array()) {
      kept = document::array();
      for (document const& table : section) kept.push_back(stripped(table));
    } else {
      kept = stripped(section);
    }
  }
  std::ofstream(folder / "schedules.json") << without;
  test::outcome const run = replay({(folder / "schedules.json").string(), "--dump", (folder / "out.json").string()});
  INFO(run.output << run.errors);
  REQUIRE(run.status == 0);
  CHECK(count(run.output, "no results recorded") == 10);
  document const dump = read(folder / "out.json");
  CHECK(keys(dump) == keys(recorded));
  for (auto const& [name, section] : dump.items()) {
    INFO(name);
    CHECK(wrong_members(section, recorded.at(name)) == 0);
    CHECK(keys(section) == keys(recorded.at(name)));
  }
}

}  // namespace
