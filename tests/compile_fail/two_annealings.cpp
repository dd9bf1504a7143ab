// SPDX-License-Identifier: Apache-2.0
//
// A sampler with two annealings.
// expect: ardent::sampler: two annealings are named\. Keep one
#include <ardent/ardent.hpp>

#ifdef ARDENT_BAD
ardent::sampler<ardent::ordering::raster<16>, ardent::annealing::constant<5>, ardent::annealing::linear<50, 5>> sampler;
#else
ardent::sampler<ardent::ordering::raster<16>, ardent::annealing::linear<50, 5>> sampler;
#endif
