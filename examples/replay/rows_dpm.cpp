// SPDX-License-Identifier: Apache-2.0
//
// Rows by DPM-Solver and DPM-Solver++, on grids with the published rounding.
#include "float_schedule.hpp"
#include "rows_run.hpp"

#include <cmath>

namespace examples::replay {

namespace {

/// The times of the published code, which takes them in float.
std::vector<float> spaced(int steps, dpm_plan const& plan, float_schedule const& schedule) {
  const float start = static_cast<float>(plan.start), end = static_cast<float>(plan.end);
  switch (plan.spacing) {
    case time_spacing::uniform:
      return float_linspace(start, end, steps + 1);
    case time_spacing::quadratic: {
      std::vector<float> times =
          float_linspace(static_cast<float>(std::sqrt(plan.start)), static_cast<float>(std::sqrt(plan.end)), steps + 1);
      for (float& t : times) t *= t;
      return times;
    }
    case time_spacing::logsnr:
      break;
  }
  std::vector<float> times = float_linspace(schedule.lambda(start), schedule.lambda(end), steps + 1);
  for (float& t : times) t = schedule.time_of(t);
  return times;
}

/// A grid policy: these times, and the noise levels there.
class float_grid {
 public:
  float_grid() = default;
  explicit float_grid(dpm_plan const& plan) : plan_(plan) {}

  [[nodiscard]] int most_nodes(int steps) const { return steps + 1; }
  template <ardent::continuous_process P>
  int nodes(int steps, P const&, double const*, ardent::node* out) const {
    const float_schedule schedule;
    for (float const t : spaced(steps, plan_, schedule)) *out++ = schedule.at(t);
    return steps;
  }

 private:
  dpm_plan plan_;
};

}  // namespace

drawn_rows draw_dpm(row_problem const& problem, adaln_head<float> const& head, dpm_plan const& plan) {
  const auto sampler = rows_sampler(problem, dpm_process{}, float_grid(plan), multistep_solver(plan.solver));
  return run_watched(problem, sampler, head.denoiser());
}

std::vector<float> dpm_times(int steps, dpm_plan const& plan) { return spaced(steps, plan, float_schedule()); }

}  // namespace examples::replay
