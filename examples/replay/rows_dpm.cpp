// SPDX-License-Identifier: Apache-2.0
//
// Rows by DPM-Solver and DPM-Solver++ of order 1.
#include "rows_run.hpp"
#include "watched.hpp"

#include <ardent/grid/between.hpp>
#include <ardent/grid/time_uniform.hpp>
#include <ardent/solver/dpm_solver.hpp>
#include <ardent/solver/dpm_solver_pp.hpp>

namespace examples::replay {

drawn_rows draw_dpm(row_problem const& problem, bool plusplus, double start, double end) {
  const std::size_t size = problem.start.size();
  drawn_rows drawn;
  drawn.states.resize((static_cast<std::size_t>(problem.steps) + 1) * size);
  const watched denoiser(problem.head.denoiser(), problem.steps, drawn.states.data());
  const ardent::grid::between<ardent::grid::time_uniform, ardent::dynamic, ardent::dynamic> grid{start, end};
  drawn.samples = plusplus ? run_rows(problem, denoiser, dpm_process{}, grid, ardent::solver::dpm_solver_pp_1{})
                           : run_rows(problem, denoiser, dpm_process{}, grid, ardent::solver::dpm_solver_1{});
  std::copy(drawn.samples.begin(), drawn.samples.end(), drawn.states.end() - static_cast<std::ptrdiff_t>(size));
  return drawn;
}

}  // namespace examples::replay
