// SPDX-License-Identifier: Apache-2.0
//
// From a case's JSON to two runs, and from the runs to the recorded names.
#include "lazymar.hpp"

#include "mar_run.hpp"
#include "policies.hpp"
#include "report.hpp"

#include "common/error.hpp"
#include "mar/cached_model.hpp"

#include <ardent/grid/training_steps.hpp>
#include <ardent/process/cosine.hpp>
#include <ardent/solver/ddpm.hpp>
#include <ardent/temperature/temperature.hpp>

#include <cstddef>
#include <cstdint>
#include <stdexcept>

namespace examples::replay {

namespace {

constexpr int large = 1 << 20;

/// How a case is sampled, and what is cached.
struct lazymar_case {
  mar_case sampling;
  std::vector<int> timesteps;  // ascending
  mar::caches use;
};

/// What a cached step leaves behind.
struct cached_step {
  bool fresh = true;
  std::vector<std::int64_t> kept;  // [images][buffer + seq_len], as are the others
  std::vector<float> scores;
  std::vector<float> residual;  // [images][buffer + seq_len][width]
};

/// A model that writes down what its caches do. Passes everything on.
struct watched_model {
  mar::cached_model<float>& model;
  std::vector<cached_step>& steps;

  [[nodiscard]] int sequence_length() const { return model.sequence_length(); }
  [[nodiscard]] auto denoiser() const { return model.denoiser(); }
  template <class Executor>
  void condition(Executor const& executor, ardent::ar_step_view const& view, float* z) {
    model.condition(executor, view, z);
    cached_step& step = steps.emplace_back();
    step.fresh = model.fresh(view.ar_step);
    for (int image = 0; image < view.images; ++image) {
      mar::backbone::cached_sequence const& sequence = *model.sequence(image);
      step.kept.insert(step.kept.end(), sequence.kept().begin(), sequence.kept().end());
      step.scores.insert(step.scores.end(), sequence.scores().begin(), sequence.scores().end());
      const std::span<float const> residual = model.residual(image);
      step.residual.insert(step.residual.end(), residual.begin(), residual.end());
    }
  }
};

mar::retention shares(recording const& from) {
  nlohmann::json const& table = member(from.document, "retain_ratio_schedule", from.file);
  std::vector<double> read;
  if (table.is_array())
    for (nlohmann::json const& share : table)
      if (share.is_number() && share.get<double>() > 0 && share.get<double>() <= 1) read.push_back(share.get<double>());
  if (read.empty() || read.size() != table.size())
    fail(from.file, "retain_ratio_schedule to be numbers above 0 and up to 1", printable(table.dump(), 40));
  nlohmann::json const& derived = member(from.document, "derived", from.file);
  return mar::retention(read, static_cast<int>(integer_member(derived, "prune_layer", 0, large, from.file)));
}

lazymar_case read_case(nlohmann::json const& one, mar_system const& system) {
  std::filesystem::path const& file = system.from.file;
  const auto integer = [&](char const* key, int lowest, int highest) {
    return static_cast<int>(integer_member(one, key, lowest, highest, file));
  };
  lazymar_case read;
  read.timesteps = respaced_by_sections(string_member(one, "num_sampling_steps_argument", file),
                                        "num_sampling_steps_argument", file);
  read.sampling = read_mar_numbers(one, system);
  read.sampling.steps.assign(static_cast<std::size_t>(integer("num_iter", 1, system.backbone.sizes().seq_len())),
                             static_cast<int>(read.timesteps.size()));
  read.use.tokens = read.use.conditions = read.use.head = true;
  read.use.when = {integer("start_step", 0, large), integer("fresh_t", 1, large)};
  // the published rule stands at the step itself: start 0 is fresh by the period
  read.use.head_when.period = integer("cache_threshold", 1, large);
  read.use.keep = shares(system.from);
  return read;
}

template <class Model>
mar_run run(mar_system const& system, lazymar_case const& one, Model& model) {
  const auto by = [&](auto const&... guidance) {
    return run_mar(system, one.sampling, model, ardent::process::cosine<train_timesteps>{},
                   ardent::grid::training_steps(one.timesteps), ardent::solver::ddpm<>{},
                   ardent::temperature::constant{one.sampling.temperature}, guidance...);
  };
  if (one.sampling.guidance_scale == 1) return by();
  if (one.sampling.linear) return by(ardent::guidance::linear{one.sampling.guidance_scale});
  return by(ardent::guidance::constant{one.sampling.guidance_scale});
}

/// A run's rows as the recording lays them out. Its second half of `out` is carried along and read by nobody; the
/// samples stand in its place.
void add_run(case_report& report, mar_system const& system, mar_case const& one, std::string const& of,
             mar_run const& result) {
  const std::int64_t channels = system.head.denoiser().channels(), width = system.backbone.condition_width();
  const std::int64_t branches = one.guidance_scale == 1 ? 1 : 2;
  for (std::size_t i = 0; i < result.steps.size(); ++i) {
    mar_step const& step = result.steps[i];
    const std::string prefix = of + numbered("step", static_cast<int>(i), 2) + ".";
    report.compare(prefix + "z", {branches * step.rows, width}, step.conditions);
    std::vector<float> out = step.samples;
    if (branches == 2) out.insert(out.end(), step.samples.begin(), step.samples.end());
    report.add(prefix + "out", {branches * step.rows, channels}, out, step.samples.size());
  }
  report.add(of + "tokens", {one.images(), system.backbone.sizes().seq_len(), channels}, result.tokens);
}

void add_caches(case_report& report, mar_system const& system, mar_case const& one,
                std::vector<cached_step> const& steps) {
  mar::config const& sizes = system.backbone.sizes();
  const std::int64_t images = one.images(), rows = sizes.buffer_size + sizes.seq_len();
  for (std::size_t i = 0; i < steps.size(); ++i) {
    cached_step const& step = steps[i];
    const std::string prefix = numbered("step", static_cast<int>(i), 2) + ".";
    if (!step.residual.empty()) report.compare(prefix + "diff", {images, rows, sizes.decoder_embed_dim}, step.residual);
    if (step.fresh) continue;
    report.add_exact(prefix + "kept", {images, rows}, step.kept);
    report.add(prefix + "score", {images, rows}, step.scores);
  }
}

bool replay_case(mar_system const& system, nlohmann::json const& json, double tolerance, safetensors_writer& dump) {
  const lazymar_case one = read_case(json, system);
  std::vector<cached_step> steps;
  mar::cached_model<float> cached(system.backbone, system.head, one.sampling.labels,
                                  one.sampling.guidance_scale == 1 ? 1 : 2, system.executor.threads(), one.use);
  watched_model watched{cached, steps};
  const mar_run lazy = run(system, one, watched);
  mar::model<float> model(system.backbone, system.head, one.sampling.labels, system.executor.threads());
  const mar_run base = run(system, one, model);

  case_report report(system.from.tensors, dump, one.sampling.name);
  add_caches(report, system, one.sampling, steps);
  add_run(report, system, one.sampling, "", lazy);
  add_run(report, system, one.sampling, "base.", base);
  return report.print(judge::relative_to_one, tolerance);
}

}  // namespace

bool holds_lazymar(nlohmann::json const& document) {
  return document.contains("constructor") && document.contains("cases") && document.contains("retain_ratio_schedule");
}

bool replay_lazymar(recording const& from, request const& what, safetensors_writer& dump) {
  const mar_system system = read_mar_system(from, what);
  return run_cases(from, what,
                   [&](nlohmann::json const& one) { return replay_case(system, one, what.tolerance, dump); });
}

}  // namespace examples::replay
