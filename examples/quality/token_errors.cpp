// SPDX-License-Identifier: Apache-2.0
//
// token_errors: how far tokens that a MAR draws in few denoising steps, or by another solver, are from those that it
// draws in many, at the same conditions. quality.py asks it; `token_errors --help` lists the options.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <ardent/annealing/constant.hpp>
#include <ardent/diagnostics/repeated_draws.hpp>
#include <ardent/diagnostics/sampling_error.hpp>
#include <ardent/diagnostics/walk.hpp>
#include <ardent/grid/clip.hpp>
#include <ardent/grid/respaced.hpp>
#include <ardent/ordering/masked.hpp>
#include <ardent/random/philox.hpp>
#include <ardent/sampler.hpp>

#include "common/error.hpp"
#include "common/files/json.hpp"
#include "common/files/safetensors.hpp"
#include "common/network/host_executor.hpp"
#include "common/program/command_line.hpp"
#include "common/program/program.hpp"
#include "mar/checkpoint.hpp"
#include "mar/model.hpp"
#include "mar/plan.hpp"

namespace {

namespace fs = std::filesystem;
namespace diagnostics = ardent::diagnostics;
using namespace examples;

struct options {
  std::optional<fs::path> weights, config, prefixes, settings, out;
  int images = 6, draws = 256, reference_steps = 200, threads = 0;
  std::uint64_t seed = 0;
};

bool read_options(int argc, char** argv, options& o) {
  CLI::App app(
      "Energy distances of a MAR's tokens to those of DDPM in many steps, given the same prefix, without guidance.",
      "token_errors");
  add_file(app, "--weights", o.weights, "the model's tensors, FILE.safetensors [the shipped fashion_mar]");
  add_file(app, "--config", o.config, "the model's constructor arguments [the weights' name, ending in .json]");
  add_file(app, "--prefixes", o.prefixes, "images whose prefixes are used: what mar --dump wrote");
  add_file(app, "--settings", o.settings,
           "JSON: {\"ar_steps\": N, \"clip\": 950, \"settings\": [{\"solver\": \"ddpm\", \"steps\": K, \"at\": [AR "
           "steps]}, ...]}");
  add_file(app, "--out", o.out,
           "JSON: the settings with \"energy\" [at][images], mean over an AR step's tokens, and \"floor\" [AR "
           "steps][images]: of another set of as many steps as the reference");
  add_number(app, "--images", o.images, 1, 100000, "the first so many of the prefixes [6]");
  add_number(app, "--draws", o.draws, 2, 100000, "draws of each token [256]");
  add_number(app, "--reference-steps", o.reference_steps, 2, 1000, "steps of the reference, DDPM [200]");
  add_number(app, "--seed", o.seed, std::uint64_t{0}, UINT64_MAX, "of orders and noise [0]");
  add_number(app, "--threads", o.threads, 0, 1024, "threads, 0 for all [0]");
  if (!parse_command_line(app, argc, argv)) return false;
  if (!o.prefixes) fail("--prefixes", "a file", "none");
  if (!o.settings) fail("--settings", "a file", "none");
  if (!o.out) fail("--out", "a file", "none");
  return true;
}

struct setting {
  std::string solver;
  int steps;
  std::vector<int> at;                      // AR steps
  std::vector<std::vector<double>> energy;  // [at][images]
};

struct wanted {
  int ar_steps, clip;
  std::vector<setting> settings;
};

wanted read_settings(fs::path const& file, int tokens) {
  nlohmann::json const document = read_json(file);
  wanted read{static_cast<int>(integer_member(document, "ar_steps", 1, tokens, file)),
              static_cast<int>(integer_member(document, "clip", 0, 999, file)),
              {}};
  nlohmann::json const& list = member(document, "settings", file);
  if (!list.is_array()) fail(file, "a list under \"settings\"", list.type_name());
  for (nlohmann::json const& entry : list) {
    setting one{
        string_member(entry, "solver", file), static_cast<int>(integer_member(entry, "steps", 1, 1000, file)), {}, {}};
    nlohmann::json const& at = member(entry, "at", file);
    if (!at.is_array()) fail(file, "a list under \"at\"", at.type_name());
    for (nlohmann::json const& i : at) {
      if (!i.is_number_integer() || i < 0 || i >= read.ar_steps)
        fail(file, "AR steps below " + std::to_string(read.ar_steps) + " under \"at\"", i.dump());
      one.at.push_back(i.get<int>());
    }
    read.settings.push_back(std::move(one));
  }
  return read;
}

// Draws of what comes after a prefix, by some sampler.
using drawer = std::function<diagnostics::draw_set(diagnostics::prefix const&, int draws, std::uint64_t seed)>;

template <class Solver>
auto sampler_of(Solver const& solver, int tokens, int ar_steps, int steps, int clip) {
  return ardent::make_sampler(ardent::ordering::masked(tokens, ar_steps), ardent::annealing::constant(steps),
                              ardent::grid::clip(ardent::grid::respaced{}, clip), solver);
}

template <class Sampler, class Model>
drawer drawer_of(Sampler const& chosen, Model& model, host_executor const& executor, int images) {
  struct state {
    Sampler sampler;
    diagnostics::repeated_draws<Sampler, Model, host_executor> draws;
    state(Sampler const& s, Model& m, host_executor const& e, int n) : sampler(s), draws(sampler, m, e, n) {}
  };
  return [of = std::make_shared<state>(chosen, model, executor, images)](diagnostics::prefix const& here, int draws,
                                                                         std::uint64_t seed) {
    diagnostics::draw_set set(here.rows(), here.view.channels);
    for (int d = 0; d < draws; ++d) of->draws.draw(here, diagnostics::noise_of_draw(seed, d), set.add());
    return set;
  };
}

// Means over an AR step's tokens, for each image.
std::vector<double> energies(host_executor const& executor, diagnostics::draw_set const& a,
                             diagnostics::draw_set const& b, int images) {
  std::vector<double> of_row(static_cast<std::size_t>(a.rows()));
  executor.parallel_for(
      a.rows(), [&](int r, int) { of_row[static_cast<std::size_t>(r)] = diagnostics::energy_distance(a, b, r); });
  int const tokens = a.rows() / images;
  std::vector<double> of_image(static_cast<std::size_t>(images));
  for (int r = 0; r < a.rows(); ++r)
    of_image[static_cast<std::size_t>(r / tokens)] += of_row[static_cast<std::size_t>(r)] / tokens;
  return of_image;
}

int run(int argc, char** argv) {
  options o;
  if (!read_options(argc, argv, o)) return 0;
  mar::checkpoint const trained(model_files::chosen(o.weights, o.config, model_files::shipped("fashion_mar")));
  int const length = trained.sizes().seq_len(), channels = trained.sizes().token_channels();
  wanted asked = read_settings(*o.settings, length);

  safetensors const prefixes = safetensors::read(*o.prefixes);
  std::vector<std::int64_t> const all_labels = prefixes.integers("labels");
  auto const there = static_cast<std::int64_t>(all_labels.size());
  if (there < o.images)
    fail("--images", "at most the " + std::to_string(there) + " of --prefixes", std::to_string(o.images));
  std::vector<float> tokens = prefixes.floats("tokens", {there, length, channels});
  tokens.resize(static_cast<std::size_t>(o.images * length * channels));
  std::vector<int> labels;
  for (int i = 0; i < o.images; ++i) labels.push_back(static_cast<int>(all_labels[static_cast<std::size_t>(i)]));

  host_executor const executor(o.threads);
  adaln_head<float> const head = trained.head<float>();
  mar::model<float> model(trained.network(), head, labels, executor.threads());
  auto const make = [&](mar::solver_words const& words, int steps) {
    return std::visit(
        [&](auto const& solver) {
          return drawer_of(sampler_of(solver, length, asked.ar_steps, steps, asked.clip), model, executor, o.images);
        },
        mar::make_solver(words));
  };
  drawer const reference = make({}, o.reference_steps);
  std::vector<drawer> drawers;
  for (setting const& one : asked.settings) drawers.push_back(make({.solver = one.solver}, one.steps));

  std::vector<std::vector<double>> floor;
  std::vector<int> ar_tokens;
  auto const walked = sampler_of(mar::learned_ddpm(), length, asked.ar_steps, o.reference_steps, asked.clip);
  diagnostics::walk(walked, model, executor, ardent::random::philox(o.seed), {o.images, 0}, tokens,
                    [&](diagnostics::prefix const& here) {
                      diagnostics::draw_set const many = reference(here, o.draws, o.seed + 1);
                      floor.push_back(energies(executor, reference(here, o.draws, o.seed + 2), many, o.images));
                      ar_tokens.push_back(here.view.tokens_per_image);
                      for (std::size_t s = 0; s < drawers.size(); ++s) {
                        setting& one = asked.settings[s];
                        if (std::count(one.at.begin(), one.at.end(), here.view.ar_step) == 0) continue;
                        // the same noise for every setting: they differ by what they are alone
                        one.energy.push_back(energies(executor, drawers[s](here, o.draws, o.seed + 3), many, o.images));
                      }
                      std::printf("AR step %d/%d\n", here.view.ar_step + 1, asked.ar_steps);
                      std::fflush(stdout);
                    });

  nlohmann::json written = {
      {"ar_steps", asked.ar_steps}, {"clip", asked.clip}, {"images", o.images},
      {"draws", o.draws},           {"seed", o.seed},     {"reference_steps", o.reference_steps},
      {"ar_tokens", ar_tokens},     {"floor", floor},     {"settings", nlohmann::json::array({})}};
  for (setting& one : asked.settings) {
    std::sort(one.at.begin(), one.at.end());
    written["settings"].push_back(
        {{"solver", one.solver}, {"steps", one.steps}, {"at", one.at}, {"energy", one.energy}});
  }
  write_json(*o.out, written);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  return examples::run_program([&] { return run(argc, argv); });
}
