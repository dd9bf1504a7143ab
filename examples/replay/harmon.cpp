// SPDX-License-Identifier: Apache-2.0
//
// From a case's JSON to a run, and from the run to the recorded names.
#include "harmon.hpp"

#include "noise.hpp"
#include "policies.hpp"
#include "report.hpp"

#include "common/error.hpp"
#include "harmon/latents.hpp"
#include "harmon/model.hpp"

#include <ardent/annealing/rising.hpp>
#include <ardent/annealing/table.hpp>
#include <ardent/generate.hpp>
#include <ardent/grid/clip.hpp>
#include <ardent/guidance/constant.hpp>
#include <ardent/guidance/linear.hpp>
#include <ardent/ordering/masked.hpp>
#include <ardent/solver/ddpm.hpp>
#include <ardent/temperature/temperature.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace examples::replay {

namespace {

constexpr int large = 1 << 20;

using harmon_backbone = harmon::backbone<float>;
using harmon_model = harmon::model<float, float>;

/// The network of a recording.
struct harmon_system {
  recording const& from;
  ardent::executor::host const& executor;
  harmon::weights weights;
  harmon_backbone backbone;
  adaln_head<float> head;
};

/// How a case is sampled.
struct harmon_case {
  std::string name;
  std::vector<int> steps;     // denoising steps asked for at each AR step
  double guidance_scale = 1;  // 1: one branch
  bool linear = false;        // the guidance scale rises with the tokens known
  double temperature = 1;
  harmon::grid grid;
  std::vector<harmon::prompt> padded;   // of each image; with guidance, the unconditional ones after them
  std::vector<harmon::prompt> prompts;  // the same without the padding

