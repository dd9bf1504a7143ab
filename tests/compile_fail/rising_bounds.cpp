// SPDX-License-Identifier: Apache-2.0
//
// Two bounds the wrong way round, which annealing::rising does not make right.
// expect: ardent::sampler: a number among the template arguments of a policy is out of its range
#include <ardent/ardent.hpp>

using ardent::annealing::rising;

#ifdef ARDENT_BAD
ardent::sampler<ardent::ordering::raster<4>, rising<ardent::annealing::linear<5, 50>>> sampler;
#else
ardent::sampler<ardent::ordering::raster<4>, rising<ardent::annealing::table<5, 20, 35, 50>>> sampler;
#endif
