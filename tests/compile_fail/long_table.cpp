// SPDX-License-Identifier: Apache-2.0
//
// An annealing table with more entries than the ordering has AR steps.
// expect: ardent::sampler: the annealing table has another number of entries than the ordering has AR steps
#include <ardent/ardent.hpp>

#ifdef ARDENT_BAD
ardent::sampler<ardent::ordering::raster<8, 4>, ardent::annealing::table<9, 7, 5, 3, 1>> sampler;
#else
ardent::sampler<ardent::ordering::raster<8, 4>, ardent::annealing::table<9, 7, 5, 3>> sampler;
#endif
