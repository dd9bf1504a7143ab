// SPDX-License-Identifier: Apache-2.0
//
// A flow solver on a process of training steps, which has no velocity.
// expect: ardent::sampler: the solver does not fit the noise process
#include <ardent/ardent.hpp>

#ifdef ARDENT_BAD
ardent::sampler<ardent::ordering::raster<16>, ardent::solver::flow_heun> sampler;
#else
ardent::sampler<ardent::ordering::raster<16>, ardent::solver::flow_heun, ardent::predicts<ardent::prediction::velocity>,
                ardent::process::flow_linear, ardent::grid::time_uniform>
    sampler;
#endif
