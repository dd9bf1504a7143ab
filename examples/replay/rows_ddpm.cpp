// SPDX-License-Identifier: Apache-2.0
//
// Rows by DDPM.
#include "rows_run.hpp"

#include <ardent/grid/clip.hpp>
#include <ardent/guidance/constant.hpp>
#include <ardent/solver/ddpm.hpp>
#include <ardent/temperature/temperature.hpp>

namespace examples::replay {

drawn_rows draw_ddpm(row_problem const& problem, adaln_head<float> const& head, int clip, double temperature) {
  const ardent::grid::clip<published_respaced, ardent::dynamic> grid{clip};
  const ardent::solver::ddpm<> solver;
  const ardent::temperature::constant factor{temperature};
  const auto denoiser = head.denoiser();
  if (problem.guidance_scale == 1) return {run_rows(problem, denoiser, grid, solver, factor), {}};
  return {run_rows(problem, denoiser, grid, solver, factor, ardent::guidance::constant{problem.guidance_scale}), {}};
}

}  // namespace examples::replay
