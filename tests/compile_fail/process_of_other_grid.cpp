// SPDX-License-Identifier: Apache-2.0
//
// A process over real time with the default grid, which is over training steps.
// expect: ardent::sampler: the grid does not fit the process
#include <ardent/ardent.hpp>

using continuous = ardent::process::piecewise_log_alpha<ardent::process::cosine<>, 951>;

#ifdef ARDENT_BAD
ardent::sampler<ardent::ordering::raster<16>, continuous> sampler;
#else
ardent::sampler<ardent::ordering::raster<16>, continuous, ardent::grid::time_uniform> sampler;
#endif
