// SPDX-License-Identifier: Apache-2.0
//
// A singlestep solver on a grid that lacks the nodes inside its steps.
// expect: ardent::sampler: the grid's inner nodes do not fit the solver
#include <ardent/ardent.hpp>

using process = ardent::process::cosine_continuous;
using outer = ardent::grid::logsnr_uniform;

#ifdef ARDENT_BAD
ardent::sampler<ardent::ordering::raster<4>, process, outer, ardent::solver::singlestep_3> sampler;
#else
ardent::sampler<ardent::ordering::raster<4>, process, ardent::grid::subdivided<outer, 3>, ardent::solver::singlestep_3>
    sampler;
#endif
