// SPDX-License-Identifier: Apache-2.0
//
// More denoising steps than the process has training steps.
// expect: ardent::sampler: the annealing asks for more denoising steps than the process has training steps
#include <ardent/ardent.hpp>

using process = ardent::process::cosine<50>;

#ifdef ARDENT_BAD
ardent::sampler<ardent::ordering::raster<4>, process, ardent::annealing::constant<51>> sampler;
#else
ardent::sampler<ardent::ordering::raster<4>, process, ardent::annealing::constant<50>> sampler;
#endif
