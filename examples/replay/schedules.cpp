// SPDX-License-Identifier: Apache-2.0
//
// Goes through the file's sections, and compares what it computes with what is there.
#include "schedules.hpp"

#include "tables.hpp"

#include "common/error.hpp"
#include "common/files/atomic_file.hpp"
#include "common/files/file.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <limits>
#include <stdexcept>
#include <string>
#include <string_view>

namespace examples::replay {

namespace {

/// A kind of table: the section's name, how it is computed, and whether its numbers have to be equal.
struct section {
  std::string_view name;
  ordered (*compute)(ordered const&, table_source const&);
  bool exact;
};

constexpr std::array<section, 10> sections{{{"respaced", respaced_table, false},
                                            {"train_diffusion", train_diffusion_table, false},
                                            {"dpm_noise_schedule", dpm_noise_schedule_table, false},
                                            {"respaced_ddim", respaced_ddim_table, false},
                                            {"annealing", annealing_table, true},
                                            {"mar_ordering", mar_ordering_table, true},
                                            {"annealing_flowar", annealing_flowar_table, false},
                                            {"annealing_xar", annealing_xar_table, false},
                                            {"flowar_grid", flowar_grid_table, false},
                                            {"xar_grid", xar_grid_table, false}}};

/// Members that define a table: read, not computed.
constexpr std::array<std::string_view, 14> inputs{"K",     "clip_timesteps", "sampler",  "note",     "strategy",
                                                  "upper", "lower",          "num_iter", "seq_len",  "cfg",
                                                  "model", "scales",         "cells",    "num_steps"};

/// What differs between two JSON values.
struct difference {
  double absolute = 0;  // largest, infinite if the structure differs
  double relative = 0;  // largest, over max(1, |recorded|)
  std::string where;    // of the largest relative one
  long long numbers = 0;

  void note(double a, double r, std::string const& path) {
    ++numbers;
    absolute = std::max(absolute, a);
    if (r > relative) {
      relative = r;
      where = path;
    }
  }
  void note_structure(std::string const& path) {
    const double infinite = std::numeric_limits<double>::infinity();
    note(infinite, infinite, path);
  }
};

/// Members that the recording lacks have been removed from it: nothing to compare.
void compare(ordered const& ours, ordered const& recorded, std::string const& path, difference& out) {
  if (ours.is_object() && recorded.is_object()) {
    const std::string prefix = path + ".";
    for (auto const& [key, value] : ours.items())
      if (recorded.contains(key) && std::find(inputs.begin(), inputs.end(), key) == inputs.end())
        compare(value, recorded.at(key), prefix + key, out);
  } else if (ours.is_array() && recorded.is_array() && ours.size() == recorded.size()) {
    for (std::size_t i = 0; i < ours.size(); ++i)
      compare(ours[i], recorded[i], path + "[" + std::to_string(i) + "]", out);
  } else if (ours.is_number_float() && recorded.is_number()) {
    const double a = ours.get<double>(), b = recorded.get<double>();
    const double absolute = std::isfinite(a - b) ? std::fabs(a - b) : std::numeric_limits<double>::infinity();
    out.note(absolute, absolute / std::max(1.0, std::fabs(b)), path);
  } else if (ours == recorded) {
    out.note(0, 0, path);
  } else {
    out.note_structure(path);  // integers, text and truth values have no tolerance
  }
}

ordered compute(section const& kind, ordered const& recorded, table_source const& from) {
  try {
    if (!recorded.is_array()) return kind.compute(recorded, from);
    ordered tables = ordered::array();
    for (ordered const& one : recorded) tables.push_back(kind.compute(one, from));
    return tables;
  } catch (std::invalid_argument const& problem) {
    throw input_error(printable_path(from.file) + ": " + std::string(kind.name) + ": " + problem.what());
  }
}

bool print(section const& kind, difference const& found) {
  if (found.numbers == 0) {
    std::printf("%s: computed, no results recorded\n", std::string(kind.name).c_str());
    return true;
  }
  const bool passed = found.relative <= (kind.exact ? 0 : 1e-12);
  std::printf("%s: largest difference %.3g absolute, %.3g relative to max(1, |recorded|)%s%s%s, %lld numbers%s\n",
              std::string(kind.name).c_str(), found.absolute, found.relative, found.where.empty() ? "" : " (",
              found.where.c_str(), found.where.empty() ? "" : ")", found.numbers, passed ? "" : ": too large");
  return passed;
}

/// One section a line, as the recording has it.
std::string text_of(ordered const& document) {
  std::string text = "{\n";
  for (auto const& [key, value] : document.items())
    text += (text.size() > 2 ? ",\n" : "") + ordered(key).dump() + ": " + value.dump();
  return text + "\n}\n";
}

}  // namespace

bool holds_schedules(nlohmann::json const& document) {
  return document.is_object() && !document.contains("cases") &&
         std::any_of(sections.begin(), sections.end(), [&](section const& s) { return document.contains(s.name); });
}

bool replay_schedules(std::filesystem::path const& file, std::optional<std::filesystem::path> const& dump) {
  const ordered recorded = ordered::parse(read_text(file));
  table_source from{1000, file};
  if (recorded.contains("about") && recorded.at("about").contains("T")) {
    ordered const& total = recorded.at("about").at("T");
    if (!total.is_number_integer() || total.get<long long>() < 1 || total.get<long long>() > 100000)
      fail(file, "about.T to be an integer from 1 to 100000", printable(total.dump(), 40));
    from.train_timesteps = total.get<int>();
  }
  ordered out = ordered::object();
  bool passed = true;
  for (auto const& [name, value] : recorded.items()) {
    const auto kind = std::find_if(sections.begin(), sections.end(), [&](section const& s) { return s.name == name; });
    if (name == "about") {
      out[name] = value;
    } else if (kind == sections.end()) {
      std::printf("%s: not recomputed, no such table is built\n", name.c_str());
      passed = false;
    } else {
      out[name] = compute(*kind, value, from);
      difference found;
      compare(out[name], value, name, found);
      passed = print(*kind, found) && passed;
    }
  }
  if (dump) write_atomically(*dump, text_of(out));
  return passed;
}

}  // namespace examples::replay
