// SPDX-License-Identifier: Apache-2.0
//
// A singlestep solver whose last step ends without noise because its grid is told to end at time 0.
// expect: ardent::sampler: the grid (cannot make that many steps on this process|ends without noise)
#include <ardent/ardent.hpp>

#ifdef ARDENT_BAD
using grid = ardent::grid::between<ardent::grid::time_uniform, 0.98, 0>;
#else
using grid = ardent::grid::between<ardent::grid::time_uniform, 0.98, 0.001>;
#endif

ardent::sampler<ardent::ordering::raster<16>, ardent::process::flow_linear, ardent::solver::singlestep_2,
                ardent::grid::subdivided<grid, 2>>
    sampler;
