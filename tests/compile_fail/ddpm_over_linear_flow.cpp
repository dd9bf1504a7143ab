// SPDX-License-Identifier: Apache-2.0
//
// DDPM on a path that does not preserve variance.
// expect: ardent::sampler: the solver does not fit the noise process
#include <ardent/ardent.hpp>

using ddpm = ardent::solver::ddpm<ardent::variance::fixed_small>;
using grid = ardent::grid::to_clean<ardent::grid::between<ardent::grid::time_uniform, 0.98, 0.02>>;

#ifdef ARDENT_BAD
ardent::sampler<ardent::ordering::raster<16>, ddpm, ardent::process::flow_linear, grid> sampler;
#else
ardent::sampler<ardent::ordering::raster<16>, ddpm, ardent::process::flow_cosine, grid> sampler;
#endif
