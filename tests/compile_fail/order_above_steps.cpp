// SPDX-License-Identifier: Apache-2.0
//
// A multistep solver whose order is above the smallest annealed number of steps.
// expect: ardent::sampler: the annealing asks for fewer denoising steps than the multistep solver's order
#include <ardent/ardent.hpp>

#ifdef ARDENT_BAD
ardent::sampler<ardent::ordering::raster<4>, ardent::annealing::linear<10, 2>, ardent::solver::dpm_solver_pp<3>>
    sampler;
#else
ardent::sampler<ardent::ordering::raster<4>, ardent::annealing::linear<10, 3>, ardent::solver::dpm_solver_pp<3>>
    sampler;
#endif
