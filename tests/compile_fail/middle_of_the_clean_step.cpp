// SPDX-License-Identifier: Apache-2.0
//
// A singlestep solver whose last step is to end without noise.
// expect: ardent::sampler: the step to the clean end has no middle
#include <ardent/ardent.hpp>

using grid = ardent::grid::between<ardent::grid::time_uniform, 0.9, 0.1>;
using process = ardent::process::flow_linear;

#ifdef ARDENT_BAD
ardent::sampler<ardent::ordering::raster<16>, process, ardent::solver::singlestep_2,
                ardent::grid::subdivided<ardent::grid::to_clean<grid>, 2>>
    sampler;
#else
ardent::sampler<ardent::ordering::raster<16>, process, ardent::solver::singlestep_2, ardent::grid::subdivided<grid, 2>>
    sampler;
#endif
