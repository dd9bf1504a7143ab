// SPDX-License-Identifier: Apache-2.0
//
// An annealing of the user's that asks for no denoising step at the last AR step.
// expect: ardent::sampler: the annealing asks for no denoising step at some AR step
#include <ardent/ardent.hpp>

template <int First>
struct falling {
  constexpr int steps(int ar_step, int) const { return First - ar_step; }
};

#ifdef ARDENT_BAD
ardent::sampler<ardent::ordering::raster<4>, falling<3>> sampler;
#else
ardent::sampler<ardent::ordering::raster<4>, falling<4>> sampler;
#endif
