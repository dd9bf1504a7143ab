// SPDX-License-Identifier: Apache-2.0
//
// Euler-Maruyama, whose drift is that of the linear path, on the cosine path.
// expect: ardent::sampler: the solver does not fit the noise process
#include <ardent/ardent.hpp>

using solver = ardent::solver::flow_euler_maruyama;
using velocity = ardent::predicts<ardent::prediction::velocity>;

#ifdef ARDENT_BAD
ardent::sampler<ardent::ordering::raster<16>, solver, velocity, ardent::process::flow_cosine, ardent::grid::xar<>>
    sampler;
#else
ardent::sampler<ardent::ordering::raster<16>, solver, velocity, ardent::process::flow_linear, ardent::grid::xar<>>
    sampler;
#endif
