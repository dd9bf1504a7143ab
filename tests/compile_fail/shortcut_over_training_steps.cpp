// SPDX-License-Identifier: Apache-2.0
//
// The shortcut solver, whose steps have a length in time, on a process of training steps.
// expect: ardent::sampler: the solver does not fit the noise process
#include <ardent/ardent.hpp>

#ifdef ARDENT_BAD
using process = ardent::process::cosine<>;
using grid = ardent::grid::respaced;
using predicts = ardent::predicts<ardent::prediction::v>;
#else
using process = ardent::process::flow_linear;
using grid = ardent::grid::time_uniform;
using predicts = ardent::predicts<ardent::prediction::velocity>;
#endif
ardent::sampler<ardent::ordering::raster<16>, ardent::annealing::constant<4>, ardent::solver::shortcut, process, grid,
                predicts>
    sampler;
