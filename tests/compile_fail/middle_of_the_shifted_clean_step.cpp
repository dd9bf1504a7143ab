// SPDX-License-Identifier: Apache-2.0
//
// A singlestep solver whose last step is to end without noise, which an adaptor stands around.
// expect: ardent::sampler: the step to the clean end has no middle
#include <ardent/ardent.hpp>

using grid = ardent::grid::between<ardent::grid::time_uniform, 0.9, 0.1>;

#ifdef ARDENT_BAD
using shifted = ardent::grid::flow_shift<ardent::grid::to_clean<grid>, 3>;
#else
using shifted = ardent::grid::flow_shift<grid, 3>;
#endif

ardent::sampler<ardent::ordering::raster<16>, ardent::process::flow_linear, ardent::solver::singlestep_2,
                ardent::grid::subdivided<shifted, 2>>
    sampler;
