// SPDX-License-Identifier: Apache-2.0
//
// From a case's JSON to a run, and from the run to the recorded names.
#include "xar.hpp"

#include "noise.hpp"
#include "report.hpp"

#include "common/error.hpp"
#include "xar/model.hpp"

#include <ardent/annealing/xar.hpp>
#include <ardent/generate_batched.hpp>
#include <ardent/grid/time_uniform.hpp>
#include <ardent/grid/xar.hpp>
#include <ardent/guidance/linear_by_step.hpp>
#include <ardent/process/flow_linear.hpp>
#include <ardent/solver/flow_euler.hpp>
#include <ardent/solver/flow_euler_maruyama.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

namespace examples::replay {

namespace {

constexpr int large = 1 << 14;

/// How a case is sampled.
struct xar_case {
  std::string name;
  int upper = 0;              // denoising steps of the first cell
  int lower = 0;              // of the last one
  double guidance_scale = 1;  // of the last cell
  bool stochastic = true;     // Euler-Maruyama; else Euler
  std::vector<int> labels;

  [[nodiscard]] int images() const { return static_cast<int>(labels.size()); }
};

/// A run.
struct xar_run {
  std::vector<float> tokens;                    // [images][sequence_length][channels]
  std::vector<std::vector<float>> cells;        // [images][cell_tokens][channels] each
  std::vector<std::vector<float>> first_calls;  // what the network said first, [2 images][cell_tokens][channels] each
};

/// A model that writes down what the first call for each cell gives. Passes everything on.
struct watched_model {
  static constexpr ardent::prediction predicted = xar::model::predicted;
  xar::model& model;
  std::vector<std::vector<float>>& first_calls;

  [[nodiscard]] int sequence_length() const { return model.sequence_length(); }
  [[nodiscard]] ardent::network_shape<> network() const { return model.network(); }
  template <class Executor>
  void condition(Executor const& executor, ardent::ar_step_view const& view) {
    model.condition(executor, view);
  }
  template <class Executor>
  void evaluate(Executor const& executor, ardent::ar_step_view const& view, ardent::time_point const& time,
                float const* input, float* output) {
    model.evaluate(executor, view, time, input, output);
    if (time.step != 0) return;
    first_calls.emplace_back(output, output + static_cast<std::ptrdiff_t>(view.branches) * view.images *
                                                  view.tokens_per_image * view.channels);
  }
};

std::string cell_prefix(int cell) { return numbered("cell", cell, 1) + "."; }

xar_case read_case(nlohmann::json const& one, recording const& from, xar::network const& network) {
  std::filesystem::path const& file = from.file;
  const auto integer = [&](char const* key, int highest) {
    return static_cast<int>(integer_member(one, key, 1, highest, file));
  };
  xar_case read;
  read.name = string_member(one, "name", file);
  read.upper = integer("flow_upper_steps", large);
  read.lower = integer("flow_lower_steps", large);
  read.guidance_scale = number_member(one, "cfg", file);
  // Euler-Maruyama draws noise at each step but the last, Euler none
  read.stochastic = read.upper == 1 || from.tensors.contains(read.name + "." + cell_prefix(0) + "draw000");
  const int images = integer("batch", 1 << 20);
  nlohmann::json const& labels = member(one, "labels", file);
  if (!labels.is_array() || labels.size() != static_cast<std::size_t>(images))
    fail(file, "labels of " + read.name + " to be " + std::to_string(images) + " integers",
         printable(labels.dump(), 40));
  for (nlohmann::json const& label : labels) {
    const int rows = network.sizes().class_embedding_rows;
    const std::int64_t value = label.is_number_integer() ? label.get<std::int64_t>() : -1;
    if (value < 0 || value >= rows)
      fail(file, "labels of " + read.name + " to be integers from 0 to " + std::to_string(rows - 1),
           printable(label.dump(), 40));
    read.labels.push_back(static_cast<int>(value));
  }
  return read;
}

/// Both branches are evaluated for a scale of 1 too, as published: the recorded first calls hold both.
template <class... Policies>
xar_run run(recording const& from, request const& what, xar::network const& network, xar_case const& one,
            Policies const&... policies) {
  xar::model model(network, one.labels, what.executor.threads());
  const auto sampler =
      ardent::make_sampler(model.ordering(), ardent::annealing::xar{one.upper, one.lower},
                           ardent::process::flow_linear{}, ardent::guidance::linear_by_step{one.guidance_scale},
                           ardent::predicts<ardent::prediction::velocity>{}, ardent::state<double>{}, policies...);
  const int channels = network.sizes().token_channels(), tokens = network.sizes().cell_tokens();
  recorded_noise noise;
  for (int i = 0; i < sampler.ar_steps(); ++i) {
    const std::string prefix = one.name + "." + cell_prefix(i);
    noise.add_step(from.tensors.floats(prefix + "init", {one.images(), tokens, channels}));
    noise.read_draws(from.tensors, prefix, one.images() * tokens, channels, noisy_steps(sampler, i));
  }
  xar_run result;
  watched_model watched{model, result.first_calls};
  result.tokens.resize(static_cast<std::size_t>(one.images()) * static_cast<std::size_t>(model.sequence_length()) *
                       static_cast<std::size_t>(channels));
  ardent::generate_batched(sampler, watched, what.executor, noise.source(), {one.images()}, result.tokens,
                           [&](ardent::ar_step_report const& report) {
                             result.cells.emplace_back(report.samples.begin(), report.samples.end());
                           });
  return result;
}

bool replay_case(recording const& from, request const& what, xar::network const& network, nlohmann::json const& json,
                 safetensors_writer& dump) {
  const xar_case one = read_case(json, from, network);
  const xar_run result =
      one.stochastic ? run(from, what, network, one, ardent::grid::xar<>{}, ardent::solver::flow_euler_maruyama{})
                     : run(from, what, network, one, ardent::grid::time_uniform{}, ardent::solver::flow_euler{});
  const int channels = network.sizes().token_channels(), tokens = network.sizes().cell_tokens();
  case_report report(from.tensors, dump, one.name);
  for (std::size_t i = 0; i < result.cells.size(); ++i) {
    const std::string prefix = cell_prefix(static_cast<int>(i));
    report.add(prefix + "first_model_out", {2 * one.images(), tokens, channels}, result.first_calls[i]);
    // the state is double; what is handed on and recorded of it by the next cell is its rounding to float
    report.add(prefix + "out", {one.images(), tokens, channels},
               std::vector<double>(result.cells[i].begin(), result.cells[i].end()));
  }
  report.add("tokens", {one.images(), network.sizes().seq_len(), channels}, result.tokens);
  return report.print(judge::largest, what.tolerance);
}

}  // namespace

bool holds_xar(nlohmann::json const& document) {
  if (!document.contains("constructor") || !document.contains("cases")) return false;
  nlohmann::json const& cases = document.at("cases");
  return cases.is_array() && !cases.empty() && document.at("constructor").contains("clusters") &&
         cases.front().contains("flow_upper_steps");
}

bool replay_xar(recording const& from, request const& what, safetensors_writer& dump) {
  const xar::network network(xar::config::from_json(from.document, from.file), from.tensors);
  return run_cases(from, what, [&](nlohmann::json const& one) { return replay_case(from, what, network, one, dump); });
}

}  // namespace examples::replay
