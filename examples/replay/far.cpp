// SPDX-License-Identifier: Apache-2.0
//
// From a case's JSON to a run, and from the run to the recorded names.
#include "far.hpp"

#include "noise.hpp"
#include "policies.hpp"
#include "report.hpp"

#include "common/error.hpp"
#include "far/model.hpp"

#include <ardent/annealing/constant.hpp>
#include <ardent/generate.hpp>
#include <ardent/grid/training_steps.hpp>
#include <ardent/guidance/linear_open.hpp>
#include <ardent/ordering/next_frequency.hpp>
#include <ardent/process/cosine.hpp>
#include <ardent/sampler.hpp>
#include <ardent/solver/ddpm.hpp>
#include <ardent/temperature/temperature.hpp>

#include <cstddef>
#include <cstdint>

namespace examples::replay {

namespace {

constexpr int large = 1 << 20;

struct far_system {
  recording const& from;
  request const& what;
  mar::backbone network;
  far::head head;
  std::vector<std::int64_t> classes;  // the label of each row of the class table
  std::vector<int> timesteps;         // ascending
};

struct far_case {
  std::string name;
  far::variant shows = far::variant::whole;
  std::vector<int> levels;
  double cfg = 1, temperature = 1;
  std::vector<int> labels;  // rows of the class table

