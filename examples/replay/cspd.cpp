// SPDX-License-Identifier: Apache-2.0
//
// The published rounds around the library's rule, and the comparison with what was recorded.
#include "cspd.hpp"

#include "cspd_tensors.hpp"

#include "common/error.hpp"

#include <ardent/speculative/acceptance.hpp>
#include <ardent/speculative/schedule.hpp>
#include <ardent/speculative/verify.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <limits>
#include <map>
#include <stdexcept>
#include <utility>

namespace examples::replay {

namespace {

constexpr std::size_t most_rounds = 100;     // of the published code
constexpr std::size_t recorded_rounds = 10;  // that a recording has in "first_rounds"

/// The largest difference of a case, over max(1, the recorded magnitude).
struct difference {
  double largest = 0;
  std::string where = "nothing";

  void note(double value, std::string const& name) {
    if (value > largest || where == "nothing") where = name;
    largest = std::max(largest, value);
  }
};

/// Numbers have a tolerance; all else has to be equal, and null is not known.
void compare(nlohmann::json const& ours, nlohmann::json const& recorded, std::string const& name, difference& out) {
  if (ours.is_null()) return;
  if (ours.is_array() && recorded.is_array() && ours.size() == recorded.size()) {
    for (std::size_t i = 0; i < ours.size(); ++i) compare(ours[i], recorded[i], name, out);
  } else if (ours.is_object() && recorded.is_object()) {
    const std::string prefix = name + ".";
    for (auto const& [key, value] : ours.items())
      if (recorded.contains(key)) compare(value, recorded.at(key), prefix + key, out);
  } else if (ours.is_number_float() && recorded.is_number()) {
    const double a = ours.get<double>(), b = recorded.get<double>();
    const double d = std::fabs(a - b) / std::max(1.0, std::fabs(b));
    out.note(std::isfinite(d) ? d : std::numeric_limits<double>::infinity(), name);
  } else {
    out.note(ours == recorded ? 0 : std::numeric_limits<double>::infinity(), name);
  }
}

nlohmann::json row_of(std::vector<float> const& values, std::size_t token, std::size_t channels) {
  nlohmann::json row = nlohmann::json::array();
  for (std::size_t c = 0; c < channels; ++c) row.push_back(values[token * channels + c]);
  return row;
}

/// The rounds as published: each draws for every token of the verification, also for those that were accepted or have a
/// sample; a later sample replaces an earlier one, and the rounds end when every token has one.
struct published_rounds {
  std::vector<bool> has_sample;  // [tokens]
  std::vector<float> samples;    // [tokens][channels], 0 where there is none
  nlohmann::json first = nlohmann::json::array();
  std::size_t rounds = 0;
  bool cut = false;  // the recording has fewer draws than the run took

