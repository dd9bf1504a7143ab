// SPDX-License-Identifier: Apache-2.0
//
// A grid over real time on a process of training steps.
// expect: ardent::sampler: the grid does not fit the process
#include <ardent/ardent.hpp>

using continuous = ardent::process::piecewise_log_alpha<ardent::process::cosine<>, 951>;

#ifdef ARDENT_BAD
ardent::sampler<ardent::ordering::raster<16>, ardent::grid::time_uniform, ardent::process::cosine<>> sampler;
#else
ardent::sampler<ardent::ordering::raster<16>, ardent::grid::time_uniform, continuous> sampler;
#endif