  [[nodiscard]] int images() const { return static_cast<int>(labels.size()); }
  [[nodiscard]] bool masked() const { return shows == far::variant::masked; }
};

struct far_step {
  std::vector<float> shown;        // [images][tokens][channels]
  std::vector<std::int64_t> mask;  // [images][tokens], 1 where hidden
  std::vector<float> conditions;   // [branches][images][tokens][condition_width]
  std::vector<float> samples;      // [images][tokens][channels]
};

/// The network, whose class table the recording has only the used rows of.
far_system read_system(recording const& from, request const& what) {
  nlohmann::json document = from.document;
  safetensors_writer weights;
  for (std::string const& name : from.tensors.names()) {
    const bool recorded = name.starts_with("mask.") || name.starts_with("nomask.") || name.starts_with("resize.") ||
                          name.starts_with("class_emb.");
    if (!recorded) weights.add(name, from.tensors.shape(name), from.tensors.floats(name));
  }
  const std::vector<std::int64_t> classes = from.tensors.integers("class_emb.rows");
  const std::vector<std::int64_t> shape = from.tensors.shape("class_emb.weight_rows");
  if (shape.size() != 2 || shape[0] != static_cast<std::int64_t>(classes.size()) || classes.empty())
    fail(from.tensors.path(),
         "class_emb.weight_rows to have the " + std::to_string(classes.size()) +
             " rows that class_emb.rows names, at least 1",
         std::to_string(shape.empty() ? 0 : shape[0]));
  weights.add("class_emb.weight", shape, from.tensors.floats("class_emb.weight_rows"));
  nlohmann::json const& arguments = member(document, "constructor", from.file);
  const std::string steps = string_member(arguments, "num_sampling_steps", from.file);
  document["constructor"]["class_num"] = classes.size();
  const safetensors network = weights.in_memory(from.tensors.path());
  return {from,
          what,
          mar::backbone(mar::config::from_json(document, from.file), network),
          far::head(network, "diffloss.net."),
          classes,
          respaced_by_sections(steps, "num_sampling_steps", from.file)};
}

far_case read_case(nlohmann::json const& one, far_system const& system) {
  std::filesystem::path const& file = system.from.file;
  far_case read;
  read.name = string_member(one, "name", file);
  const std::string variant = string_member(one, "variant", file);
  if (variant != "mask" && variant != "nomask")
    fail(file, "variant \"mask\" or \"nomask\"", "\"" + printable(variant, 40) + "\"");
  read.shows = variant == "mask" ? far::variant::masked : far::variant::whole;
  nlohmann::json const& levels = member(one, "levels", file);
  if (!levels.is_array()) fail(file, "levels of " + read.name + " to be a list", printable(levels.dump(), 40));
  for (nlohmann::json const& level : levels) {
    if (!level.is_number_integer() || level < 0 || level > large)
      fail(file, "levels of " + read.name + " to be integers of at least 0", printable(level.dump(), 40));
    read.levels.push_back(level.get<int>());
  }
  read.cfg = number_member(one, "cfg", file);
  read.temperature = number_member(one, "temperature", file);
  const auto images = static_cast<std::size_t>(integer_member(one, "batch", 1, large, file));
  nlohmann::json const& labels = member(one, "labels", file);
  if (!labels.is_array() || labels.size() != images)
    fail(file, "labels of " + read.name + " to be " + std::to_string(images) + " integers",
         printable(labels.dump(), 40));
  for (nlohmann::json const& label : labels) {
    int row = -1;
    for (std::size_t i = 0; i < system.classes.size(); ++i)
      if (label == system.classes[i]) row = static_cast<int>(i);
    if (row < 0) fail(file, "labels of " + read.name + " that class_emb.rows names", printable(label.dump(), 40));
    read.labels.push_back(row);
  }
  return read;
}

std::vector<int> read_orders(far_system const& system, far_case const& one) {
  std::vector<int> orders;
  if (one.masked())
    for (const std::int64_t position :
         system.from.tensors.integers(one.name + ".orders", {one.images(), system.network.sizes().seq_len()}))
      orders.push_back(position >= 0 && position < large ? static_cast<int>(position) : -1);
  return orders;
}

template <class Temperature>
std::vector<far_step> run(far_system const& system, far_case const& one, Temperature const& temperature) {
  const int channels = system.network.sizes().token_channels(), tokens = system.network.sizes().seq_len();
  const int width = system.network.condition_width();
  const auto sampler =
      ardent::make_sampler(ardent::ordering::next_frequency(system.network.sizes().seq_h(), one.levels),
                           ardent::annealing::constant{static_cast<int>(system.timesteps.size())},
                           ardent::process::cosine<train_timesteps>{}, ardent::grid::training_steps(system.timesteps),
                           ardent::solver::ddpm<>{}, ardent::guidance::linear_open{one.cfg}, temperature);
  recorded_noise noise;
  for (int i = 0; i < sampler.ar_steps(); ++i) {
    const std::string prefix = numbered(one.name + ".step", i, 2) + ".";
    noise.add_step(recorded_rows(system.from.tensors, prefix + "init", one.images() * tokens, channels));
    noise.read_draws(system.from.tensors, prefix, one.images() * tokens, channels, noisy_steps(sampler, i));
  }
  far::model model(system.network, system.head, one.labels, one.levels, one.shows, read_orders(system, one),
                   system.what.executor.threads());
  std::vector<far_step> steps;
  std::vector<float> pictures(static_cast<std::size_t>(one.images()) *
                              static_cast<std::size_t>(sampler.sequence_length()) * static_cast<std::size_t>(channels));
  ardent::generate(sampler, model, system.what.executor, noise.source(), {one.images()}, pictures,
                   [&](ardent::ar_step_report const& report) {
                     far_step& step = steps.emplace_back();
                     step.shown = model.shown();
                     for (const std::uint8_t seen : model.visible()) step.mask.push_back(seen == 0);
                     for (std::size_t c = 0; c < report.conditions.size(); ++c)
                       if (c % static_cast<std::size_t>(width + 1) != static_cast<std::size_t>(width))
                         step.conditions.push_back(report.conditions[c]);
                     step.samples.assign(report.samples.begin(), report.samples.end());
                   });
  return steps;
}

/// [images][tokens][channels] as [images][channels][rows][columns].
std::vector<float> by_channels(std::vector<float> const& x, std::size_t tokens, std::size_t channels) {
  std::vector<float> y(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    const std::size_t c = i % channels, p = i / channels % tokens, image = i / channels / tokens;
    y[(image * channels + c) * tokens + p] = x[i];
  }
  return y;
}

bool replay_case(far_system const& system, nlohmann::json const& json, safetensors_writer& dump) {
  const far_case one = read_case(json, system);
  // as published: 0.85 and 0.8 are its code's, the temperature of a run without masks is not read
  const std::vector<far_step> steps = one.masked()
                                          ? run(system, one, ardent::temperature::linear_open{0.85, one.temperature})
                                          : run(system, one, ardent::temperature::cosine{0.8, 1.0});
  const std::int64_t images = one.images(), side = system.network.sizes().seq_h(), tokens = side * side;
  const std::int64_t channels = system.network.sizes().token_channels(), width = system.network.condition_width();
  case_report report(system.from.tensors, dump, one.name);
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const std::string prefix = numbered("step", static_cast<int>(i), 2) + ".";
    if (one.masked()) report.add_exact(prefix + "mask", {images, tokens}, steps[i].mask);
    report.compare(prefix + "tokens_in", {images, tokens, channels}, steps[i].shown);
    report.compare(prefix + "z", {2 * images * tokens, width}, steps[i].conditions);
    report.add(prefix + "out", {images * tokens, channels}, steps[i].samples);
  }
  report.add("latent", {images, channels, side, side},
             by_channels(steps.back().samples, static_cast<std::size_t>(tokens), static_cast<std::size_t>(channels)));
  return report.print(judge::relative_to_one, system.what.tolerance);
}

}  // namespace

bool holds_far(nlohmann::json const& document) {
  if (!document.contains("constructor") || !document.contains("cases")) return false;
  nlohmann::json const& cases = document.at("cases");
  return cases.is_array() && !cases.empty() && cases.front().contains("variant") && cases.front().contains("levels");
}

bool replay_far(recording const& from, request const& what, safetensors_writer& dump) {
  recording named = from;  // a case is called what its tensors are called
  for (nlohmann::json& one : named.document["cases"])
    if (!one.contains("name")) one["name"] = member(one, "variant", from.file);
  const far_system system = read_system(named, what);
  bool passed = run_cases(named, what, [&](nlohmann::json const& one) { return replay_case(system, one, dump); });
  if (!what.cases.empty()) return passed;
  passed = replay_far_tables(from) && passed;
  return replay_far_resizings(from, what, dump) && passed;
}

}  // namespace examples::replay
