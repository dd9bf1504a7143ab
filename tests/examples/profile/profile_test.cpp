// SPDX-License-Identifier: Apache-2.0
//
// The program profile: all measurements of the three systems are there and numbers, the same on any number of threads;
// real images come from files in MNIST's format; and what is refused.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "../common/bad_input.hpp"
#include "common/files/json.hpp"
#include "support/command.hpp"
#include "support/environment.hpp"

namespace {

using nlohmann::json;
using words = std::vector<std::string>;

words operator+(words first, words const& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

test::outcome profile(words const& arguments) {
  return test::run(words{test::program("ARDENT_PROFILE").value().string()} + arguments);
}

/// As little as can be measured.
words const least{"--images",      "2",   "--draws",           "4", "--error-images",   "1", "--error-draws", "4",
                  "--error-steps", "2,4", "--reference-steps", "8", "--measured-steps", "4", "--steps",       "3:2"};
words const own{"--own-prefixes", "--pairs", "8"};

json measured(words const& arguments) {
  test::temporary_folder const folder;
  test::outcome const run = profile(arguments + words{"--json", (folder / "p.json").string()});
  INFO(run.output << run.errors);
  REQUIRE(run.status == 0);
  CHECK(bad_input::has(run.output, "| AR step | tokens | known |"));
  CHECK(folder.entries() == 1);
  json read = examples::read_json(folder / "p.json");
  for (json& row : read["ar_steps"]) {
    CHECK(row["head_seconds"].get<double>() > 0);
    CHECK(row["backbone_seconds"].get<double>() > 0);
    row.erase("head_seconds");
    row.erase("backbone_seconds");
  }
  return read;
}

/// Images of 28 x 28 pixels that differ, and their labels, as MNIST has them.
void put_images(std::filesystem::path const& folder, int count) {
  auto const number = [](int n) {
    return std::string{static_cast<char>(n >> 24), static_cast<char>(n >> 16), static_cast<char>(n >> 8),
                       static_cast<char>(n)};
  };
  std::string images = std::string("\0\0\x08\x03", 4) + number(count) + number(28) + number(28);
  std::string labels = std::string("\0\0\x08\x01", 4) + number(count);
  for (int i = 0; i < count; ++i) {
    labels += static_cast<char>(i % 10);
    for (int p = 0; p < 28 * 28; ++p) images += static_cast<char>((p * (i + 3) + 5 * i) % 251);
  }
  bad_input::put(folder / "t10k-images-idx3-ubyte", images);
  bad_input::put(folder / "t10k-labels-idx1-ubyte", labels);
}

void check_refused(words const& arguments, words const& parts) {
  test::outcome const run = profile(least + arguments);
  INFO(run.errors);
  CHECK(run.status == 2);
  CHECK(run.errors.starts_with("error: "));
  CHECK(std::count(run.errors.begin(), run.errors.end(), '\n') == 1);
  for (std::string const& part : parts) {
    INFO(part);
    CHECK(bad_input::has(run.errors, part));
  }
}

}  // namespace

TEST_CASE("profile: all measurements of a system are there, the same on any number of threads") {
  for (std::string const system : {"mar", "flowar", "xar"}) {
    words const few = system == "mar" ? words{"--ar-steps", "3"} : words{"--system", system};
    json const once = measured(least + own + few);
    std::size_t const ar_steps = system == "mar" ? 3 : 4;
    REQUIRE(once["ar_steps"].size() == ar_steps);
    int known = 0;
    for (std::size_t i = 0; i < ar_steps; ++i) {
      json const& row = once["ar_steps"][i];
      INFO(system << ", AR step " << i << ": " << row.dump());
      CHECK(row["ar_step"] == i);
      CHECK(row["known"] == known);
      known += row["tokens"].get<int>();
      CHECK_FALSE(row.contains("variance_real"));
      CHECK_FALSE(row.contains("predictability"));
      CHECK(row["variance_generated"]["share"].get<double>() > 0);
      CHECK(row["variance_generated"]["rows"].get<int>() + row["variance_generated"]["background_rows"].get<int>() ==
            2 * row["tokens"].get<int>());
      for (char const* path : {"straightness_ode", "straightness_own"})
        for (char const* u : {"score", "velocity"}) {
          CHECK(std::fabs(row[path][u].get<double>()) <= 1);
          CHECK(row[path][u].get<double>() != 0);
        }
      CHECK(row["errors"].size() == (system == "flowar" ? 0 : 2));  // its solver adds no noise
      for (json const& error : row["errors"]) CHECK(std::isfinite(error["energy_distance"].get<double>()));
      REQUIRE(row["halving"].size() == 2);
      CHECK(row["halving"][0]["distance"].get<double>() > 0);
    }
    CHECK(once["ar_steps"][0]["sensitivity"].get<double>() > 1);
    CHECK(once["ar_steps"][ar_steps - 1]["sensitivity"].get<double>() == 1);  // nothing comes after it
    for (char const* by : {"by_steps", "by_tokens"}) {
      json const& made = once["calibrated"][by];
      CHECK(made["steps"].size() == ar_steps);
      CHECK(made["predicted_error"].get<double>() <= made["predicted_error_of_annealed"].get<double>() * (1 + 1e-9));
      double cost = 0;
      for (std::size_t i = 0; i < ar_steps; ++i)
        cost += made["steps"][i].get<double>() *
                (std::string(by) == "by_steps" ? 1 : once["ar_steps"][i]["tokens"].get<double>());
      CHECK(cost <= made["budget"].get<double>());
      CHECK(bad_input::has(made["type"].get<std::string>(), "ardent::annealing::table<"));
    }
    CHECK(measured(least + own + few + words{"--threads", "1"}) == once);
    if (system == "flowar") continue;  // its numbers would say no more than those of the others
    CHECK(measured(least + own + few + words{"--seed", "1", "--guidance-scale", "2"}) != once);
  }
}

TEST_CASE("profile: real images, of any system's tokens") {
  test::temporary_folder const folder;
  put_images(folder.path(), 12);
  for (std::string const system : {"mar", "flowar", "xar"}) {
    words const few = system == "mar" ? words{"--ar-steps", "3"} : words{"--system", system};
    json const found = measured(least + few + words{"--data", folder.path().string(), "--pairs", "12"});
    for (json const& row : found["ar_steps"]) {
      CHECK(row["variance_real"]["rows"].get<int>() + row["variance_real"]["background_rows"].get<int>() ==
            2 * row["tokens"].get<int>());
      CHECK(row["predictability"].get<double>() < 1);
    }
  }
}

TEST_CASE("profile: what cannot be measured is refused in one line") {
  check_refused({"--system", "harmon"}, {"--system", "harmon"});
  check_refused(own + words{"--system", "xar", "--ar-steps", "3"}, {"--ar-steps", "mar"});
  check_refused(own + words{"--ar-steps", "50"}, {"--ar-steps", "1 to 49"});
  check_refused(own + words{"--data", "/nowhere"}, {"--data", "--own-prefixes"});
  check_refused({"--error-steps", "0"}, {"--error-steps"});
  check_refused(own + words{"--json", "/nowhere/p.json"}, {"/nowhere"});
  check_refused(own + words{"--plot", "/nowhere/p"}, {"/nowhere"});
  check_refused({"--data", "/nowhere"}, {"/nowhere", "Fashion-MNIST"});
  test::temporary_folder const folder;
  put_images(folder.path(), 12);
  check_refused({"--data", folder.path().string(), "--pairs", "13"}, {"at least 13", "12"});
  std::string const whole = bad_input::get(folder / "t10k-images-idx3-ubyte");
  bad_input::put(folder / "t10k-images-idx3-ubyte", whole.substr(0, whole.size() - 1));
  check_refused({"--data", folder.path().string(), "--pairs", "8"}, {"images-idx3", "the end"});
  bad_input::put(folder / "t10k-images-idx3-ubyte", bad_input::get(folder / "t10k-labels-idx1-ubyte"));
  check_refused({"--data", folder.path().string(), "--pairs", "8"}, {"3 extents", "another"});
}
