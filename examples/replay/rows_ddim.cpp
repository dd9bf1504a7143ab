// SPDX-License-Identifier: Apache-2.0
//
// Rows by DDIM.
#include "rows_run.hpp"

#include <ardent/grid/clip.hpp>
#include <ardent/grid/ddim_stride.hpp>
#include <ardent/guidance/constant.hpp>
#include <ardent/solver/ddim.hpp>

namespace examples::replay {

drawn_rows draw_ddim(row_problem const& problem, adaln_head<float> const& head, int clip, double eta) {
  const ardent::grid::clip<ardent::grid::ddim_stride, ardent::dynamic> grid{clip};
  const ardent::solver::ddim<ardent::dynamic> solver{eta};
  const auto denoiser = head.denoiser();
  if (problem.guidance_scale == 1) return {run_rows(problem, denoiser, grid, solver), {}};
  return {run_rows(problem, denoiser, grid, solver, ardent::guidance::constant{problem.guidance_scale}), {}};
}

}  // namespace examples::replay
