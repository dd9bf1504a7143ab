// SPDX-License-Identifier: Apache-2.0
//
// One step on a grid of two parts, which an adaptor stands around.
// expect: ardent::sampler: the annealing asks for fewer denoising steps than the grid can make
#include <ardent/ardent.hpp>

using flow = ardent::process::flow_linear;
using grid = ardent::grid::flow_shift<ardent::grid::flowar, 3>;
using velocity = ardent::predicts<ardent::prediction::velocity>;

#ifdef ARDENT_BAD
ardent::sampler<ardent::ordering::raster<16>, ardent::annealing::constant<1>, flow, grid, velocity> sampler;
#else
ardent::sampler<ardent::ordering::raster<16>, ardent::annealing::constant<2>, flow, grid, velocity> sampler;
#endif