  published_rounds(ardent::acceptance::cspd<ardent::dynamic> const& rule, cspd_inputs const& in,
                   cspd_draws const& draws)
      : has_sample(in.tokens), samples(in.tokens * in.channels) {
    std::vector<float const*> uniforms, normals;
    for (auto const& values : draws.uniforms) uniforms.push_back(values.data());
    for (auto const& values : draws.normals) normals.push_back(values.data());
    const ardent::recorded_verification source{uniforms.data(), normals.data()};
    const int channels = static_cast<int>(in.channels);
    std::vector<float> proposal(in.channels);
    while (rounds < most_rounds && !std::all_of(has_sample.begin(), has_sample.end(), [](bool has) { return has; })) {
      cut = rounds == draws.rounds();
      if (cut) return;
      ++rounds;
      nlohmann::json alphas = nlohmann::json::array(), accepted = nlohmann::json::array();
      for (std::size_t i = 0; i < in.tokens; ++i) {
        ardent::noise_key key;
        key.row = static_cast<int>(i);
        key.step = static_cast<int>(rounds);
        ardent::propose(channels, in.target.of(i), source, key, proposal.data());
        const float alpha =
            ardent::residual_probability(rule, channels, in.draft.of(i), in.target.of(i), proposal.data());
        const bool taken = ardent::acceptance_uniform(source, key, key.step) < alpha;
        alphas.push_back(alpha);
        accepted.push_back(taken);
        if (!taken) continue;
        has_sample[i] = true;
        std::copy(proposal.begin(), proposal.end(), samples.begin() + static_cast<std::ptrdiff_t>(i * in.channels));
      }
      if (first.size() < recorded_rounds) first.push_back({{"alpha", alphas}, {"accepted", accepted}});
    }
  }
};

/// What a case gives, under the recorded names.
nlohmann::json results_of(nlohmann::json const& one, cspd_inputs const& in, std::filesystem::path const& file) {
  const ardent::acceptance::cspd rule(number_member(one, "inner_temperature", file));
  const bool takes_mean = boolean_member(one, "draft_sample_is_mean_q", file);
  const cspd_draws draws = read_cspd_draws(one, in, file);
  std::vector<float> const& tokens = takes_mean ? in.draft.mean : in.draft_samples;
  const int channels = static_cast<int>(in.channels);

  nlohmann::json out;
  std::vector<bool> accepted(in.tokens);
  for (std::size_t i = 0; i < in.tokens; ++i) {
    float const* const x = tokens.data() + i * in.channels;
    const ardent::last_step q = in.draft.of(i), p = in.target.of(i);
    const float log_ratio = ardent::log_acceptance(rule, channels, q, p, x);
    const double ratio = std::exp(static_cast<double>(log_ratio));
    accepted[i] = ardent::is_accepted(log_ratio, draws.uniforms[0][i]);
    out["fixed_term"].push_back(std::exp(static_cast<double>(ardent::log_path_factor(channels, q, p))));
    out["acceptance_ratio"].push_back(ratio);
    out["acceptance_probability"].push_back(std::min(1.0, ratio));
    out["uniform_guess"].push_back(draws.uniforms[0][i]);
    out["accepted"].push_back(static_cast<bool>(accepted[i]));
  }

  const bool all = std::all_of(accepted.begin(), accepted.end(), [](bool is) { return is; });
  out["first_rounds"] = nlohmann::json::array();
  out["rounds"] = 0;
  out["never_accepted"] = std::vector<bool>(in.tokens);
  out["result"] = nlohmann::json::array();
  if (all) {
    for (std::size_t i = 0; i < in.tokens; ++i) out["result"].push_back(row_of(tokens, i, in.channels));
    return out;
  }
  const published_rounds run(rule, in, draws);
  out["first_rounds"] = run.first;
  out["rounds"] = run.cut ? draws.total_rounds() : run.rounds;
  for (std::size_t i = 0; i < in.tokens; ++i) {
    const bool is_known = !run.cut || run.has_sample[i];
    out["never_accepted"][i] = is_known ? nlohmann::json(!run.has_sample[i]) : nlohmann::json();
    if (accepted[i])
      out["result"].push_back(row_of(tokens, i, in.channels));
    else
      out["result"].push_back(run.cut ? nlohmann::json() : row_of(run.samples, i, in.channels));
  }
  return out;
}

/// The AR steps of an example such as "num_iter=64,num_draft=8,ratio=0.15".
nlohmann::json schedule_of(std::string const& name, std::filesystem::path const& file) {
  int num_iter = 0, num_draft = 0, end = 0;
  double ratio = 0;
  const int read =
      std::sscanf(name.c_str(), "num_iter=%d,num_draft=%d,ratio=%lf%n", &num_iter, &num_draft, &ratio, &end);
  if (read != 3 || static_cast<std::size_t>(end) != name.size() || num_iter < 1 || num_iter > 65536)
    fail(file, "example_verify_steps named \"num_iter=...,num_draft=...,ratio=...\"",
         "\"" + printable(name, 60) + "\"");
  const ardent::draft_schedule schedule(num_draft, ratio);
  nlohmann::json out{{"target_only", nlohmann::json::array()}, {"verify", nlohmann::json::array()}};
  for (int s = 0; s < num_iter; ++s) {
    if (schedule.is_target_only(s, num_iter)) out["target_only"].push_back(s);
    if (schedule.is_verified(s, num_iter)) out["verify"].push_back(s);
  }
  return out;
}

bool print(std::string const& name, difference const& found, double tolerance, std::size_t unknown) {
  const bool passed = found.largest <= tolerance;
  std::printf("%s: largest difference %.3g over max(1, |recorded|) (%s)", name.c_str(), found.largest,
              found.where.c_str());
  if (unknown > 0) std::printf(", %zu tokens not determined by the recorded draws", unknown);
  std::printf("%s\n", passed ? "" : ": too large");
  return passed;
}

/// Calls f, whose std::invalid_argument becomes bad input of the file.
template <class F>
auto of_file(std::filesystem::path const& file, std::string const& name, F const& f) {
  try {
    return f();
  } catch (std::invalid_argument const& problem) {
    throw input_error(printable_path(file) + ": " + printable(name) + ": " + problem.what());
  }
}

}  // namespace

bool holds_cspd(nlohmann::json const& document) {
  if (!document.is_object() || !document.contains("log_sum_q") || !document.contains("cases")) return false;
  nlohmann::json const& cases = document.at("cases");
  return cases.is_array() && !cases.empty() && cases.front().contains("inner_temperature");
}

bool replay_cspd(std::filesystem::path const& file, nlohmann::json const& document,
                 std::vector<std::string> const& cases, double tolerance,
                 std::optional<std::filesystem::path> const& dump) {
  const cspd_inputs inputs = read_cspd_inputs(document, file);
  nlohmann::json const& all = document.at("cases");
  std::vector<std::string> names;
  for (std::size_t i = 0; i < all.size(); ++i) names.push_back("case_" + std::to_string(i));
  for (std::string const& name : cases)
    if (std::count(names.begin(), names.end(), name) == 0)
      fail(file, "a case named \"" + printable(name) + "\"", names.front() + " to " + names.back());

  nlohmann::json out = document;
  out["cases"] = nlohmann::json::array();
  bool passed = true;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (!cases.empty() && std::count(cases.begin(), cases.end(), names[i]) == 0) continue;
    const nlohmann::json results = of_file(file, names[i], [&] { return results_of(all[i], inputs, file); });
    difference found;
    std::size_t unknown = 0;
    for (nlohmann::json const& row : results.at("result")) unknown += row.is_null();
    for (auto const& [key, value] : results.items())
      if (all[i].contains(key)) compare(value, all[i].at(key), key, found);
    passed = print(names[i], found, tolerance, unknown) && passed;
    out["cases"].push_back(all[i]);
    out["cases"].back().update(results);
  }
  if (cases.empty() && document.contains("runner") && document.at("runner").contains("example_verify_steps")) {
    difference found;
    for (auto const& [name, recorded] : document.at("runner").at("example_verify_steps").items()) {
      nlohmann::json& mine = out["runner"]["example_verify_steps"][name];
      mine = of_file(file, name, [&] { return schedule_of(name, file); });
      compare(mine, recorded, name, found);
    }
    passed = print("example_verify_steps", found, tolerance, 0) && passed;
  }
  if (dump) write_json(*dump, out);
  return passed;
}

}  // namespace examples::replay
