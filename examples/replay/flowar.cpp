// SPDX-License-Identifier: Apache-2.0
//
// From a case's JSON to a run, and from the run to the recorded names.
#include "flowar.hpp"

#include "noise.hpp"
#include "report.hpp"

#include "common/error.hpp"
#include "flowar/model.hpp"

#include <ardent/annealing/flowar.hpp>
#include <ardent/generate_batched.hpp>
#include <ardent/grid/flowar.hpp>
#include <ardent/guidance/interval.hpp>
#include <ardent/guidance/linear_by_step.hpp>
#include <ardent/ordering/next_scale.hpp>
#include <ardent/process/flow_linear.hpp>
#include <ardent/sampler.hpp>
#include <ardent/solver/flow_euler.hpp>

#include <algorithm>
#include <cstddef>

namespace examples::replay {

namespace {

struct flowar_case {
  std::string name;
  int upper = 0, lower = 0;  // steps at the first and the last scale
  double cfg = 1;            // 1: one branch; up to 1: the second is there and not used
  double guidance_high = 0;  // latest time at which guidance acts; time runs from 1 to 0
  std::vector<int> labels;

  [[nodiscard]] int images() const { return static_cast<int>(labels.size()); }
  [[nodiscard]] int branches() const { return cfg == 1 ? 1 : 2; }
};

struct flowar_step {
  std::vector<float> samples;     // [images][tokens][channels]
  std::vector<float> conditions;  // [branches][images][tokens][condition_width]
};

flowar_case read_case(nlohmann::json const& one, flowar::config const& sizes, std::filesystem::path const& file) {
  constexpr int most = 1 << 15;
  flowar_case read;
  read.name = string_member(one, "name", file);
  read.upper = static_cast<int>(integer_member(one, "flow_upper_steps", 1, most, file));
  read.lower = static_cast<int>(integer_member(one, "flow_lower_steps", 1, most, file));
  read.cfg = number_member(one, "cfg", file);
  read.guidance_high = number_member(one, "guidance", file);
  const auto images = static_cast<std::size_t>(integer_member(one, "batch", 1, most, file));
  nlohmann::json const& labels = member(one, "labels", file);
  if (!labels.is_array() || labels.size() != images)
    fail(file, "labels of " + read.name + " to be " + std::to_string(images) + " integers",
         printable(labels.dump(), 40));
  for (nlohmann::json const& label : labels) {
    const auto value = label.is_number_integer() ? label.get<std::int64_t>() : -1;
    if (value < 0 || value >= sizes.class_embedding_rows)
      fail(file, "labels of " + read.name + " from 0 to " + std::to_string(sizes.class_embedding_rows - 1),
           printable(label.dump(), 40));
    read.labels.push_back(static_cast<int>(value));
  }
  return read;
}

/// What the model's sequences hold of a scale.
std::vector<float> conditions_of(flowar::model const& model, int sequences, int tokens) {
  std::vector<float> all;
  for (int i = 0; i < sequences; ++i) {
    float const* const z = model.conditions(i);
    all.insert(all.end(), z, z + static_cast<std::ptrdiff_t>(tokens) * model.condition_width());
  }
  return all;
}

/// The published code draws for the unconditional half too and carries it along, but goes on with the first half only.
template <class... Guidance>
std::vector<flowar_step> run_guided(flowar::network const& network, recording const& from, request const& what,
                                    flowar_case const& one, Guidance const&... guidance) {
  const flowar::config& sizes = network.sizes();
  const auto sampler =
      ardent::make_sampler(ardent::ordering::next_scale(sizes.scale), ardent::annealing::flowar{one.upper, one.lower},
                           ardent::process::flow_linear{}, ardent::grid::flowar{}, ardent::solver::flow_euler{},
                           ardent::predicts<ardent::prediction::velocity>{}, ardent::state<double>{}, guidance...);
  recorded_noise noise;
  for (int i = 0; i < sampler.ar_steps(); ++i)
    noise.add_step(recorded_rows(from.tensors, numbered(one.name + ".scale", i, 1) + ".init",
                                 one.images() * sampler.tokens(i), sizes.vae_embed_dim));
  flowar::model model(network, one.labels, one.branches(), what.executor.threads());
  std::vector<flowar_step> steps;
  std::vector<float> tokens(static_cast<std::size_t>(one.images()) * static_cast<std::size_t>(sizes.seq_len()) *
                            static_cast<std::size_t>(sizes.vae_embed_dim));
  ardent::generate_batched(
      sampler, model, what.executor, noise.source(), {one.images()}, tokens, [&](ardent::ar_step_report const& report) {
        steps.push_back({{report.samples.begin(), report.samples.end()},
                         conditions_of(model, one.branches() * one.images(), sizes.tokens(report.ar_step))});
      });
  return steps;
}

std::vector<flowar_step> run(flowar::network const& network, recording const& from, request const& what,
                             flowar_case const& one) {
  namespace guidance = ardent::guidance;
  if (one.branches() == 1) return run_guided(network, from, what, one);
  if (!(one.cfg > 1))  // the published sampler then guides at no time
    return run_guided(network, from, what, one, guidance::interval{guidance::linear_by_step{1}, 2, 2});
  return run_guided(
      network, from, what, one,
      guidance::interval{guidance::linear_by_step{one.cfg}, std::min(0.0, one.guidance_high), one.guidance_high});
}

/// A scale's rows as the recording lays them out. Its second half, which nothing reads and ardent does not have, has
/// the samples stand in its place and is not compared.
void add_scale(case_report& report, flowar_step const& step, int scale, flowar::config const& sizes,
               flowar_case const& one) {
  const std::string prefix = numbered("scale", scale, 1) + ".";
  const std::int64_t rows = one.branches() * one.images(), tokens = sizes.tokens(scale);
  report.compare(prefix + "z", {rows, tokens, sizes.decoder_embed_dim}, step.conditions);
  std::vector<double> out(step.samples.begin(), step.samples.end());
  for (int branch = 1; branch < one.branches(); ++branch)
    out.insert(out.end(), step.samples.begin(), step.samples.end());
  report.add(prefix + "out", {rows, tokens, sizes.vae_embed_dim}, out, step.samples.size());
}

bool replay_case(flowar::network const& network, recording const& from, request const& what, nlohmann::json const& json,
                 safetensors_writer& dump) {
  const flowar::config& sizes = network.sizes();
  const flowar_case one = read_case(json, sizes, from.file);
  const std::vector<flowar_step> steps = run(network, from, what, one);
  case_report report(from.tensors, dump, one.name);
  for (std::size_t i = 0; i < steps.size(); ++i) add_scale(report, steps[i], static_cast<int>(i), sizes, one);
  report.add("tokens", {one.images(), sizes.tokens(sizes.scales() - 1), sizes.vae_embed_dim}, steps.back().samples);
  return report.print(judge::largest, what.tolerance);
}

}  // namespace

bool holds_flowar(nlohmann::json const& document) {
  if (!document.contains("constructor") || !document.contains("cases")) return false;
  nlohmann::json const& cases = document.at("cases");
  return cases.is_array() && !cases.empty() && document.at("constructor").contains("scale") &&
         cases.front().contains("flow_upper_steps");
}

bool replay_flowar(recording const& from, request const& what, safetensors_writer& dump) {
  const flowar::network network(flowar::config::from_json(from.document, from.file), from.tensors);
  return run_cases(from, what, [&](nlohmann::json const& one) { return replay_case(network, from, what, one, dump); });
}

}  // namespace examples::replay
