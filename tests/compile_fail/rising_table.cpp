// SPDX-License-Identifier: Apache-2.0
//
// An annealing table that rises, where that is not said to be meant.
// expect: ardent::sampler: the annealing asks for more denoising steps at a later AR step
#include <ardent/ardent.hpp>

using step_counts = ardent::annealing::table<9, 5, 6, 3>;

#ifdef ARDENT_BAD
ardent::sampler<ardent::ordering::raster<4>, step_counts> sampler;
#else
ardent::sampler<ardent::ordering::raster<4>, ardent::annealing::rising<step_counts>> sampler;
#endif
