// SPDX-License-Identifier: Apache-2.0
//
// From a case's JSON to a call of rows.hpp, and from its rows to the recorded names.
#include "trajectories.hpp"

#include "policies.hpp"
#include "report.hpp"
#include "rows.hpp"

#include "common/error.hpp"

#include <cmath>
#include <cstdio>

namespace examples::replay {

namespace {

/// A solver and grid that are built.
bool is_built(std::string const& kind, nlohmann::json const& one, std::filesystem::path const& file) {
  if (kind == "ddpm" || kind == "ddim") return true;
  return kind == "dpm" && integer_member(one, "order", 1, 3, file) == 1 &&
         string_member(one, "skip_type", file) == "time_uniform";
}

drawn_rows draw(row_problem const& problem, std::string const& kind, nlohmann::json const& one,
                std::filesystem::path const& file) {
  if (kind == "dpm") {
    const std::string type = string_member(one, "algorithm_type", file);
    if (type != "dpmsolver" && type != "dpmsolver++")
      fail(file, "algorithm_type \"dpmsolver\" or \"dpmsolver++\"", "\"" + printable(type) + "\"");
    const double start = one.contains("t_start") ? number_member(one, "t_start", file) : dpm_process{}.start_time();
    const double end = one.contains("t_end") ? number_member(one, "t_end", file) : dpm_process{}.end_time();
    return draw_dpm(problem, type == "dpmsolver++", start, end);
  }
  const int clip = static_cast<int>(integer_member(one, "clip_timesteps", 0, 1 << 20, file));
  if (kind == "ddim") return draw_ddim(problem, clip, number_member(one, "eta", file));
  return draw_ddpm(problem, clip, number_member(one, "temperature", file));
}

/// A guided run carries a second half of the state along that nothing reads. Ardent has no such half: the samples stand
/// in its place, as they do in the published AR loop after the step.
void add_rows(case_report& report, std::string const& suffix, std::vector<float> samples, std::int64_t rows,
              std::int64_t channels, bool paired) {
  const std::size_t count = samples.size();
  if (paired) samples.insert(samples.end(), samples.begin(), samples.begin() + static_cast<std::ptrdiff_t>(count));
  report.add(suffix, {paired ? 2 * rows : rows, channels}, samples, count);
}

bool replay_case(recording const& from, request const& what, adaln_head<float> const& head, nlohmann::json const& one,
                 safetensors_writer& dump) {
  const std::string name = string_member(one, "name", from.file);
  const std::string kind = string_member(one, "kind", from.file);
  if (!is_built(kind, one, from.file)) {
    std::printf("%s: not yet\n", name.c_str());
    return true;
  }
  const std::int64_t width = head.denoiser().condition_width(), channels = head.denoiser().channels();
  const std::string z = string_member(one, "z", from.file);
  const std::vector<std::int64_t> shape = from.tensors.shape(z);
  if (shape.size() != 2 || shape[0] < 1 || shape[0] > 1 << 20)
    fail(from.tensors.path(), z + " to be a matrix of at least one row", std::to_string(shape.size()) + " dimensions");
  const double scale = one.contains("cfg") ? number_member(one, "cfg", from.file) : 1;
  // the published DPM-Solver path denoises all rows by themselves, whatever cfg says
  const bool guided = scale != 1 && kind != "dpm";
  const bool duplicated = scale != 1 && kind == "dpm";
  if ((guided || duplicated) && shape[0] % 2 != 0)
    fail(from.tensors.path(), z + " to have an even number of rows", std::to_string(shape[0]));
  const std::int64_t rows = guided ? shape[0] / 2 : shape[0];
  row_problem problem{from,
                      what.executor,
                      head,
                      name + ".",
                      static_cast<int>(rows),
                      static_cast<int>(integer_member(one, "K", 1, 1 << 20, from.file)),
                      guided ? scale : 1,
                      {},
                      from.tensors.floats(z, {shape[0], width})};
  problem.start = from.tensors.floats(name + ".init", {duplicated ? rows / 2 : rows, channels});
  if (duplicated) {
    const std::vector<float> half = problem.start;
    problem.start.insert(problem.start.end(), half.begin(), half.end());
  }
  const drawn_rows drawn = draw(problem, kind, one, from.file);

  case_report report(from.tensors, dump, name);
  add_rows(report, "out", drawn.samples, rows, channels, guided);
  // the path with cfg goes through the official sample(), which keeps no states
  if (!drawn.states.empty() && !one.contains("cfg"))
    report.add("states", {problem.steps + 1, rows, channels}, drawn.states);
  const bool from_the_end = one.contains("sampler") && one.at("sampler") == "default";
  return report.print(from_the_end ? judge::median : judge::largest, what.tolerance);
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
