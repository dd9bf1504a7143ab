// SPDX-License-Identifier: Apache-2.0
//
// The template behind mar_case.hpp: compiled once for each solver, in a file of its own.
#pragma once

#include "mar_case.hpp"
#include "noise.hpp"

#include <ardent/annealing/rising.hpp>
#include <ardent/annealing/table.hpp>
#include <ardent/generate.hpp>
#include <ardent/guidance/constant.hpp>
#include <ardent/guidance/linear.hpp>
#include <ardent/ordering/masked.hpp>

namespace examples::replay {

/// @brief What stands before the names of an AR step's tensors.
inline std::string step_prefix(std::string const& name, int ar_step) {
  return numbered(name + ".step", ar_step, 2) + ".";
}

/// @brief Generates a case's batch by the policies given: process, grid, solver, guidance.
/// @param system    the network
/// @param one       the case
/// @param model     an ardent::ar_model
/// @param policies  what the case's numbers do not say
template <class Model, class... Policies>
mar_run run_mar(mar_system const& system, mar_case const& one, Model& model, Policies const&... policies) {
  const int length = system.backbone.sizes().seq_len(), channels = system.head.denoiser().channels();
  const auto sampler = ardent::make_sampler(
      ardent::ordering::masked{length, one.ar_steps()},
      ardent::annealing::rising(ardent::annealing::table<ardent::dynamic>{one.steps}), policies...);
  recorded_noise noise;
  noise.read_orders(system.from.tensors, one.name + ".orders", one.images(), length);
  for (int i = 0; i < one.ar_steps(); ++i) {
    const int rows = one.images() * sampler.tokens(i);
    const std::string prefix = step_prefix(one.name, i);
    noise.add_step(system.from.tensors.floats(prefix + "init", {rows, channels}));
    noise.read_draws(system.from.tensors, prefix, rows, channels, noisy_steps(sampler, i));
  }
  mar_run run;
  run.tokens.resize(static_cast<std::size_t>(one.images()) * static_cast<std::size_t>(length) *
                    static_cast<std::size_t>(channels));
  ardent::generate(sampler, model, system.executor, noise.source(), {one.images()}, run.tokens,
                   [&](ardent::ar_step_report const& report) {
                     mar_step& step = run.steps.emplace_back();
                     step.rows = report.rows;
                     step.samples.assign(report.samples.begin(), report.samples.end());
                     step.conditions.assign(report.conditions.begin(), report.conditions.end());
                   });
  return run;
}

/// @brief Generates a case with the guidance its numbers ask for.
template <class... Policies>
mar_run run_guided(mar_system const& system, mar_case const& one, Policies const&... policies) {
  mar::model<float> model(system.backbone, system.head, one.labels, system.executor.threads());
  if (one.guidance_scale == 1) return run_mar(system, one, model, policies...);
  if (one.linear) return run_mar(system, one, model, ardent::guidance::linear{one.guidance_scale}, policies...);
  return run_mar(system, one, model, ardent::guidance::constant{one.guidance_scale}, policies...);
}

}  // namespace examples::replay
