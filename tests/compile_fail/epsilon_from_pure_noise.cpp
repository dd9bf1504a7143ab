// SPDX-License-Identifier: Apache-2.0
//
// An epsilon network where the first node is noise alone.
// expect: ardent::sampler: the grid starts in pure noise, where an epsilon network says nothing about x0
#include <ardent/ardent.hpp>

using flow = ardent::process::flow_linear;
using grid = ardent::grid::time_uniform;

#ifdef ARDENT_BAD
ardent::sampler<ardent::ordering::raster<16>, ardent::annealing::constant<8>, flow, grid> sampler;
#else
ardent::sampler<ardent::ordering::raster<16>, ardent::annealing::constant<8>, flow,
                ardent::grid::between<grid, 0.99, 0.0>>
    sampler;
#endif
