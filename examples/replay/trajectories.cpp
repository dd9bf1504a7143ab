// SPDX-License-Identifier: Apache-2.0
//
// From a case's JSON to a run, and from the run to the recorded names.
#include "trajectories.hpp"

#include "diffusers.hpp"
#include "flow.hpp"
#include "policies.hpp"
#include "report.hpp"
#include "rows.hpp"

#include "common/error.hpp"

#include <cstdio>
#include <optional>
#include <utility>

namespace examples::replay {

namespace {

/// A case that asks for something that is not built: it is named, left out, and has not passed.
bool not_built(std::string const& name) {
  std::printf("%s: not replayed, it asks for an option that is not built\n", name.c_str());
  return false;
}

/// Nothing if it asks for an option that is not built.
std::optional<dpm_plan> read_dpm(nlohmann::json const& one, int steps, std::filesystem::path const& file) {
  const dpm_process process;
  dpm_plan plan{{}, time_spacing::uniform, process.start_time(), process.end_time()};
  if (one.contains("t_start")) plan.start = number_member(one, "t_start", file);
  if (one.contains("t_end")) plan.end = number_member(one, "t_end", file);
  const std::string type = string_member(one, "algorithm_type", file);
  if (type != "dpmsolver" && type != "dpmsolver++")
    fail(file, "algorithm_type \"dpmsolver\" or \"dpmsolver++\"", "\"" + printable(type) + "\"");
  plan.solver.kind = type == "dpmsolver" ? multistep_kind::noise : multistep_kind::data;
  plan.solver.order = static_cast<int>(integer_member(one, "order", 1, 3, file));
  if (plan.solver.order > steps)
    fail(file, "K of at least the order, " + std::to_string(plan.solver.order), std::to_string(steps));
  const bool lower = !one.contains("lower_order_final") || boolean_member(one, "lower_order_final", file);
  plan.solver.final_order_below = lower ? 10 : ardent::never;
  const std::string spacing = string_member(one, "skip_type", file);
  if (spacing == "time_quadratic")
    plan.spacing = time_spacing::quadratic;
  else if (spacing == "logSNR")
    plan.spacing = time_spacing::logsnr;
  else if (spacing != "time_uniform")
    return std::nullopt;
  const std::string form = one.contains("solver_type") ? string_member(one, "solver_type", file) : "dpmsolver";
  if (form != "dpmsolver" && form != "taylor") return std::nullopt;
  plan.solver.heun = form == "taylor";
  if (one.contains("total_N") && integer_member(one, "total_N", 1, 1 << 20, file) != dpm_process::kept)
    return std::nullopt;
  return plan;
}

drawn_rows draw_ancestral(row_problem const& problem, adaln_head<float> const& head, std::string const& kind,
                          nlohmann::json const& one, std::filesystem::path const& file) {
  const int clip = static_cast<int>(integer_member(one, "clip_timesteps", 0, 1 << 20, file));
  if (kind == "ddim") return draw_ddim(problem, head, clip, number_member(one, "eta", file));
  return draw_ddpm(problem, head, clip, number_member(one, "temperature", file));
}

/// A guided run carries a second half of the state along that nothing reads. Ardent has no such half: the samples stand
/// in its place, as they do in the published AR loop after the step.
void add_rows(case_report& report, std::string const& suffix, std::vector<float> samples, std::int64_t rows,
              std::int64_t channels, bool paired) {
  const std::size_t count = samples.size();
  if (paired) samples.insert(samples.end(), samples.begin(), samples.begin() + static_cast<std::ptrdiff_t>(count));
  report.add(suffix, {paired ? 2 * rows : rows, channels}, samples, count);
}

/// Cases that ran the head.
bool replay_head_case(recording const& from, request const& what, adaln_head<float> const& head,
                      nlohmann::json const& one, std::string const& name, std::string const& kind,
                      safetensors_writer& dump) {
  const int steps = static_cast<int>(integer_member(one, "K", 1, 1 << 20, from.file));
  std::optional<dpm_plan> dpm;
  if (kind == "dpm") {
    dpm = read_dpm(one, steps, from.file);
    if (!dpm) return not_built(name);
  }
  const std::int64_t width = head.denoiser().condition_width(), channels = head.denoiser().channels();
  const std::string z = string_member(one, "z", from.file);
  const std::vector<std::int64_t> shape = from.tensors.shape(z);
  if (shape.size() != 2 || shape[0] < 1 || shape[0] > 1 << 20)
    fail(from.tensors.path(), z + " to be a matrix of at least one row", std::to_string(shape.size()) + " dimensions");
  const double scale = one.contains("cfg") ? number_member(one, "cfg", from.file) : 1;
  // the published DPM-Solver path denoises all rows by themselves, whatever cfg says
  const bool guided = scale != 1 && !dpm, duplicated = scale != 1 && dpm.has_value();
  if ((guided || duplicated) && shape[0] % 2 != 0)
    fail(from.tensors.path(), z + " to have an even number of rows", std::to_string(shape[0]));
  const std::int64_t rows = guided ? shape[0] / 2 : shape[0];
  row_problem problem{from,
                      what.executor,
                      name + ".",
                      static_cast<int>(rows),
                      steps,
                      guided ? scale : 1,
                      from.tensors.floats(name + ".init", {duplicated ? rows / 2 : rows, channels}),
                      from.tensors.floats(z, {shape[0], width})};
  if (duplicated) {
    const std::vector<float> half = problem.start;
    problem.start.insert(problem.start.end(), half.begin(), half.end());
  }
  const drawn_rows drawn = dpm ? draw_dpm(problem, head, *dpm) : draw_ancestral(problem, head, kind, one, from.file);

  case_report report(from.tensors, dump, name);
  add_rows(report, "out", drawn.samples, rows, channels, guided);
  // the path with cfg goes through the official sample(), which keeps no states
  if (dpm && !one.contains("cfg")) {
    report.add("states", {steps + 1, rows, channels}, drawn.states);
    report.add("times", {steps + 1}, dpm_times(steps, *dpm));
  }
  const bool from_the_end = one.contains("sampler") && one.at("sampler") == "default";
  return report.print(from_the_end ? judge::median : judge::largest, what.tolerance);
}

bool replay_diffusers_case(recording const& from, request const& what, nlohmann::json const& one,
                           std::string const& name, safetensors_writer& dump) {
  const int steps = static_cast<int>(integer_member(one, "num_inference_steps", 1, 100000, from.file));
  const std::optional<diffusers_plan> plan = read_diffusers(one, steps, from.file);
  if (!plan) return not_built(name);
  std::vector<std::int64_t> shape = from.tensors.shape(name + ".init");
  std::vector<float> start = from.tensors.floats(name + ".init", shape);
  if (shape.empty() || start.empty() || shape.back() > 1 << 20)
    fail(from.tensors.path(), name + ".init of at least one row of up to 2^20 numbers", "none");
  const double sigma = one.contains("init_noise_sigma") ? number_member(one, "init_noise_sigma", from.file) : 1;
  for (float& value : start) value *= static_cast<float>(sigma);
  const std::int64_t channels = shape.back(), rows = static_cast<std::int64_t>(start.size()) / channels;
  const row_problem problem{from, what.executor, name + ".", static_cast<int>(rows), steps, 1, std::move(start), {}};
  const diffusers_run run = run_diffusers(problem, static_cast<int>(channels), *plan);

  case_report report(from.tensors, dump, name);
  report.add("out", shape, run.drawn.samples);
  shape.insert(shape.begin(), steps + 1);
  report.add("states", shape, run.drawn.states);
  report.add("timesteps", {steps}, run.timesteps);
  if (plan->multistep) report.add("sigmas", {steps + 1}, run.sigmas);
  return report.print(judge::relative, what.tolerance);
}

bool replay_flow_case(recording const& from, request const& what, nlohmann::json const& one, std::string const& name,
                      safetensors_writer& dump) {
  std::vector<double> samples = run_flow(from, what, one);
  const std::size_t count = samples.size();
  const std::vector<std::int64_t> shape = from.tensors.shape(name + ".init");
  if (shape[0] != from.tensors.shape("flow.c_cond")[0]) {  // a second half, in whose place the samples stand
    const std::vector<double> half = samples;
    samples.insert(samples.end(), half.begin(), half.end());
  }
  case_report report(from.tensors, dump, name);
  report.add("out", shape, samples, count);
  return report.print(judge::largest, what.tolerance);
}

bool replay_case(recording const& from, request const& what, adaln_head<float> const& head, nlohmann::json const& one,
                 safetensors_writer& dump) {
  const std::string name = string_member(one, "name", from.file);
  const std::string kind = string_member(one, "kind", from.file);
  if (kind == "ddpm" || kind == "ddim" || kind == "dpm")
    return replay_head_case(from, what, head, one, name, kind, dump);
  if (kind == "diffusers") return replay_diffusers_case(from, what, one, name, dump);
  if (is_flow(kind)) return replay_flow_case(from, what, one, name, dump);
  return not_built(name);
}

}  // namespace

bool holds_trajectories(nlohmann::json const& document) {
  if (!document.contains("net") || !document.contains("cases")) return false;
  nlohmann::json const& cases = document.at("cases");
  return cases.is_array() && !cases.empty() && cases.front().contains("kind");
}

bool replay_trajectories(recording const& from, request const& what, safetensors_writer& dump) {
  const adaln_head<float> head(adaln_tensors(from.tensors, "net."));
  return run_cases(from, what, [&](nlohmann::json const& one) { return replay_case(from, what, head, one, dump); });
}

}  // namespace examples::replay
