// SPDX-License-Identifier: Apache-2.0
//
// An annealing whose two bounds are the wrong way round.
// expect: ardent::sampler: a number among the template arguments of a policy is out of its range
#include <ardent/ardent.hpp>

#ifdef ARDENT_BAD
ardent::sampler<ardent::ordering::raster<16>, ardent::annealing::linear<5, 50>> sampler;
#else
ardent::sampler<ardent::ordering::raster<16>, ardent::annealing::linear<50, 5>> sampler;
#endif
