// SPDX-License-Identifier: Apache-2.0
//
// A multistep solver on a grid with the inner nodes of a singlestep one.
// expect: ardent::sampler: the grid's inner nodes do not fit the solver
#include <ardent/ardent.hpp>

using process = ardent::process::cosine_continuous;
using grid = ardent::grid::subdivided<ardent::grid::logsnr_uniform, 2>;

#ifdef ARDENT_BAD
ardent::sampler<ardent::ordering::raster<4>, process, grid, ardent::solver::dpm_solver_pp<2>> sampler;
#else
ardent::sampler<ardent::ordering::raster<4>, process, grid, ardent::solver::singlestep_2> sampler;
#endif
