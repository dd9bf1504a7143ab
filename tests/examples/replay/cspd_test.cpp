// SPDX-License-Identifier: Apache-2.0
//
// The replay program on cspd.json: all cases agree, small mistakes show, recordings that were cut or emptied, bad
// input.
#include "recordings.hpp"

#include <doctest/doctest.h>

#include <functional>

namespace {

using namespace recordings;

using change = std::function<void(nlohmann::json&)>;

/// The program on a changed copy, with a dump.
test::outcome replay_changed(test::temporary_folder const& folder, change const& f,
                             std::vector<std::string> arguments = {}) {
  nlohmann::json document = examples::read_json(file("cspd.json"));
  f(document);
  examples::write_json(folder / "cspd.json", document);
  arguments.insert(arguments.begin(), {(folder / "cspd.json").string(), "--dump", (folder / "out.json").string()});
  return replay(arguments);
}

TEST_CASE("replay: all cases of cspd.json and its schedules are reproduced, within 1e-5") {
  if (!have_program()) return;
  nlohmann::json const document = examples::read_json(file("cspd.json"));
  test::outcome const run = replay({stem("cspd"), "--tolerance", "1e-5"});
  INFO(run.output << run.errors);
  CHECK(run.status == 0);
  CHECK(run.errors.empty());
  CHECK(count(run.output, ": largest difference") == static_cast<int>(document.at("cases").size()) + 1);
  test::outcome const one = replay({stem("cspd"), "case_1"});
  CHECK(one.status == 0);
  CHECK(count(one.output, "\n") == 1);
}

TEST_CASE("replay: cspd.json without its results gives them, decisions and tokens exactly") {
  if (!have_program()) return;
  test::temporary_folder const folder;
  test::outcome const run = replay_changed(folder, [](nlohmann::json& document) {
    for (nlohmann::json& one : document.at("cases"))
      for (char const* key : {"fixed_term", "acceptance_ratio", "acceptance_probability", "uniform_guess", "accepted",
                              "rounds", "never_accepted", "first_rounds", "result"})
        one.erase(key);
  });
  INFO(run.output << run.errors);
  CHECK(run.status == 0);
  nlohmann::json const found = examples::read_json(folder / "out.json"), all = examples::read_json(file("cspd.json"));
  REQUIRE(found.at("cases").size() == all.at("cases").size());
  for (std::size_t i = 0; i < all.at("cases").size(); ++i) {
    nlohmann::json const &ours = found.at("cases")[i], &recorded = all.at("cases")[i];
    for (char const* key : {"accepted", "rounds", "never_accepted", "uniform_guess"})
      CHECK(ours.at(key) == recorded.at(key));
    for (std::size_t t = 0; t < recorded.at("result").size(); ++t)
      for (std::size_t c = 0; c < recorded.at("result")[t].size(); ++c)
        CHECK(ours.at("result")[t][c].get<double>() ==
              doctest::Approx(recorded.at("result")[t][c].get<double>()).epsilon(1e-6));
  }
}

TEST_CASE("replay: small mistakes in cspd.json fail") {
  if (!have_program()) return;
  auto const fails = [](change const& f, std::string const& name) {
    test::temporary_folder const folder;
    test::outcome const run = replay_changed(folder, f);
    INFO(name << "\n" << run.output << run.errors);
    CHECK(run.status == 1);
    CHECK(count(run.output, "too large") >= 1);
  };
  auto const scale = [](nlohmann::json& number, double factor) { number = factor * number.get<double>(); };
  fails([&](nlohmann::json& d) { scale(d["cases"][1]["inner_temperature"], 1.001); }, "inner_temperature");
  fails([&](nlohmann::json& d) { scale(d["std_q"][0][3], 1.001); }, "std_q");
  fails([&](nlohmann::json& d) { scale(d["log_sum_p"][2][0], 1.001); }, "log_sum_p");
  fails([](nlohmann::json& d) { d["cases"][0]["draft_sample_is_mean_q"] = true; }, "draft_sample_is_mean_q");
  fails([](nlohmann::json& d) { d["cases"][0]["rounds"] = d["cases"][0]["rounds"].get<int>() + 1; }, "rounds");
  fails([](nlohmann::json& d) { d["cases"][2]["accepted"][0] = !d["cases"][2]["accepted"][0].get<bool>(); },
        "accepted");
  fails([](nlohmann::json& d) { d["runner"]["example_verify_steps"].begin()->at("verify")[0] = 1; }, "verify");
}

TEST_CASE("replay: draws that were cut leave open what they do not determine; 100 rounds leave 0") {
  if (!have_program()) return;
  test::temporary_folder const folder;
  // all draws but those of the first round are gone, and what the others gave
  test::outcome const run = replay_changed(folder,
                                           [](nlohmann::json& document) {
                                             nlohmann::json& draws = document["cases"][0]["draws"];
                                             draws.erase(draws.begin() + 3, draws.end());
                                             nlohmann::json& rounds = document["cases"][0]["first_rounds"];
                                             rounds.erase(rounds.begin() + 1, rounds.end());
                                           },
                                           {"case_0"});
  INFO(run.output << run.errors);
  CHECK(run.status == 0);
  CHECK(count(run.output, " tokens not determined by the recorded draws") == 1);
  nlohmann::json const cut = examples::read_json(folder / "out.json").at("cases")[0];
  nlohmann::json const recorded = examples::read_json(file("cspd.json")).at("cases")[0];
  CHECK(cut.at("rounds") == recorded.at("rounds"));
  for (std::size_t i = 0; i < recorded.at("accepted").size(); ++i)
    CHECK(cut.at("result")[i].is_null() == !recorded.at("accepted")[i].get<bool>());

  // uniform numbers of 1 are never below a probability
  test::outcome const never =
      replay_changed(folder,
                     [](nlohmann::json& document) {
                       nlohmann::json one = document["cases"][0];
                       nlohmann::json const test = one["draws"][0], normal = one["draws"][1];
                       nlohmann::json uniform = test;
                       for (nlohmann::json& u : uniform["values"]) u = 1;
                       one["draws"] = nlohmann::json::array({test});
                       for (int i = 0; i < 100; ++i) {
                         one["draws"].push_back(normal);
                         one["draws"].push_back(uniform);
                       }
                       one["draws_total"] = 201;
                       for (char const* key : {"rounds", "never_accepted", "first_rounds", "result"}) one.erase(key);
                       document["cases"] = nlohmann::json::array({one});
                     },
                     {"case_0"});
  INFO(never.output << never.errors);
  CHECK(never.status == 0);
  nlohmann::json const zero = examples::read_json(folder / "out.json").at("cases")[0];
  CHECK(zero.at("rounds") == 100);
  for (std::size_t i = 0; i < recorded.at("accepted").size(); ++i) {
    CHECK(zero.at("never_accepted")[i] == true);
    bool const kept = recorded.at("accepted")[i];
    for (nlohmann::json const& x : zero.at("result")[i]) CHECK((x.get<double>() == 0) == !kept);
  }
}

TEST_CASE("replay: bad numbers of cspd.json are refused") {
  if (!have_program()) return;
  auto const refused = [](change const& f, std::string const& part) {
    test::temporary_folder const folder;
    test::outcome const run = replay_changed(folder, f);
    INFO(part << "\n" << run.output << run.errors);
    CHECK(run.status == 2);
    CHECK(run.errors.starts_with("error: "));
    CHECK(count(run.errors, "\n") == 1);
    CHECK(count(run.errors, part) == 1);
    CHECK(folder.entries() == 1);
  };
  refused([](nlohmann::json& d) { d["std_p"][0][0] = 0; }, "std_p");
  refused([](nlohmann::json& d) { d["mean_q"][1][2] = "x"; }, "mean_q");
  refused([](nlohmann::json& d) { d["mean_p"].erase(0); }, "mean_p");
  refused([](nlohmann::json& d) { d.erase("draft_sample"); }, "draft_sample");
  refused([](nlohmann::json& d) { d["dim"] = 0; }, "dim");
  refused([](nlohmann::json& d) { d["cases"][0]["inner_temperature"] = 0; }, "case_0");
  refused([](nlohmann::json& d) { d["cases"][0]["draws"][1]["kind"] = "rand_like"; }, "randn_like");
  refused([](nlohmann::json& d) { d["cases"][0]["draws"].erase(0); }, "an odd number of draws");
  refused([](nlohmann::json& d) { d["cases"][0]["draws"][2]["values"].push_back(0.5); }, "draws[2]");
  refused([](nlohmann::json& d) { d["runner"]["example_verify_steps"]["num_iter=8"] = 1; }, "num_iter=8");
  CHECK(replay({stem("cspd"), "case_99"}).status == 2);
}

}  // namespace
