// SPDX-License-Identifier: Apache-2.0
//
// An annealing table with a number of steps below 1.
// expect: ardent::sampler: the annealing asks for no denoising step at some AR step
#include <ardent/ardent.hpp>

#ifdef ARDENT_BAD
ardent::sampler<ardent::ordering::raster<3>, ardent::annealing::table<2, 1, 0>> sampler;
#else
ardent::sampler<ardent::ordering::raster<3>, ardent::annealing::table<3, 2, 1>> sampler;
#endif
