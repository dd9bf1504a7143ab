// SPDX-License-Identifier: Apache-2.0
//
// MAR by DPM-Solver and DPM-Solver++ of order 1, as published: guidance is ignored.
#include "mar_run.hpp"
#include "policies.hpp"
#include "rows.hpp"

#include <ardent/grid/time_uniform.hpp>
#include <ardent/guidance/constant.hpp>
#include <ardent/guidance/ignored_as_published.hpp>
#include <ardent/solver/dpm_solver.hpp>
#include <ardent/solver/dpm_solver_pp.hpp>

#include <algorithm>

namespace examples::replay {

namespace {

/// A model that also computes the branch that the sampler does not ask for, and keeps it.
class both_branches {
 public:
  both_branches(mar_system const& system, mar_case const& one)
      : model_(system.backbone, system.head, one.labels, system.executor.threads()), wanted_(one.guidance_scale != 1) {}

  [[nodiscard]] int sequence_length() const { return model_.sequence_length(); }
  [[nodiscard]] auto denoiser() const { return model_.denoiser(); }

  template <class Executor>
  void condition(Executor const& executor, ardent::ar_step_view view, float* z) {
    if (!wanted_) return model_.condition(executor, view, z);
    const auto size = static_cast<std::size_t>(view.images) * static_cast<std::size_t>(view.tokens_per_image) *
                      static_cast<std::size_t>(denoiser().condition_width());
    std::vector<float> both(2 * size);
    view.branches = 2;
    model_.condition(executor, view, both.data());
    std::copy_n(both.begin(), size, z);
    unconditional_.emplace_back(both.begin() + static_cast<std::ptrdiff_t>(size), both.end());
  }

  /// Of each AR step, if the case has two branches.
  [[nodiscard]] std::vector<std::vector<float>> const& unconditional() const { return unconditional_; }

 private:
  mar::model<float> model_;
  bool wanted_;
  std::vector<std::vector<float>> unconditional_;
};

}  // namespace

mar_run run_mar_dpm(mar_system const& system, mar_case const& one) {
  both_branches model(system, one);
  const bool plusplus = one.sampler == "DPM_Solver++";
  const ardent::grid::time_uniform grid;
  const ardent::guidance::ignored_as_published guidance{ardent::guidance::constant{one.guidance_scale}};
  mar_run run = plusplus ? run_mar(system, one, model, dpm_process{}, grid, guidance, ardent::solver::dpm_solver_pp_1{})
                         : run_mar(system, one, model, dpm_process{}, grid, guidance, ardent::solver::dpm_solver_1{});
  for (std::size_t i = 0; i < model.unconditional().size(); ++i) {
    mar_step& step = run.steps[i];
    std::vector<float> const& z = model.unconditional()[i];
    step.conditions.insert(step.conditions.end(), z.begin(), z.end());
    const std::string prefix = step_prefix(one.name, static_cast<int>(i));
    const row_problem problem{system.from,
                              system.executor,
                              prefix,
                              step.rows,
                              one.steps[i],
                              1,
                              system.from.tensors.floats(prefix + "init"),
                              z};
    dpm_plan plan{{}, time_spacing::uniform, dpm_process{}.start_time(), dpm_process{}.end_time()};
    plan.solver.kind = plusplus ? multistep_kind::data : multistep_kind::noise;
    step.unconditional = draw_dpm(problem, system.head, plan).samples;
  }
  return run;
}

}  // namespace examples::replay