  [[nodiscard]] int branches() const { return guidance_scale == 1 ? 1 : 2; }
  [[nodiscard]] int images() const { return static_cast<int>(prompts.size()) / branches(); }
  [[nodiscard]] int rows() const { return static_cast<int>(prompts.size()); }
};

/// One AR step of a run.
struct harmon_step {
  int rows = 0;                      // tokens drawn, over all images
  std::vector<float> samples;        // [rows][channels]
  std::vector<float> conditions;     // [branches][rows][condition_width]
  std::vector<harmon::trace> trace;  // of each sequence, where the recording has it; else empty
};

struct harmon_run {
  std::vector<float> tokens;  // [images][sequence_length][channels]
  std::vector<harmon_step> steps;
};

std::string step_prefix(int ar_step) { return numbered("step", ar_step, 2) + "."; }

/// Rows of ids, and how many of each are valid: those for which the mask is 1, which come first.
void read_prompts(harmon_case& read, recording const& from, int rows) {
  const std::string ids_name = read.name + ".input_ids", mask_name = read.name + ".attention_mask";
  const std::vector<std::int64_t> shape = from.tensors.shape(ids_name);
  if (shape.size() != 2 || shape[0] != rows || shape[1] < 1 || shape[1] > large)
    fail(from.tensors.path(), ids_name + " to be " + std::to_string(rows) + " rows of ids", "another shape");
  const std::vector<std::int64_t> ids = from.tensors.integers(ids_name, shape);
  const std::vector<std::int64_t> mask = from.tensors.integers(mask_name, shape);
  const std::ptrdiff_t length = shape[1];
  for (std::ptrdiff_t r = 0; r < rows; ++r) {
    const auto begin = mask.begin() + r * length, end = begin + length;
    const auto valid = std::find(begin, end, 0) - begin;
    if (valid == 0 || std::count(begin, end, 1) != valid || std::count(begin, end, 0) != length - valid)
      fail(from.tensors.path(), mask_name + " to be ones, then zeros, in each row", "row " + std::to_string(r));
    harmon::prompt& padded = read.padded.emplace_back();
    for (std::ptrdiff_t i = 0; i < length; ++i) {
      const std::int64_t id = ids[static_cast<std::size_t>(r * length + i)];
      padded.push_back(id < 0 || id > large * 16 ? -1 : static_cast<int>(id));
    }
    read.prompts.emplace_back(padded.begin(), padded.begin() + valid);
  }
}

harmon::grid read_grid(nlohmann::json const& one, harmon_system const& system) {
  if (!one.contains("image_shape") || one.at("image_shape").is_null()) return system.backbone.sizes().native();
  nlohmann::json const& shape = one.at("image_shape");
  int sides[2] = {};
  const bool pair = shape.is_array() && shape.size() == 2;
  for (std::size_t i = 0; i < 2; ++i) {
    const std::int64_t side = pair && shape[i].is_number_integer() ? shape[i].get<std::int64_t>() : 0;
    if (side < 1 || side > harmon::config::max_side)
      fail(system.from.file, "\"image_shape\" to be two integers from 1 to " + std::to_string(harmon::config::max_side),
           printable(shape.dump(), 40));
    sides[i] = static_cast<int>(side);
  }
  return {sides[0], sides[1]};
}

harmon_case read_case(nlohmann::json const& one, harmon_system const& system) {
  std::filesystem::path const& file = system.from.file;
  const auto integer = [&](char const* key, int highest) {
    return static_cast<int>(integer_member(one, key, 1, highest, file));
  };
  harmon_case read;
  read.name = string_member(one, "name", file);
  read.grid = read_grid(one, system);
  const int ar_steps = integer("num_iter", read.grid.tokens());
  read.steps = annealed_steps(string_member(one, "diff_annealing_strategy", file), integer("diff_upper_steps", large),
                              integer("diff_lower_steps", large), ar_steps, file);
  read.guidance_scale = number_member(one, "cfg", file);
  const std::string schedule = string_member(one, "cfg_schedule", file);
  if (schedule != "linear" && schedule != "constant")
    fail(file, "cfg_schedule \"linear\" or \"constant\"", "\"" + printable(schedule) + "\"");
  read.linear = schedule == "linear";
  read.temperature = number_member(one, "temperature", file);
  const int images = integer("cond_rows", large);
  if (integer("rows", 2 * large) != read.branches() * images)
    fail(file, "\"rows\" of " + read.name + " to be " + std::to_string(read.branches() * images),
         printable(one.at("rows").dump(), 40));
  read_prompts(read, system.from, read.branches() * images);
  return read;
}

template <class... Policies>
harmon_run run(harmon_system const& system, harmon_case const& one, Policies const&... policies) {
  const int channels = system.head.denoiser().channels(), length = one.grid.tokens(), images = one.images();
  const harmon::positions places(system.backbone.sizes(), system.weights, one.grid);
  harmon_model model(system.backbone, places, system.head, {one.prompts.begin(), one.prompts.begin() + images},
                     {one.prompts.begin() + images, one.prompts.end()}, system.executor);
  const auto sampler = ardent::make_sampler(
      ardent::ordering::masked{length, static_cast<int>(one.steps.size())},
      ardent::annealing::rising(ardent::annealing::table<ardent::dynamic>{one.steps}),
      ardent::process::cosine<train_timesteps>{},
      ardent::grid::clip<published_respaced, ardent::dynamic>{system.backbone.sizes().max_timestep},
      ardent::solver::ddpm<>{}, ardent::temperature::constant{one.temperature}, policies...);
  recorded_noise noise;
  noise.read_orders(system.from.tensors, one.name + ".orders", images, length, one.branches());
  for (int i = 0; i < sampler.ar_steps(); ++i) {
    const int rows = images * sampler.tokens(i);
    const std::string prefix = one.name + "." + step_prefix(i);
    noise.add_step(system.from.tensors.floats(prefix + "init", {rows, channels}));
    noise.read_draws(system.from.tensors, prefix, rows, channels, noisy_steps(sampler, i));
  }
  harmon_run result;
  result.tokens.resize(static_cast<std::size_t>(images) * static_cast<std::size_t>(length) *
                       static_cast<std::size_t>(channels));
  std::vector<harmon::trace> traces;
  const auto watch = [&](int ar_step) {
    traces.clear();
    model.watch(system.from.tensors.contains(one.name + "." + step_prefix(ar_step) + "z_all") ? &traces : nullptr);
  };
  watch(0);
  ardent::generate(sampler, model, system.executor, noise.source(), {images}, result.tokens,
                   [&](ardent::ar_step_report const& report) {
                     harmon_step& step = result.steps.emplace_back();
                     step.rows = report.rows;
                     step.samples.assign(report.samples.begin(), report.samples.end());
                     step.conditions.assign(report.conditions.begin(), report.conditions.end());
                     step.trace = std::move(traces);
                     watch(report.ar_step + 1);
                   });
  return result;
}

harmon_run run(harmon_system const& system, harmon_case const& one) {
  if (one.branches() == 1) return run<>(system, one);
  if (one.linear) return run(system, one, ardent::guidance::linear{one.guidance_scale});
  return run(system, one, ardent::guidance::constant{one.guidance_scale});
}

/// What was computed on the way, all sequences one behind the other.
void compare_traces(case_report& report, std::string const& prefix, std::vector<harmon::trace> const& traces,
                    harmon_system const& system) {
  if (traces.empty()) return;
  harmon::config const& sizes = system.backbone.sizes();
  const auto compare = [&](char const* name, std::vector<float> harmon::trace::* part, int width) {
    std::vector<float> all;
    for (harmon::trace const& one : traces) all.insert(all.end(), (one.*part).begin(), (one.*part).end());
    const auto sequences = static_cast<std::int64_t>(traces.size());
    report.compare(prefix + name, {sequences, static_cast<std::int64_t>(all.size()) / sequences / width, width}, all);
  };
  compare("x_enc", &harmon::trace::x_enc, sizes.mar.encoder_embed_dim);
  compare("z_enc", &harmon::trace::z_enc, sizes.llm.hidden_size);
  compare("llm_hidden", &harmon::trace::llm_hidden, sizes.llm.hidden_size);
  compare("x_enc_residual", &harmon::trace::x_enc_residual, sizes.mar.encoder_embed_dim);
  compare("z_all", &harmon::trace::z_all, sizes.mar.decoder_embed_dim);
}

/// A step's rows as the recording lays them out. With guidance it has a second half, which nothing reads and ardent
/// does not have; the samples stand in its place and are not compared.
void add_step(case_report& report, harmon_step const& step, int ar_step, harmon_system const& system,
              harmon_case const& one) {
  const std::string prefix = step_prefix(ar_step);
  const std::int64_t rows = std::int64_t{one.branches()} * step.rows;
  report.compare(prefix + "z", {rows, system.backbone.condition_width()}, step.conditions);
  compare_traces(report, prefix, step.trace, system);
  std::vector<float> out = step.samples;
  if (one.branches() == 2) out.insert(out.end(), step.samples.begin(), step.samples.end());
  report.add(prefix + "out", {rows, system.head.denoiser().channels()}, out, step.samples.size());
}

/// The language model's states of the prompts, padding included.
std::vector<float> text_states(harmon_system const& system, harmon_case const& one) {
  const auto length = one.padded.front().size(),
             count = length * static_cast<std::size_t>(system.backbone.sizes().llm.hidden_size);
  harmon_backbone::scratch work(system.backbone, {1, 1}, static_cast<int>(length));
  std::vector<float> all(one.padded.size() * count);
  for (std::size_t i = 0; i < one.padded.size(); ++i) {
    harmon::check_prompt(one.padded[i], system.backbone.sizes().llm, one.name + ".input_ids");
    static_cast<void>(system.backbone.language_model().read(one.padded[i], static_cast<int>(one.prompts[i].size()),
                                                            all.data() + i * count, work.language()));
  }
  return all;
}

bool replay_case(harmon_system const& system, nlohmann::json const& json, double tolerance, safetensors_writer& dump) {
  const harmon_case one = read_case(json, system);
  const std::vector<float> states = text_states(system, one);
  const harmon_run result = run(system, one);
  harmon::config const& sizes = system.backbone.sizes();
  case_report report(system.from.tensors, dump, one.name);
  report.compare("text_hidden",
                 {one.rows(), static_cast<std::int64_t>(one.padded.front().size()), sizes.llm.hidden_size}, states);
  for (std::size_t i = 0; i < result.steps.size(); ++i)
    add_step(report, result.steps[i], static_cast<int>(i), system, one);
  std::vector<float> tokens = result.tokens;  // the unconditional rows repeat them
  if (one.branches() == 2) tokens.insert(tokens.end(), result.tokens.begin(), result.tokens.end());
  report.add("tokens", {one.rows(), one.grid.tokens(), sizes.mar.token_channels()}, tokens);
  report.add("vae_input",
             {one.images(), sizes.mar.vae_embed_dim, one.grid.height * sizes.mar.patch_size,
              one.grid.width * sizes.mar.patch_size},
             harmon::latents(sizes, one.grid, result.tokens));
  return report.print(judge::relative_to_one, tolerance);
}

}  // namespace

bool holds_harmon(nlohmann::json const& document) {
  return document.contains("llm") && document.contains("mar") && document.contains("cases");
}

bool replay_harmon(recording const& from, request const& what, safetensors_writer& dump) {
  const harmon::config sizes = harmon::config::from_json(from.document, from.file);
  std::vector<std::string> cases;  // whose tensors lie beside the network's
  for (nlohmann::json const& one : member(from.document, "cases", from.file))
    cases.push_back(string_member(one, "name", from.file) + ".");
  const harmon::weights weights = harmon::weights::load(sizes, from.tensors, cases);
  const harmon_system system{from, what.executor, weights, harmon_backbone(sizes, weights),
                             adaln_head<float>(harmon::head_tensors(sizes, from.tensors))};
  return run_cases(from, what,
                   [&](nlohmann::json const& one) { return replay_case(system, one, what.tolerance, dump); });
}

}  // namespace examples::replay
