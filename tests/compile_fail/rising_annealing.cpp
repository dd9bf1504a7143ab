// SPDX-License-Identifier: Apache-2.0
//
// An annealing of the user's that rises without saying that it means to.
// expect: ardent::sampler: the annealing asks for more denoising steps at a later AR step
#include <ardent/ardent.hpp>

struct growing {
  constexpr int steps(int ar_step, int) const { return 5 + ar_step / 3; }  // once, at the last of four
#ifndef ARDENT_BAD
  static constexpr bool may_rise = true;
#endif
};

ardent::sampler<ardent::ordering::raster<4>, growing> sampler;
