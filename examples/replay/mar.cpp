// SPDX-License-Identifier: Apache-2.0
//
// From a case's JSON to a run, and from the run to the recorded names.
#include "mar.hpp"

#include "mar_case.hpp"
#include "policies.hpp"
#include "report.hpp"

#include "common/error.hpp"

#include <cstddef>

namespace examples::replay {

namespace {

constexpr int large = 1 << 20;

int integer(nlohmann::json const& one, char const* key, int lowest, int highest, std::filesystem::path const& file) {
  return static_cast<int>(integer_member(one, key, lowest, highest, file));
}

mar_run run(mar_system const& system, mar_case const& one) {
  if (one.sampler == "DiSA" || one.sampler == "default") return run_mar_ddpm(system, one);
  if (one.sampler == "DDIM") return run_mar_ddim(system, one);
  if (one.sampler == "DPM_Solver" || one.sampler == "DPM_Solver++") return run_mar_dpm(system, one);
  fail(system.from.file, "diff_sampler \"DiSA\", \"default\", \"DDIM\", \"DPM_Solver\" or \"DPM_Solver++\"",
       "\"" + printable(one.sampler) + "\"");
}

/// A step's rows as the recording lays them out. With guidance it has a second half, which the AR loop does not use:
/// for DPM-Solver the unconditional branch; else a part of the state that nothing reads and that ardent does not have,
/// in whose place the samples stand.
void add_step(case_report& report, mar_step const& step, int ar_step, std::int64_t channels, bool guided,
              std::int64_t condition_width) {
  const std::string prefix = numbered("step", ar_step, 2) + ".";
  const std::int64_t rows = guided ? 2 * step.rows : step.rows;
  report.compare(prefix + "z", {rows, condition_width}, step.conditions);
  std::vector<float> out = step.samples;
  if (guided) {
    std::vector<float> const& second = step.unconditional.empty() ? step.samples : step.unconditional;
    out.insert(out.end(), second.begin(), second.end());
  }
  const bool all = !guided || !step.unconditional.empty();
  report.add(prefix + "out", {rows, channels}, out, all ? out.size() : step.samples.size());
}

bool replay_case(mar_system const& system, nlohmann::json const& json, double tolerance, safetensors_writer& dump) {
  const mar_case one = read_mar_case(json, system);
  const mar_run result = run(system, one);
  const int channels = system.head.denoiser().channels();
  case_report report(system.from.tensors, dump, one.name);
  for (std::size_t i = 0; i < result.steps.size(); ++i)
    add_step(report, result.steps[i], static_cast<int>(i), channels, one.guidance_scale != 1,
             system.backbone.condition_width());
  report.add("tokens", {one.images(), system.backbone.sizes().seq_len(), channels}, result.tokens);
  return report.print(one.sampler == "default" ? judge::median : judge::largest, tolerance);
}

}  // namespace

mar_case read_mar_numbers(nlohmann::json const& one, mar_system const& system) {
  std::filesystem::path const& file = system.from.file;
  mar_case read;
  read.name = string_member(one, "name", file);
  read.guidance_scale = number_member(one, "cfg", file);
  const std::string schedule = string_member(one, "cfg_schedule", file);
  if (schedule != "linear" && schedule != "constant")
    fail(file, "cfg_schedule \"linear\" or \"constant\"", "\"" + printable(schedule) + "\"");
  read.linear = schedule == "linear";
  read.temperature = number_member(one, "temperature", file);
  const int images = integer(one, "batch", 1, large, file);
  nlohmann::json const& labels = member(one, "labels", file);
  if (labels.is_null()) {
    read.labels.assign(static_cast<std::size_t>(images), mar::no_label);
    return read;
  }
  if (!labels.is_array() || labels.size() != static_cast<std::size_t>(images))
    fail(file, "labels of " + read.name + " to be null or " + std::to_string(images) + " integers",
         printable(labels.dump(), 40));
  for (nlohmann::json const& label : labels) {
    if (!label.is_number_integer()) fail(file, "integer labels in " + read.name, printable(label.dump(), 40));
    const auto value = label.get<std::int64_t>();
    const int classes = system.backbone.sizes().class_num;
    if (value < 0 || value >= classes)
      fail(file, "labels of " + read.name + " from 0 to " + std::to_string(classes - 1), std::to_string(value));
    read.labels.push_back(static_cast<int>(value));
  }
  return read;
}

mar_case read_mar_case(nlohmann::json const& one, mar_system const& system) {
  std::filesystem::path const& file = system.from.file;
  mar_case read = read_mar_numbers(one, system);
  read.sampler = string_member(one, "diff_sampler", file);
  const int ar_steps = integer(one, "num_iter", 1, system.backbone.sizes().seq_len(), file);
  const int upper = integer(one, "diff_upper_steps", 1, large, file);
  read.steps = read.sampler == "default"
                   ? std::vector<int>(static_cast<std::size_t>(ar_steps), upper)
                   : annealed_steps(string_member(one, "diff_annealing_strategy", file), upper,
                                    integer(one, "diff_lower_steps", 1, large, file), ar_steps, file);
  return read;
}

bool holds_mar(nlohmann::json const& document) {
  if (!document.contains("constructor") || !document.contains("cases")) return false;
  nlohmann::json const& cases = document.at("cases");
  return cases.is_array() && !cases.empty() && cases.front().contains("diff_sampler");
}

mar_system read_mar_system(recording const& from, request const& what) {
  mar_system system{from, what.executor, mar::backbone(mar::config::from_json(from.document, from.file), from.tensors),
                    adaln_head<float>(adaln_tensors(from.tensors, "diffloss.net."))};
  if (system.head.denoiser().condition_width() != system.backbone.condition_width() ||
      system.head.denoiser().channels() != system.backbone.sizes().token_channels())
    fail(from.tensors.path(),
         "a head of " + std::to_string(system.backbone.condition_width()) + " condition numbers and " +
             std::to_string(system.backbone.sizes().token_channels()) + " channels",
         std::to_string(system.head.denoiser().condition_width()) + " and " +
             std::to_string(system.head.denoiser().channels()));
  return system;
}

bool replay_mar(recording const& from, request const& what, safetensors_writer& dump) {
  const mar_system system = read_mar_system(from, what);
  return run_cases(from, what,
                   [&](nlohmann::json const& one) { return replay_case(system, one, what.tolerance, dump); });
}

}  // namespace examples::replay
