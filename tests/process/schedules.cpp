// SPDX-License-Identifier: Apache-2.0
//
// Reads schedules.json once for all tests of a program.
#include "process/schedules.hpp"

#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "support/environment.hpp"

namespace test {

namespace {

schedule read_entry(nlohmann::json const& entry) {
  schedule out;
  for (auto const& [name, item] : entry.items()) {
    if (item.is_array()) out.lists[name] = item.get<std::vector<double>>();
    if (item.is_number()) out.values[name] = item.get<double>();
    if (item.is_string()) out.words[name] = item.get<std::string>();
  }
  return out;
}

std::map<std::string, std::vector<schedule>> read_all() {
  auto const folder = goldens();
  std::ifstream stream(folder ? *folder / "schedules.json" : data("schedules.json"));
  nlohmann::json const document = nlohmann::json::parse(stream);
  std::map<std::string, std::vector<schedule>> out;
  for (auto const& [part, entries] : document.items()) {
    if (entries.is_object()) {
      out[part].push_back(read_entry(entries));
    } else {
      for (nlohmann::json const& entry : entries) out[part].push_back(read_entry(entry));
    }
  }
  return out;
}

}  // namespace

std::vector<schedule> const& schedules(std::string const& part) {
  static std::map<std::string, std::vector<schedule>> const all = read_all();
  auto const found = all.find(part);
  if (found == all.end() || found->second.empty()) throw std::runtime_error("schedules.json: no entry of " + part);
  return found->second;
}

}  // namespace test
