// SPDX-License-Identifier: Apache-2.0
//
// A temperature where no step adds noise that it could scale.
// expect: ardent::sampler: a temperature is set, but the solver adds no noise
#include <ardent/ardent.hpp>

using temperature = ardent::temperature::constant<0.9>;

#ifdef ARDENT_BAD
ardent::sampler<ardent::ordering::raster<16>, ardent::solver::ddim<0>, temperature> sampler;
#else
ardent::sampler<ardent::ordering::raster<16>, ardent::solver::ddim<1>, temperature> sampler;
#endif
