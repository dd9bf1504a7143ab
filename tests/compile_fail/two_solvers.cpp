// SPDX-License-Identifier: Apache-2.0
//
// A sampler with two solvers.
// expect: ardent::sampler: two solvers are named\. Keep one
#include <ardent/ardent.hpp>

#ifdef ARDENT_BAD
ardent::sampler<ardent::solver::ddim<>, ardent::ordering::raster<16>, ardent::solver::ddpm<>> sampler;
#else
ardent::sampler<ardent::solver::ddim<>, ardent::ordering::raster<16>> sampler;
#endif
